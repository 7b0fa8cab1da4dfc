import { CHARACTER_CLASS, NAMED_GROUP, QUOTATION, UNICODE_CLASS } from './regex-cost.ts';

/** Unicode's long names of its general categories, with their short names. */
const LONG_NAMES = `
  Other=C Control=Cc cntrl=Cc Format=Cf Unassigned=Cn Private_Use=Co Surrogate=Cs
  Letter=L Cased_Letter=LC Lowercase_Letter=Ll Modifier_Letter=Lm Other_Letter=Lo Titlecase_Letter=Lt Uppercase_Letter=Lu
  Mark=M Combining_Mark=M Spacing_Mark=Mc Enclosing_Mark=Me Nonspacing_Mark=Mn
  Number=N Decimal_Number=Nd digit=Nd Letter_Number=Nl Other_Number=No
  Punctuation=P punct=P Connector_Punctuation=Pc Dash_Punctuation=Pd Close_Punctuation=Pe Final_Punctuation=Pf
  Initial_Punctuation=Pi Other_Punctuation=Po Open_Punctuation=Ps
  Symbol=S Currency_Symbol=Sc Modifier_Symbol=Sk Math_Symbol=Sm Other_Symbol=So
  Separator=Z Line_Separator=Zl Paragraph_Separator=Zp Space_Separator=Zs LC=LC`;

const SHORT_NAMES = new Map(
  LONG_NAMES.trim()
    .split(/\s+/)
    .map((pair) => pair.split('=') as [string, string])
    .map(([long, short]) => [canonical(long), short]),
);

/** What is read as a whole, so that the inside of a quotation or a character class is not read as a group. */
const UNIT = new RegExp(`${QUOTATION}|${UNICODE_CLASS}|\\\\[^]|${NAMED_GROUP}|${CHARACTER_CLASS}`, 'g');
const CLASS_MEMBER = new RegExp(`${UNICODE_CLASS}|\\\\[^]`, 'g');

/**
 * Rewrites the names in an expression that Go's `regexp` (1.25 and later) accepts and RE2JS does not: group names that are used
 * twice (groups lose their names, which no match needs), and Unicode classes by a long name or in another case, `\p{Letter}` or
 * `\p{lu}`.
 */
export function rewriteGoNames(pattern: string): string {
  return pattern.replace(UNIT, (text) => {
    if (text.startsWith('(')) return '(';
    if (text.startsWith('[')) return text.replace(CLASS_MEMBER, (member) => rewriteClass(member, true));
    return rewriteClass(text, false);
  });
}

function rewriteClass(text: string, inside: boolean): string {
  const match = /^\\([pP])\{(\^?)([^}]*)\}$/.exec(text);
  if (!match) return text;
  const [, letter, caret, written = ''] = match;
  const negated = (letter === 'P') !== (caret === '^');
  const name = canonical(written);
  if (name === 'Ascii') {
    const ascii = negated ? '[:^ascii:]' : '[:ascii:]';
    return inside ? ascii : `[${ascii}]`;
  }
  // The assigned characters are those that are not in the category of the unassigned.
  if (name === 'Assigned') return negated ? String.raw`\p{Cn}` : String.raw`\P{Cn}`;
  return `\\${negated ? 'P' : 'p'}{${SHORT_NAMES.get(name) ?? name}}`;
}

/** Returns the form in which Go compares names: without case, spaces, hyphens and underscores. */
function canonical(name: string): string {
  const letters = name.replace(/[-_ ]/g, '').toLowerCase();
  return letters.charAt(0).toUpperCase() + letters.slice(1);
}
