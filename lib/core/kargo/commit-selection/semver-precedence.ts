import { parseVersionNumber, type SemverVersion } from './semver-version.ts';

/**
 * Compares two versions by precedence: below zero where `a` comes before `b`, zero where neither does. A release comes after
 * its pre-releases.
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
  const ours = a.split('.');
  const theirs = b.split('.');
  for (const [index, part] of ours.entries()) {
    const other = theirs[index];
    if (other === undefined) return 1;
    const order = compareIdentifiers(part, other);
    if (order !== 0) return order;
  }
  return -1;
}

/** Numbers come before words. A number beyond uint64 is a word, as Masterminds/semver has it. */
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
