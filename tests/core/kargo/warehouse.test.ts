import { describe, expect, test } from '@jest/globals';
import type { PushEvent } from '../../../lib/core/bitbucket/event.ts';
import { judgeObject, kindAffectedBy } from '../../../lib/core/kargo/affected-objects.ts';
import { finish } from '../../support/steps.ts';
import { cloudAddresses } from '../../../lib/core/bitbucket/repository-identity.ts';

const repoURL = 'https://bitbucket.org/acme/shop.git';
const push: PushEvent = {
  kind: 'push',
  addresses: cloudAddresses('https://bitbucket.org/acme/shop'),
  refs: [
    { kind: 'branch', name: 'main' },
    { kind: 'tag', name: 'v1.2.0' },
  ],
};
const judge = (subscriptions: unknown, event: PushEvent = push) =>
  finish(judgeObject(event, { spec: { subscriptions } }));
const broken = (reason: string) => ({ kind: 'broken', reason });

test('a push can affect Warehouses', () => {
  expect(kindAffectedBy(push)).toBe('warehouse');
});

test('a Warehouse with more than 1,000 subscriptions is broken, so that it takes no time to judge', () => {
  const subscriptions = Array.from({ length: 1_000 }, () => ({ git: { repoURL, branch: 'dev' } }));
  expect(judge(subscriptions)).toMatchObject({ kind: 'unaffected' });
  expect(judge([...subscriptions, { git: { repoURL } }])).toEqual(
    broken('spec.subscriptions has more than 1000 entries'),
  );
});

describe('a push affects a Warehouse that subscribes', () => {
  test.each<[what: string, subscriptions: unknown]>([
    ['to the branch', [{ git: { repoURL, branch: 'main' } }]],
    ['to no branch in particular', [{ git: { repoURL } }]],
    ['over SSH', [{ git: { repoURL: 'git@bitbucket.org:acme/shop.git' } }]],
    ['to tags', [{ git: { repoURL, commitSelectionStrategy: 'NewestTag' } }]],
    ['to versions', [{ git: { repoURL, commitSelectionStrategy: 'SemVer', semverConstraint: '^1.0.0' } }]],
    ['among others', [{ image: { repoURL: 'x' } }, { chart: {} }, { git: { repoURL } }]],
    ['after another branch', [{ git: { repoURL, branch: 'dev' } }, { git: { repoURL } }]],
    ['after a broken subscription', [{ git: { repoURL, branch: 7 } }, { git: { repoURL } }]],
    ['before a broken subscription', [{ git: { repoURL } }, { git: { repoURL, branch: 7 } }]],
    [
      'after what is no subscription',
      [null, 7, 'x', [], {}, { git: null }, { git: [] }, { git: { repoURL } }],
    ],
    ['with unknown fields', [{ git: { repoURL, later: { a: 1 } }, later: true }]],
  ])('%s', (_what, subscriptions) => {
    expect(judge(subscriptions)).toEqual({ kind: 'affected' });
  });
});

describe('a push affects a Warehouse only by some paths', () => {
  const filtered = { repoURL, includePaths: ['src'], excludePaths: ['docs'] };
  const selectors = { includePaths: ['src'], excludePaths: ['docs'] };
  const [branch, tag] = push.refs;
  test.each<[what: string, subscriptions: unknown, narrowed: unknown]>([
    ['of the branch', [{ git: filtered }], [{ selectors, refs: [branch] }]],
    [
      'of the tag',
      [{ git: { ...filtered, commitSelectionStrategy: 'Lexical' } }],
      [{ selectors, refs: [tag] }],
    ],
    [
      'of two subscriptions',
      [{ git: { ...filtered, commitSelectionStrategy: 'Lexical' } }, { git: filtered }],
      [
        { selectors, refs: [branch] },
        { selectors, refs: [tag] },
      ],
    ],
    [
      'next to a subscription that is not affected',
      [{ git: { repoURL, branch: 'dev' } }, { git: filtered }],
      [{ selectors, refs: [branch] }],
    ],
    [
      'next to a broken one',
      [{ git: { repoURL, branch: 7 } }, { git: filtered }],
      [{ selectors, refs: [branch] }],
    ],
    ['next to one without filters', [{ git: filtered }, { git: { repoURL } }], undefined],
    ['that cannot be read', [{ git: { repoURL, includePaths: 'src' } }], undefined],
  ])('%s', (_what, subscriptions, narrowed) => {
    expect(judge(subscriptions)).toEqual({ kind: 'affected', ...(narrowed !== undefined && { narrowed }) });
  });
});

