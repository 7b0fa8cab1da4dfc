import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { compileCommitSelection } from '../../../../lib/core/kargo/commit-selection/commit-selection.ts';
import { readGitSubscription } from '../../../../lib/core/kargo/commit-selection/git-subscription.ts';
import { parseSemverConstraint } from '../../../../lib/core/kargo/commit-selection/semver-constraint.ts';
import { parseSemverVersion } from '../../../../lib/core/kargo/commit-selection/semver-version.ts';
import { compileTagFilter } from '../../../../lib/core/kargo/commit-selection/tag-filter.ts';

const repoURL = 'https://bitbucket.org/acme/shop';
const strategies = ['', 'NewestFromBranch', 'Lexical', 'NewestTag', 'SemVer', 'Newest'];

/** Text that comes close to what the parsers look for. */
const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.stringMatching(/^[vxX0-9.*|,<>=!~^ a+-]{0,20}$/),
  fc.stringMatching(/^[()[\]{}\\?P<>:|*+^$.a-dQEpL0-9-]{0,20}$/),
);

test('no subscription and no ref make it throw', () => {
  const git = fc.record(
    {
      repoURL: fc.constant(repoURL),
      commitSelectionStrategy: fc.constantFrom(...strategies),
      branch: text,
      semverConstraint: text,
      strictSemvers: fc.boolean(),
      allowTagsRegexes: fc.array(text, { maxLength: 3 }),
      ignoreTagsRegexes: fc.array(text, { maxLength: 3 }),
    },
    { requiredKeys: ['repoURL', 'commitSelectionStrategy'] },
  );
  const refs = fc.record({ kind: fc.constantFrom('branch' as const, 'tag' as const), name: text });
  const answers = fc.property(fc.oneof(git, fc.anything()), refs, (value, ref) => {
    const read = readGitSubscription(value);
    if (read.kind === 'fault') return true;
    const selection = compileCommitSelection(read.subscription);
    return selection.kind !== 'selection' || typeof selection.couldBeMovedBy(ref) === 'boolean';
  });
  expect(fc.check(answers, { numRuns: 2000 })).toMatchObject({ failed: false });
});

describe('hostile expressions', () => {
  const long = `${'a'.repeat(10_000)}!`;

  test.each([
    ['(a+)+$', false],
    ['(a|aa)+$', false],
    ['(?:a?){30}a{30}', true],
    ['(.*)*x', false],
    ['[a-z]{1,1000}x', false],
  ])('%s is answered in linear time', (pattern, expected) => {
    const filter = compileTagFilter({ repoURL, allowTagsRegexes: [pattern] });
    expect(filter.kind === 'filter' && filter.lets(long)).toBe(expected);
  });

  test.each([
    [['a'.repeat(4097)], 'allowTagsRegexes[0]: is longer than 4096 characters'],
    [
      ['(?:a{1,9}b?){100}(?:a{1,9}b?){100}(?:a{1,9}b?){100}'],
      'allowTagsRegexes[0]: is too complex: it repeats too much, too often',
    ],
    [
      ['.{1000}', '.{1000}', '.{1000}.{1000}', '.{1000}'],
      'allowTagsRegexes[3]: is too complex: it repeats too much, too often',
    ],
    [
      ['('.repeat(2000) + ')'.repeat(2000)],
      'allowTagsRegexes[0]: error parsing regexp: expression nests too deeply',
    ],
  ])('%.40j is refused', (allowTagsRegexes, message) => {
    const fault = compileTagFilter({ repoURL, allowTagsRegexes });
    expect(fault.kind === 'fault' && fault.message.slice(0, message.length)).toBe(message);
  });
});

describe('hostile constraints and versions', () => {
  test.each([
    ['>=1,'.repeat(1023) + '1', 'constraint'],
    ['1||'.repeat(1000) + '1', 'constraint'],
    ['1 - 2,'.repeat(600) + '1', 'constraint'],
    [' '.repeat(4096), 'malformed'],
    [' - '.repeat(1365), 'malformed'],
    [`1-${'a.'.repeat(2000)}_ - 2`, 'malformed'],
    ['1||'.repeat(1_000_000), 'malformed'],
  ])('%.20s… is %s', (constraint, kind) => {
    expect(parseSemverConstraint(constraint).kind).toBe(kind);
  });

  test.each([
    ['1'.repeat(1_000_000), false],
    ['0'.repeat(1_000_000), true],
    [`1-${'a.'.repeat(1_000_000)}a`, true],
    [`1-${'a.'.repeat(1_000_000)}_`, false],
  ])('%.20s… is a version: %s', (version, expected) => {
    expect(parseSemverVersion(version, { strict: false }) !== undefined).toBe(expected);
  });
});
