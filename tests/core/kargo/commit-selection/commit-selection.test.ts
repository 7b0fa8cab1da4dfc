import { describe, expect, test } from '@jest/globals';
import {
  judgeSelection,
  type SelectionVerdict,
} from '../../../../lib/core/kargo/commit-selection/commit-selection.ts';
import type { GitSubscription } from '../../../../lib/core/kargo/commit-selection/git-subscription.ts';
import { PatternAllowance } from '../../../../lib/core/kargo/commit-selection/tag-filter.ts';
import type { Ref } from '../../../../lib/core/bitbucket/event.ts';
import { finish } from '../../../support/steps.ts';

type Fields = Omit<GitSubscription, 'repoURL'>;

const judge = (fields: Fields, ...refs: Ref[]): SelectionVerdict => {
  const subscription = { repoURL: 'https://bitbucket.org/acme/shop', ...fields };
  const verdict = judgeSelection(subscription, refs, new PatternAllowance());
  return typeof verdict === 'object' && 'next' in verdict ? finish(verdict) : verdict;
};
const branch = (name: string): Ref => ({ kind: 'branch', name });
const tag = (name: string): Ref => ({ kind: 'tag', name });

describe('selects the refs that could change the commits', () => {
  const cases: [fields: Fields, moving: Ref[], others: Ref[]][] = [
    [{}, [branch('main'), branch('master')], [branch('Main'), branch('dev'), tag('main')]],
    [{ commitSelectionStrategy: '', branch: '' }, [branch('main'), branch('master')], [branch('')]],
    [
      { commitSelectionStrategy: 'NewestFromBranch', branch: 'release/1.x' },
      [branch('release/1.x')],
      [branch('main'), branch('Release/1.x'), branch('release/1.x/a'), tag('release/1.x')],
    ],
    [{ branch: 'dev', allowTagsRegexes: ['('], allowTags: 'v', semverConstraint: 'a' }, [branch('dev')], []],
    [{ commitSelectionStrategy: 'Lexical' }, [tag('nightly'), tag('')], [branch('main'), branch('nightly')]],
    [{ commitSelectionStrategy: 'NewestTag', branch: 'main' }, [tag('v1')], [branch('main')]],
    [
      {
        commitSelectionStrategy: 'NewestTag',
        allowTagsRegexes: ['^v', 'rel'],
        ignoreTagsRegexes: ['-rc', '^w'],
      },
      [tag('v1'), tag('my-release')],
      [tag('1'), tag('v1-rc1'), tag('wrel')],
    ],
    [{ commitSelectionStrategy: 'Lexical', ignoreTagsRegexes: [''] }, [], [tag('v1'), tag('')]],
    [
      { commitSelectionStrategy: 'SemVer' },
      [tag('v1.2.3'), tag('1'), tag('1.2.3-rc.1')],
      [tag('latest'), tag('refs/tags/v1.2.3'), branch('1.2.3')],
    ],
    [
      { commitSelectionStrategy: 'SemVer', strictSemvers: true },
      [tag('v1.2.3'), tag('1.2.3-rc.1')],
      [tag('1'), tag('v1.2'), tag('01.2.3')],
    ],
    [
      { commitSelectionStrategy: 'SemVer', semverConstraint: '^1.2.0', ignoreTagsRegexes: ['[+]'] },
      [tag('v1.2.0'), tag('1.3')],
      [tag('1.1.9'), tag('2.0.0'), tag('1.3.0-rc.1'), tag('1.3.0+build')],
    ],
    [{ commitSelectionStrategy: 'SemVer', semverConstraint: '' }, [tag('1.0.0')], [tag('latest')]],
  ];

  test.each(cases)('%j', (fields, moving, others) => {
    expect([...moving, ...others].filter((ref) => judge(fields, ref) === 'selected')).toEqual(moving);
    expect(judge(fields, ...others, ...moving) === 'selected').toBe(moving.length > 0);
  });
});

test.each(['Newest', 'semver', 'NewestFromBranch '])(
  'selects nothing by the unknown strategy %j',
  (strategy) => {
    expect(judge({ commitSelectionStrategy: strategy }, branch('main'), tag('v1'))).toBe('unknown-strategy');
  },
);

describe('a tag with a name of over 1 KB', () => {
  const long = tag('1'.repeat(1025));
  const tags = { commitSelectionStrategy: 'NewestTag' };

  test.each<[what: string, fields: Fields]>([
    ['a pattern', { ...tags, allowTagsRegexes: ['1'] }],
    ['a pattern that ignores others', { ...tags, ignoreTagsRegexes: ['2'] }],
    ['a version', { commitSelectionStrategy: 'SemVer' }],
    ['a constraint', { commitSelectionStrategy: 'SemVer', semverConstraint: '*' }],
  ])('is not selected by %s', (_what, fields) => {
    expect(judge(fields, long)).toBe('tag-too-long');
    expect(judge(fields, tag('é'.repeat(513)))).toBe('tag-too-long');
    expect(judge(fields, long, tag('1'))).toBe('selected');
  });

  test('is selected where names have no effect', () => {
    expect(judge(tags, long)).toBe('selected');
  });
});

describe('a subscription that Kargo cannot compile is a fault', () => {
  const cases: [fields: Fields, field: string, message: string][] = [
    [
      { allowTagsRegexes: ['v', '('] },
      'allowTagsRegexes[1]',
      'allowTagsRegexes[1]: error parsing regexp: missing closing ): `(`',
    ],
    [
      { ignoreTagsRegexes: ['(?=v)'] },
      'ignoreTagsRegexes[0]',
      'ignoreTagsRegexes[0]: error parsing regexp: invalid or unsupported Perl syntax: `(?=`',
    ],
    [{ allowTags: 'v' }, 'allowTags', 'allowTags: is refused by Kargo since 1.11; use allowTagsRegexes'],
    [
      { ignoreTags: ['v'] },
      'ignoreTags',
      'ignoreTags: is refused by Kargo since 1.11; use ignoreTagsRegexes',
    ],
    [
      { semverConstraint: '>=1 || latest' },
      'semverConstraint',
      'semverConstraint: improper constraint: " latest"',
    ],
  ];

  test.each(cases)('%j', (fields, field, message) => {
    expect(judge({ commitSelectionStrategy: 'SemVer', ...fields }, tag('v1'))).toMatchObject({
      kind: 'fault',
      field,
      message,
    });
  });

  test.each(cases)('%j, but not where no tag was pushed', (fields) => {
    expect(judge({ commitSelectionStrategy: 'SemVer', ...fields }, branch('main'))).toBe('no-tag');
  });

  test('but not by empty deprecated fields', () => {
    const fields = { commitSelectionStrategy: 'NewestTag', allowTags: '', ignoreTags: [] };
    expect(judge(fields, tag('v1'))).toBe('selected');
  });
});
