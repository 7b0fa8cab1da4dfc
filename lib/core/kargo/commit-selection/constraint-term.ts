import { compareVersions, parseSemverVersion, type SemverVersion } from './semver-version.ts';

/** A version as a constraint writes it: numbers may be missing, or be the wildcards `x`, `X` and `*`. */
export interface PartialVersion {
  /** All of it, as it was written. */
  readonly text: string;
  readonly major: string;
  readonly minor: string | undefined;
  readonly patch: string | undefined;
  /** The pre-release with its hyphen, or empty. */
  readonly prerelease: string;
}

/** One comparison of a constraint, such as `>=1.2`. */
export interface ConstraintTerm {
  /** The version compared with. Numbers that were not written are zero. */
  readonly version: SemverVersion;
  /** Returns true if the version passes this comparison. Whether pre-releases are considered at all is decided elsewhere. */
  allows(candidate: SemverVersion): boolean;
}

/** How far the version was written out before a wildcard, or before its end. */
type Precision = 'any' | 'major' | 'minor' | 'full';

type Comparison = (candidate: SemverVersion, bound: SemverVersion, precision: Precision) => boolean;

// Masterminds/semver first accepts more as a number than it can parse: "1x2" and even "1|2". Such numbers fail later, but not
// next to a wildcard ("x.1|2"), so they must be accepted here too.
const NUMBER = String.raw`[\dxX*|]+`;
const IDENTIFIERS = String.raw`[\dA-Za-z-]+(?:\.[\dA-Za-z-]+)*`;
const PARTIAL_VERSION = new RegExp(
  String.raw`v?(${NUMBER})(?:\.(${NUMBER}))?(?:\.(${NUMBER}))?(-${IDENTIFIERS})?(?:\+${IDENTIFIERS})?`,
  'y',
);

/** Returns the longest partial version that begins at this index of the text, or undefined where none does. */
export function matchPartialVersion(text: string, index: number): PartialVersion | undefined {
  PARTIAL_VERSION.lastIndex = index;
  const match = PARTIAL_VERSION.exec(text);
  if (!match) return undefined;
  const [all, major = '', minor, patch, prerelease = ''] = match;
  return { text: all, major, minor, patch, prerelease };
}

/**
 * Builds the term of an operator and a version.
 *
 * @param operator - as it was written; empty means equal
 * @returns undefined where a number of the version cannot be parsed
 */
export function buildConstraintTerm(operator: string, written: PartialVersion): ConstraintTerm | undefined {
  const comparison = COMPARISONS.get(operator);
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

/** A number that is missing counts as a wildcard. */
function isWildcard(written: string | undefined): boolean {
  return written === undefined || written === 'x' || written === 'X' || written === '*';
}

/** Replaces wildcards by zeros. What follows the first wildcard is ignored, except the pre-release: `x.9-rc` is `0.0.0-rc`. */
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

/** `>1` begins at 2 and `>1.2` at 1.3: versions that the wildcard covers are not after it. */
const isAfter: Comparison = (candidate, bound, precision) => {
  if (precision !== 'major' && precision !== 'minor') return compareVersions(candidate, bound) > 0;
  if (candidate.major !== bound.major) return candidate.major > bound.major;
  return precision === 'minor' && candidate.minor > bound.minor;
};

const isBefore: Comparison = (candidate, bound) => compareVersions(candidate, bound) < 0;

const isNotBefore: Comparison = (candidate, bound) => compareVersions(candidate, bound) >= 0;

/** `<=1` allows all of 1 and `<=1.2` all of 1.2; `<=*` is `<=0.0`. */
const isNotAfter: Comparison = (candidate, bound, precision) => {
  if (precision === 'full') return compareVersions(candidate, bound) <= 0;
  if (candidate.major !== bound.major) return candidate.major < bound.major;
  return precision === 'major' || candidate.minor <= bound.minor;
};

/** `~1.2.3` and `~1.2` stay in 1.2, `~1` stays in 1; `~*` and `~0.0.0` have no upper bound. */
const isClose: Comparison = (candidate, bound, precision) => {
  if (compareVersions(candidate, bound) < 0) return false;
  const isOrigin = bound.major === 0n && bound.minor === 0n && bound.patch === 0n;
  if (isOrigin && precision !== 'major' && precision !== 'minor') return true;
  return candidate.major === bound.major && (precision === 'major' || candidate.minor === bound.minor);
};

/** `^` allows the numbers after the first non-zero one to grow; `^*` is `^0.0.0`, which allows none to. */
const isCompatible: Comparison = (candidate, bound, precision) => {
  if (compareVersions(candidate, bound) < 0 || candidate.major !== bound.major) return false;
  if (bound.major > 0n || precision === 'major') return true;
  if (candidate.minor !== bound.minor) return false;
  return bound.minor > 0n || precision === 'minor' || candidate.patch === bound.patch;
};

const COMPARISONS = new Map<string, Comparison>([
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
