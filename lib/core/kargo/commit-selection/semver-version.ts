/** A semantic version as far as constraints look at it: build metadata decides nothing. */
export interface SemverVersion {
  readonly major: bigint;
  readonly minor: bigint;
  readonly patch: bigint;
  /** The pre-release without its hyphen, or empty. */
  readonly prerelease: string;
}

const identifiers = String.raw`[\dA-Za-z-]+(?:\.[\dA-Za-z-]+)*`;
const looseVersion = new RegExp(
  String.raw`^v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:-(${identifiers}))?(?:\+${identifiers})?$`,
);

/** Version numbers are Go's uint64: a larger one is no version. */
const maxNumber = 2n ** 64n - 1n;
const maxNumberDigits = 20;

/**
 * Parses a version as `NewVersion` of Masterminds/semver 3.4 does: a leading `v`, missing minor and patch numbers and leading
 * zeros are forgiven. With `strict`, as Kargo's `strictSemvers`: a leading `v` is still forgiven, but all three numbers must be
 * there, without leading zeros. Gives undefined for what is no version. Never throws.
 */
export function parseSemverVersion(text: string, { strict }: { strict: boolean }): SemverVersion | undefined {
  const match = looseVersion.exec(text);
  if (!match) return undefined;
  const numbers = [match[1], match[2], match[3]];
  if (strict && numbers.some((digits) => digits === undefined || hasLeadingZero(digits))) return undefined;
  const [major, minor, patch] = numbers.map((digits = '0') => parseVersionNumber(digits));
  if (major === undefined || minor === undefined || patch === undefined) return undefined;
  const prerelease = match[4] ?? '';
  if (prerelease.split('.').some((part) => isDigits(part) && hasLeadingZero(part))) return undefined;
  return { major, minor, patch, prerelease };
}

/** Parses decimal digits as a uint64; gives undefined where there is anything else, nothing, or too much. */
export function parseVersionNumber(digits: string): bigint | undefined {
  if (!isDigits(digits)) return undefined;
  const significant = digits.replace(/^0+/, '');
  // Before BigInt: its time grows with the square of the length.
  if (significant.length > maxNumberDigits) return undefined;
  const number = BigInt(significant);
  return number > maxNumber ? undefined : number;
}

function isDigits(text: string): boolean {
  return /^\d+$/.test(text);
}

function hasLeadingZero(digits: string): boolean {
  return digits.length > 1 && digits.startsWith('0');
}
