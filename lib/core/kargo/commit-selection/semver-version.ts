/** A semantic version without its build metadata, which has no effect on constraints. */
export interface SemverVersion {
  readonly major: bigint;
  readonly minor: bigint;
  readonly patch: bigint;
  /** The pre-release without its hyphen, or empty. */
  readonly prerelease: string;
}

const IDENTIFIERS = String.raw`[\dA-Za-z-]+(?:\.[\dA-Za-z-]+)*`;
const LOOSE_VERSION = new RegExp(
  String.raw`^v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:-(${IDENTIFIERS}))?(?:\+${IDENTIFIERS})?$`,
);

/** The largest version number: Go's uint64. A version with a larger number is not a version. */
const MAX_NUMBER = 2n ** 64n - 1n;
const MAX_NUMBER_DIGITS = 20;

/**
 * Parses a version as `NewVersion` of Masterminds/semver 3.4 does. It accepts a leading `v`, missing minor and patch numbers, and
 * leading zeros. It never throws.
 *
 * @param options.strict - as Kargo's `strictSemvers`: all three numbers must be there, without leading zeros; a leading `v` is still
 *   accepted
 * @returns the version, or undefined where the text is not a version
 */
export function parseSemverVersion(text: string, { strict }: { strict: boolean }): SemverVersion | undefined {
  const match = LOOSE_VERSION.exec(text);
  if (!match) return undefined;
  const numbers = [match[1], match[2], match[3]];
  if (strict && numbers.some((digits) => digits === undefined || hasLeadingZero(digits))) return undefined;
  const [major, minor, patch] = numbers.map((digits = '0') => parseVersionNumber(digits));
  if (major === undefined || minor === undefined || patch === undefined) return undefined;
  const prerelease = match[4] ?? '';
  if (prerelease.split('.').some((part) => isDigits(part) && hasLeadingZero(part))) return undefined;
  return { major, minor, patch, prerelease };
}

/**
 * Compares two versions by precedence. A release comes after its pre-releases.
 *
 * @returns a negative number where `a` comes before `b`, a positive one where it comes after, 0 where neither does
 */
export function compareVersions(a: SemverVersion, b: SemverVersion): number {
  return (
    compare(a.major, b.major) ||
    compare(a.minor, b.minor) ||
    compare(a.patch, b.patch) ||
    comparePrereleases(a.prerelease, b.prerelease)
  );
}

function comparePrereleases(a: string, b: string): number {
  if (a === b) return 0;
  if (a === '') return 1;
  if (b === '') return -1;
  const partsOfA = a.split('.');
  const partsOfB = b.split('.');
  for (const [index, part] of partsOfA.entries()) {
    const other = partsOfB[index];
    if (other === undefined) return 1;
    const order = compareIdentifiers(part, other);
    if (order !== 0) return order;
  }
  return -1;
}

/** Compares two parts of a pre-release. Numbers come before words; a number beyond uint64 is a word, as in Masterminds/semver. */
function compareIdentifiers(a: string, b: string): number {
  const [x, y] = [parseVersionNumber(a), parseVersionNumber(b)];
  if (x !== undefined && y !== undefined) return compare(x, y);
  if (x !== undefined) return -1;
  if (y !== undefined) return 1;
  return compare(a, b);
}

function compare<T extends bigint | string>(a: T, b: T): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** Parses decimal digits as a uint64. Returns undefined for any other text, for empty text, and for a larger number. */
function parseVersionNumber(digits: string): bigint | undefined {
  if (!isDigits(digits)) return undefined;
  const significant = digits.replace(/^0+/, '');
  // Checked before BigInt, whose time grows with the square of the length.
  if (significant.length > MAX_NUMBER_DIGITS) return undefined;
  const number = BigInt(significant);
  return number > MAX_NUMBER ? undefined : number;
}

function isDigits(text: string): boolean {
  return /^\d+$/.test(text);
}

function hasLeadingZero(digits: string): boolean {
  return digits.length > 1 && digits.startsWith('0');
}
