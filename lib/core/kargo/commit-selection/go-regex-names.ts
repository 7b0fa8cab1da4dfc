/** Unicode's long names of its general categories and their short ones. */
const longNames = `
  Other=C Control=Cc cntrl=Cc Format=Cf Unassigned=Cn Private_Use=Co Surrogate=Cs
  Letter=L Cased_Letter=LC Lowercase_Letter=Ll Modifier_Letter=Lm Other_Letter=Lo Titlecase_Letter=Lt Uppercase_Letter=Lu
  Mark=M Combining_Mark=M Spacing_Mark=Mc Enclosing_Mark=Me Nonspacing_Mark=Mn
  Number=N Decimal_Number=Nd digit=Nd Letter_Number=Nl Other_Number=No
  Punctuation=P punct=P Connector_Punctuation=Pc Dash_Punctuation=Pd Close_Punctuation=Pe Final_Punctuation=Pf
  Initial_Punctuation=Pi Other_Punctuation=Po Open_Punctuation=Ps
  Symbol=S Currency_Symbol=Sc Modifier_Symbol=Sk Math_Symbol=Sm Other_Symbol=So
  Separator=Z Line_Separator=Zl Paragraph_Separator=Zp Space_Separator=Zs LC=LC`;

const shortNames = new Map(
  longNames
    .trim()
    .split(/\s+/)
    .map((pair) => pair.split('=') as [string, string])
    .map(([long, short]) => [canonical(long), short]),
);

// No name holds a brace or backslash; to stop at them keeps a run of unfinished classes from being scanned over and over.
const unicodeClass = String.raw`\\[pP]\{[^{}\\]*\}`;
const characterClass = String.raw`\[\^?\]?(?:\[:\^?\w+:\]|${unicodeClass}|\\[^]|[^\]\\])*(?:\]|$)`;
const quotation = String.raw`\\Q[^]*?(?:\\E|$)`;
const namedGroup = String.raw`\(\?P?<\w+>`;

/** What is to be read as a whole, so that the inside of a quotation or a character class is not taken for a group. */
const unit = new RegExp(`${quotation}|${unicodeClass}|\\\\[^]|${namedGroup}|${characterClass}`, 'g');
const classMember = new RegExp(`${unicodeClass}|\\\\[^]`, 'g');

/**
 * Rewrites the names in an expression that Go's `regexp` (1.25 and later) takes and RE2JS does not, to what both take: group
 * names that are used twice (groups lose their names, which no match asks for), and Unicode classes by a long name or in
 * another case, `\p{Letter}` or `\p{lu}`.
 */
export function rewriteGoNames(pattern: string): string {
  return pattern.replace(unit, (text) => {
    if (text.startsWith('(')) return '(';
    if (text.startsWith('[')) return text.replace(classMember, (member) => rewriteClass(member, true));
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
  return `\\${negated ? 'P' : 'p'}{${shortNames.get(name) ?? name}}`;
}

/** As Go compares them: case, spaces, hyphens and underscores say nothing. */
function canonical(name: string): string {
  const letters = name.replace(/[-_ ]/g, '').toLowerCase();
  return letters.charAt(0).toUpperCase() + letters.slice(1);
}
