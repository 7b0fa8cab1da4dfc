import { describe, expect, test } from '@jest/globals';
import { compileCommitSelection } from '../../../../lib/core/kargo/commit-selection/commit-selection.ts';
import type { GitSubscription } from '../../../../lib/core/kargo/commit-selection/git-subscription.ts';
import type { Ref } from '../../../../lib/core/bitbucket/event.ts';

type Fields = Omit<GitSubscription, 'repoURL'>;

const compile = (fields: Fields) =>
  compileCommitSelection({ repoURL: 'https://bitbucket.org/acme/shop', ...fields });
const branch = (name: string): Ref => ({ kind: 'branch', name });
const tag = (name: string): Ref => ({ kind: 'tag', name });

describe('the refs that could move a selection', () => {
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
    const selection = compile(fields);
    if (selection.kind !== 'selection') throw new Error(`not a selection: ${JSON.stringify(selection)}`);
    expect([...moving, ...others].filter((ref) => selection.couldBeMovedBy(ref))).toEqual(moving);
  });
});

test.each(['Newest', 'semver', 'NewestFromBranch '])('a strategy that is not known: %j', (strategy) => {
  expect(compile({ commitSelectionStrategy: strategy })).toEqual({ kind: 'unsupported', strategy });
});

describe('a subscription that Kargo cannot compile', () => {
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
    expect(compile({ commitSelectionStrategy: 'SemVer', ...fields })).toMatchObject({
      kind: 'fault',
      field,
      message,
    });
  });

  test('empty deprecated fields are none', () => {
    expect(compile({ commitSelectionStrategy: 'NewestTag', allowTags: '', ignoreTags: [] }).kind).toBe(
      'selection',
    );
  });
});
