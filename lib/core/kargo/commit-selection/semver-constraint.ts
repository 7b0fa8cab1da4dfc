import { buildConstraintTerm, matchPartialVersion, type ConstraintTerm } from './constraint-term.ts';
import type { SemverVersion } from './semver-version.ts';

/** The versions that a `semverConstraint` allows. */
export interface SemverConstraint {
  allows(version: SemverVersion): boolean;
}

/** The terms of one alternative, all of which must hold. */
interface Alternative {
  readonly terms: readonly ConstraintTerm[];
  /** Pre-releases are only considered where one of the terms names one. */
  readonly takesPrereleases: boolean;
}

/** Eight times what Masterminds/semver itself allows from 3.5 on. */
const MAX_CONSTRAINT_CHARACTERS = 4096;

const OPERATOR = /!=|=>|=<|=|>=|>|<=|<|~>|~|\^/y;
const SEPARATOR = /[ \t\n\f\r]*(?:,[ \t\n\f\r]*)?/y;
const SPACES = /[ \t\n\f\r]*/y;
const SPACE = ' \t\n\f\r';

/**
 * Parses a constraint as `NewConstraint` of Masterminds/semver 3.4 does: `||` separates alternatives; a comma or a space separates
 * terms that must all hold. It never throws.
 *
 * @returns the constraint, or the reason why it is malformed or over the length limit
 */
export function parseSemverConstraint(
  text: string,
):
  | { readonly kind: 'constraint'; readonly constraint: SemverConstraint }
  | { readonly kind: 'malformed'; readonly reason: string } {
  if (text.length > MAX_CONSTRAINT_CHARACTERS) {
    return { kind: 'malformed', reason: `is longer than ${MAX_CONSTRAINT_CHARACTERS} characters` };
  }
  const alternatives: Alternative[] = [];
  for (const written of rewriteHyphenRanges(text).split('||')) {
    const terms = parseTerms(written);
    if (!terms) return { kind: 'malformed', reason: `improper constraint: ${JSON.stringify(written)}` };
    alternatives.push({ terms, takesPrereleases: terms.some((term) => term.version.prerelease !== '') });
  }
  const allows = (version: SemverVersion): boolean =>
    alternatives.some(
      ({ terms, takesPrereleases }) =>
        (version.prerelease === '' || takesPrereleases) && terms.every((term) => term.allows(version)),
    );
  return { kind: 'constraint', constraint: { allows } };
}

function parseTerms(text: string): ConstraintTerm[] | undefined {
  const terms: ConstraintTerm[] = [];
  let index = take(SPACES, text, 0).length;
  for (;;) {
    const written = take(OPERATOR, text, index);
    index += written.length;
    index += take(SPACES, text, index).length;
    const version = matchPartialVersion(text, index);
    const term = version && buildConstraintTerm(written, version);
    if (!term) return undefined;
    terms.push(term);
    index += version.text.length;
    const between = take(SEPARATOR, text, index);
    index += between.length;
    if (index === text.length && !between.includes(',')) return terms;
    if (between === '') return undefined;
  }
}

function take(pattern: RegExp, text: string, index: number): string {
  pattern.lastIndex = index;
  return pattern.exec(text)?.[0] ?? '';
}

/**
 * Rewrites each hyphen range, `1.2 - 1.4`, to `>= 1.2, <= 1.4 ` before the rest of the constraint is parsed, as Masterminds/semver
 * does. It works on the text and removes the space around the range, so the results differ from a grammar's: a range after a comma is
 * well-formed; a range after a space alone is not, because the space that separated it is gone; and a range may be followed by a term
 * without a space, because the rewriting adds one.
 *
 * A hyphen between spaces that joins no two versions is left where it is. No constraint with such a hyphen is well-formed.
 */
function rewriteHyphenRanges(constraint: string): string {
  let rewritten = '';
  let from = 0;
  const hyphens = /[ \t\n\f\r]-[ \t\n\f\r]/g;
  for (let hyphen = hyphens.exec(constraint); hyphen; hyphen = hyphens.exec(constraint)) {
    const lowEnd = skipSpaceBack(constraint, hyphen.index + 1, from);
    const lowStart = findVersionStart(constraint, lowEnd, from);
    const highStart = skipSpace(constraint, hyphen.index + 2);
    const low = matchPartialVersion(constraint, lowStart);
    const high = matchPartialVersion(constraint, highStart);
    if (!low || !high || lowStart + low.text.length !== lowEnd) return constraint;
    rewritten += constraint.slice(from, skipSpaceBack(constraint, lowStart, from));
    rewritten += `>= ${low.text}, <= ${high.text} `;
    from = skipSpace(constraint, highStart + high.text.length);
    hyphens.lastIndex = from;
  }
  return rewritten + constraint.slice(from);
}

/**
 * Finds where the version that ends at `end` begins. A version holds no space or comma. As `|` may stand in its numbers (see
 * `constraint-term.ts`), but not before its `v`, a version also begins at the `v` of `|v`.
 */
function findVersionStart(text: string, end: number, from: number): number {
  let start = end;
  while (start > from) {
    const before = text.charAt(start - 1);
    if (before === ',' || SPACE.includes(before)) break;
    if (before === '|' && text.charAt(start) === 'v') break;
    start -= 1;
  }
  return start;
}

function skipSpace(text: string, index: number): number {
  let at = index;
  while (at < text.length && SPACE.includes(text.charAt(at))) at += 1;
  return at;
}

function skipSpaceBack(text: string, index: number, from: number): number {
  let at = index;
  while (at > from && SPACE.includes(text.charAt(at - 1))) at -= 1;
  return at;
}
