import { describe, expect, test } from '@jest/globals';
import { parseSemverConstraint } from '../../../../lib/core/kargo/commit-selection/semver-constraint.ts';
import {
  compareVersions,
  parseSemverVersion,
  type SemverVersion,
} from '../../../../lib/core/kargo/commit-selection/semver-version.ts';

function version(text: string): SemverVersion {
  const parsed = parseSemverVersion(text, { strict: false });
  if (!parsed) throw new Error(`not a version: ${text}`);
  return parsed;
}

describe('constraints', () => {
  test.each([
    ['1.2.3', ['1.2.3', 'v1.2.3+build'], ['1.2.4', '1.2.3-rc.1']],
    ['1.2', ['1.2.0', '1.2.9'], ['1.3.0']],
    ['>=1.0, <2.0', ['1.0.0', '1.9.9'], ['2.0.0', '0.9.0', '1.5.0-rc.1']],
    ['>=1.0 <2.0', ['1.0.0', '1.9.9'], ['2.0.0']],
    ['=>1.2 =<1.4', ['1.2.0', '1.4.9'], ['1.5.0']],
    ['!=1.2', ['1.3.0', '2.0.0'], ['1.2.0', '1.2.7']],
    ['>1', ['2.0.0'], ['1.0.1', '1.9.0']],
    ['<=1.2', ['1.2.9'], ['1.3.0']],
    ['~1.2.3', ['1.2.3', '1.2.9'], ['1.2.2', '1.3.0']],
    ['~>1', ['1.0.0', '1.9.0'], ['2.0.0']],
    ['^1.2', ['1.2.0', '1.9.0'], ['1.1.0', '2.0.0']],
    ['^0.2.3', ['0.2.3', '0.2.9'], ['0.2.2', '0.3.0']],
    ['^0.0.3', ['0.0.3'], ['0.0.4']],
    ['^0', ['0.0.1', '0.9.0'], ['1.0.0']],
    ['*', ['0.0.0', '7.1.2'], ['1.0.0-rc.1']],
    ['^*', ['0.0.0'], ['0.0.1', '1.0.0']],
    ['1.2 - 1.4.5', ['1.2.0', '1.4.5'], ['1.1.9', '1.4.6']],
    ['1.x || >=3', ['1.7.0', '3.0.0'], ['2.0.0']],
    // A pre-release is considered only where a term of the same alternative names one.
    ['>=1.2.3-0 <2', ['1.2.3-rc.1', '1.5.0-rc.1'], ['2.0.0']],
    ['>=1.2.3-0 <1.3 || >=2', ['1.2.3-rc.1', '2.0.0'], ['2.1.0-rc.1']],
    // A space before a range belongs to it; a comma does not.
    ['>0,1 - 2', ['1.0.0', '2.9.0'], ['3.0.0']],
  ])('%s', (text, allowed, refused) => {
    const parsed = parseSemverConstraint(text);
    if (parsed.kind === 'malformed') throw new Error(parsed.reason);
    const versions = [...allowed, ...refused];
    expect(versions.filter((candidate) => parsed.constraint.allows(version(candidate)))).toEqual(allowed);
  });

  test.each([
    ['latest', 'improper constraint: "latest"'],
    ['', 'improper constraint: ""'],
    ['1 ||', 'improper constraint: ""'],
    ['>=1,', 'improper constraint: ">=1,"'],
    ['==1', 'improper constraint: "==1"'],
    ['1.2.3.4', 'improper constraint: "1.2.3.4"'],
    ['1.2.3-01', 'improper constraint: "1.2.3-01"'],
    ['>18446744073709551616', 'improper constraint: ">18446744073709551616"'],
    ['1 - 2 - 3', 'improper constraint: ">= 1, <= 2 - 3"'],
    ['>0 1 - 2', 'improper constraint: ">0>= 1, <= 2 "'],
  ])('%j is malformed', (text, reason) => {
    expect(parseSemverConstraint(text)).toEqual({ kind: 'malformed', reason });
  });
});

test('versions are compared by precedence', () => {
  const ordered = [
    '0.0.0-a',
    '0.0.0',
    '1.0.0-0',
    '1.0.0-9',
    '1.0.0-10',
    '1.0.0-18446744073709551615',
    '1.0.0--1',
    // One more than the largest uint64 is a word.
    '1.0.0-18446744073709551616',
    '1.0.0-alpha',
    '1.0.0-alpha.1',
    '1.0.0-alpha.beta',
    '1.0.0-beta',
    '1.0.0',
    '1.0.1',
    '1.10.0',
    '18446744073709551615.0.0',
  ];
  const versions = ordered.map(version);
  for (const [i, a] of versions.entries()) {
    for (const [j, b] of versions.entries()) expect(Math.sign(compareVersions(a, b))).toBe(Math.sign(i - j));
  }
  expect(compareVersions(version('v1'), version('1.0.0+build'))).toBe(0);
});
