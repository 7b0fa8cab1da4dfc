/** A version as a constraint writes it: numbers may be missing, or be the wildcards `x`, `X` and `*`. */
export interface PartialVersion {
  /** All of it, as it was written. */
  readonly text: string;
  readonly major: string;
  readonly minor: string | undefined;
  readonly patch: string | undefined;
  /** With its hyphen, or empty. */
  readonly prerelease: string;
}

// What Masterminds/semver takes for a number here is wider than what it can read: "1x2" and even "1|2" pass at first. They
// fail later, but not beside a wildcard ("x.1|2"), so they must pass here too.
const number = String.raw`[\dxX*|]+`;
const identifiers = String.raw`[\dA-Za-z-]+(?:\.[\dA-Za-z-]+)*`;
const partialVersion = new RegExp(
  String.raw`v?(${number})(?:\.(${number}))?(?:\.(${number}))?(-${identifiers})?(?:\+${identifiers})?`,
  'y',
);

/** Gives the longest partial version that begins at this index of the text, if one does. */
export function matchPartialVersion(text: string, index: number): PartialVersion | undefined {
  partialVersion.lastIndex = index;
  const match = partialVersion.exec(text);
  if (!match) return undefined;
  const [all, major = '', minor, patch, prerelease = ''] = match;
  return { text: all, major, minor, patch, prerelease };
}

/** Whether a number is a wildcard; one that is missing counts as one. */
export function isWildcard(written: string | undefined): boolean {
  return written === undefined || written === 'x' || written === 'X' || written === '*';
}
