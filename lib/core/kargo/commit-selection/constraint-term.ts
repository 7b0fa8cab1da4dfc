import { isWildcard, type PartialVersion } from './partial-version.ts';
import { compareVersions } from './semver-precedence.ts';
import { parseSemverVersion, type SemverVersion } from './semver-version.ts';

/** One comparison of a constraint, such as `>=1.2`. */
export interface ConstraintTerm {
  /** The version compared with; numbers that were not written are zero. */
  readonly version: SemverVersion;
  /** Whether a version passes. Whether pre-releases are considered at all is not asked here. */
  allows(candidate: SemverVersion): boolean;
}

/** How far the version was written out before a wildcard, or its end. */
type Precision = 'any' | 'major' | 'minor' | 'full';

type Comparison = (candidate: SemverVersion, bound: SemverVersion, precision: Precision) => boolean;

/** Makes the term of an operator (empty means equal) and a version, or undefined where a number of the version cannot be read. */
export function makeConstraintTerm(operator: string, written: PartialVersion): ConstraintTerm | undefined {
  const comparison = comparisons.get(operator);
  const precision = precisionOf(written);
  const bound = parseSemverVersion(fillIn(written, precision), { strict: false });
  if (!comparison || !bound) return undefined;
  return { version: bound, allows: (candidate) => comparison(candidate, bound, precision) };
}

function precisionOf({ major, minor, patch }: PartialVersion): Precision {
  if (isWildcard(major)) return 'any';
  if (isWildcard(minor)) return 'major';
  return isWildcard(patch) ? 'minor' : 'full';
}

/** What stands behind the first wildcard is not read, but for the pre-release: `x.9-rc` is `0.0.0-rc`. */
function fillIn({ text, major, minor, prerelease }: PartialVersion, precision: Precision): string {
  if (precision === 'any') return `0.0.0${prerelease}`;
  if (precision === 'major') return `${major}.0.0${prerelease}`;
  return precision === 'minor' ? `${major}.${minor}.0${prerelease}` : text;
}

const equals: Comparison = (candidate, bound, precision) =>
  precision === 'full' ? compareVersions(candidate, bound) === 0 : isClose(candidate, bound, precision);

const differs: Comparison = (candidate, bound, precision) => {
  if (precision === 'major') return candidate.major !== bound.major;
  if (precision !== 'minor') return compareVersions(candidate, bound) !== 0;
  return (
    candidate.major !== bound.major ||
    candidate.minor !== bound.minor ||
    candidate.prerelease !== bound.prerelease
  );
};

/** `>1` begins at 2 and `>1.2` at 1.3: what the wildcard covers is not beyond it. */
const isAfter: Comparison = (candidate, bound, precision) => {
  if (precision !== 'major' && precision !== 'minor') return compareVersions(candidate, bound) > 0;
  if (candidate.major !== bound.major) return candidate.major > bound.major;
  return precision === 'minor' && candidate.minor > bound.minor;
};

const isBefore: Comparison = (candidate, bound) => compareVersions(candidate, bound) < 0;

const isNotBefore: Comparison = (candidate, bound) => compareVersions(candidate, bound) >= 0;

/** `<=1` takes all of 1 and `<=1.2` all of 1.2; `<=*` is `<=0.0`. */
const isNotAfter: Comparison = (candidate, bound, precision) => {
  if (precision === 'full') return compareVersions(candidate, bound) <= 0;
  if (candidate.major !== bound.major) return candidate.major < bound.major;
  return precision === 'major' || candidate.minor <= bound.minor;
};

/** `~1.2.3` and `~1.2` stay in 1.2, `~1` in 1; `~*` and `~0.0.0` stay nowhere. */
const isClose: Comparison = (candidate, bound, precision) => {
  if (compareVersions(candidate, bound) < 0) return false;
  const isOrigin = bound.major === 0n && bound.minor === 0n && bound.patch === 0n;
  if (isOrigin && precision !== 'major' && precision !== 'minor') return true;
  return candidate.major === bound.major && (precision === 'major' || candidate.minor === bound.minor);
};

/** `^` lets the numbers after the first that is not zero move; `^*` is `^0.0.0`, which lets none. */
const isCompatible: Comparison = (candidate, bound, precision) => {
  if (compareVersions(candidate, bound) < 0 || candidate.major !== bound.major) return false;
  if (bound.major > 0n || precision === 'major') return true;
  if (candidate.minor !== bound.minor) return false;
  return bound.minor > 0n || precision === 'minor' || candidate.patch === bound.patch;
};

const comparisons = new Map<string, Comparison>([
  ['', equals],
  ['=', equals],
  ['!=', differs],
  ['>', isAfter],
  ['<', isBefore],
  ['>=', isNotBefore],
  ['=>', isNotBefore],
  ['<=', isNotAfter],
  ['=<', isNotAfter],
  ['~', isClose],
  ['~>', isClose],
  ['^', isCompatible],
]);