describe('a push does not affect a Warehouse that subscribes', () => {
  const blog = 'https://bitbucket.org/acme/blog';
  const tags = (fields: object) => ({ git: { repoURL, commitSelectionStrategy: 'NewestTag', ...fields } });
  const versions = (fields: object) => ({ git: { repoURL, commitSelectionStrategy: 'SemVer', ...fields } });

  test.each<[what: string, subscriptions: unknown, mismatch: object]>([
    ['to nothing', [], { mismatch: 'no-git-subscription' }],
    ['to nothing: null', null, { mismatch: 'no-git-subscription' }],
    ['to nothing: absent', undefined, { mismatch: 'no-git-subscription' }],
    ['to images', [{ image: { repoURL } }], { mismatch: 'no-git-subscription' }],
    ['of an unknown kind', [{ subscription: { repoURL } }], { mismatch: 'no-git-subscription' }],
    [
      'to no address',
      [{ git: { branch: 'main' } }, { git: { repoURL: 7 } }],
      { mismatch: 'no-git-subscription' },
    ],
    ['to another repository', [{ image: {} }, { git: { repoURL: blog } }], { mismatch: 'other-repository' }],
    [
      'to another repository, wrongly',
      [{ git: { repoURL: blog, branch: 7 } }],
      { mismatch: 'other-repository' },
    ],
    [
      'to another branch',
      [{ git: { repoURL: blog } }, { git: { repoURL, branch: 'dev' } }],
      { mismatch: 'other-branch', subscription: 1 },
    ],
    [
      'by an unknown strategy',
      [{ git: { repoURL, commitSelectionStrategy: 'Oldest' } }],
      { mismatch: 'unknown-strategy', subscription: 0 },
    ],
    [
      'to no tag, because all are ignored',
      [tags({ ignoreTagsRegexes: ['^v'] })],
      { mismatch: 'tag-ignored', subscription: 0 },
    ],
    ['to other tags', [tags({ allowTagsRegexes: ['^w'] })], { mismatch: 'tag-not-allowed', subscription: 0 }],
    ['to strict versions', [versions({ strictSemvers: true })], { mismatch: 'no-version', subscription: 0 }],
    [
      'to other versions',
      [versions({ semverConstraint: '^2' })],
      { mismatch: 'semver-constraint', subscription: 0 },
    ],
    [
      'in several ways, of which one comes furthest',
      [
        { git: { repoURL, branch: 'dev' } },
        tags({ ignoreTagsRegexes: ['^v'] }),
        versions({ semverConstraint: '^2' }),
        tags({ allowTagsRegexes: ['^w'] }),
      ],
      { mismatch: 'semver-constraint', subscription: 2 },
    ],
  ])('%s', (_what, subscriptions, mismatch) => {
    const refs = [
      { kind: 'branch', name: 'main' },
      { kind: 'tag', name: 'v1.2' },
    ] as const;
    expect(judge(subscriptions, { ...push, refs })).toEqual({ kind: 'unaffected', ...mismatch });
  });

  test.each<[what: string, refs: PushEvent['refs'], fields: object, mismatch: string]>([
    ['when only refs were deleted', [], {}, 'only-deleted-refs'],
    [
      'to tags, when only branches were pushed',
      [{ kind: 'branch', name: 'main' }],
      { commitSelectionStrategy: 'NewestTag' },
      'no-tag',
    ],
    ['to a branch, when only tags were pushed', [{ kind: 'tag', name: 'v1' }], {}, 'other-branch'],
    [
      'to tags by their names, when one of over 1 KB was pushed',
      [{ kind: 'tag', name: 'v'.repeat(1_025) }],
      { commitSelectionStrategy: 'NewestTag', allowTagsRegexes: ['v'] },
      'tag-too-long',
    ],
  ])('%s', (_what, refs, fields, mismatch) => {
    const verdict = judge([{ git: { repoURL, ...fields } }], { ...push, refs });
    expect(verdict).toEqual({ kind: 'unaffected', mismatch, subscription: 0 });
  });
});

describe('a Warehouse is broken', () => {
  test.each<[what: string, object: unknown, reason: string]>([
    ['without a spec', {}, 'spec.subscriptions cannot be read'],
    ['as null', null, 'spec.subscriptions cannot be read'],
    [
      'with subscriptions of another type',
      { spec: { subscriptions: {} } },
      'spec.subscriptions cannot be read',
    ],
    [
      'by a field of another type',
      { spec: { subscriptions: [{ git: { repoURL, branch: 7 } }] } },
      'spec.subscriptions[0].git.branch: must be a string',
    ],
    [
      'by the first of two faults',
      {
        spec: {
          subscriptions: [
            { image: {} },
            { git: { repoURL, commitSelectionStrategy: 'SemVer', semverConstraint: 'x y' } },
            { git: { repoURL, branch: 7 } },
          ],
        },
      },
      expect.stringMatching(/^spec\.subscriptions\[1\]\.git\.semverConstraint: /) as unknown as string,
    ],
    [
      'by an expression',
      {
        spec: {
          subscriptions: [
            { git: { repoURL, commitSelectionStrategy: 'NewestTag', allowTagsRegexes: ['('] } },
          ],
        },
      },
      expect.stringMatching(/^spec\.subscriptions\[0\]\.git\.allowTagsRegexes\[0\]: /) as unknown as string,
    ],
  ])('%s', (_what, object, reason) => {
    expect(finish(judgeObject(push, object))).toEqual(broken(reason));
  });
});
