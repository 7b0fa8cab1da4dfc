import { makeConstraintTerm, type ConstraintTerm } from './constraint-term.ts';
import { rewriteHyphenRanges } from './hyphen-range.ts';
import { matchPartialVersion } from './partial-version.ts';
import type { SemverVersion } from './semver-version.ts';

/** What versions a `semverConstraint` allows. */
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
const maxConstraintLength = 4096;

const operator = /!=|=>|=<|=|>=|>|<=|<|~>|~|\^/y;
const separator = /[ \t\n\f\r]*(?:,[ \t\n\f\r]*)?/y;
const spaces = /[ \t\n\f\r]*/y;

/**
 * Parses a constraint as `NewConstraint` of Masterminds/semver 3.4 does: `||` separates alternatives, a comma or space the terms
 * that must all hold. Gives the reason where it is malformed or over the length limit. Never throws.
 */
export function parseSemverConstraint(
  text: string,
):
  | { readonly kind: 'constraint'; readonly constraint: SemverConstraint }
  | { readonly kind: 'malformed'; readonly reason: string } {
  if (text.length > maxConstraintLength) {
    return { kind: 'malformed', reason: `is longer than ${maxConstraintLength} characters` };
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
  let index = take(spaces, text, 0).length;
  for (;;) {
    const written = take(operator, text, index);
    index += written.length;
    index += take(spaces, text, index).length;
    const version = matchPartialVersion(text, index);
    const term = version && makeConstraintTerm(written, version);
    if (!term) return undefined;
    terms.push(term);
    index += version.text.length;
    const between = take(separator, text, index);
    index += between.length;
    if (index === text.length && !between.includes(',')) return terms;
    if (between === '') return undefined;
  }
}

function take(pattern: RegExp, text: string, index: number): string {
  pattern.lastIndex = index;
  return pattern.exec(text)?.[0] ?? '';
}
