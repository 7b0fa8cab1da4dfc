import { matchPartialVersion } from './partial-version.ts';

const space = ' \t\n\f\r';

/**
 * Rewrites each hyphen range, `1.2 - 1.4`, to `>= 1.2, <= 1.4 `, before anything else in the constraint is looked at, as
 * Masterminds/semver does. It does so on the text and takes the space around the range with it, which has consequences that a
 * grammar would not give: a range after a comma is well-formed, after a mere space it is not (the space that separated it is
 * gone), and one that is followed by a term without a space between is (the rewriting put one there).
 *
 * A hyphen between spaces that joins no two versions is left where it is; no constraint is well-formed with one.
 */
export function rewriteHyphenRanges(constraint: string): string {
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
 * Where the version that ends at `end` begins. It holds no space or comma; and as `|` may stand in its numbers (see
 * `partial-version.ts`), but not before its `v`, a `|v` is a beginning too.
 */
function findVersionStart(text: string, end: number, from: number): number {
  let start = end;
  while (start > from) {
    const before = text.charAt(start - 1);
    if (before === ',' || space.includes(before)) break;
    if (before === '|' && text.charAt(start) === 'v') break;
    start -= 1;
  }
  return start;
}

function skipSpace(text: string, index: number): number {
  let at = index;
  while (at < text.length && space.includes(text.charAt(at))) at += 1;
  return at;
}

function skipSpaceBack(text: string, index: number, from: number): number {
  let at = index;
  while (at > from && space.includes(text.charAt(at - 1))) at -= 1;
  return at;
}
