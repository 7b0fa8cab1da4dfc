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
  expect(judge(subscriptions)).toEqual({ kind: 'unaffected' });
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
    ['to some paths', [{ git: { repoURL, includePaths: ['a'], excludePaths: ['b'] } }]],
    ['with unknown fields', [{ git: { repoURL, later: { a: 1 } }, later: true }]],
  ])('%s', (_what, subscriptions) => {
    expect(judge(subscriptions)).toEqual({ kind: 'affected' });
  });
});

describe('a push does not affect a Warehouse that subscribes', () => {
  test.each<[what: string, subscriptions: unknown]>([
    ['to nothing', []],
    ['to nothing: null', null],
    ['to nothing: absent', undefined],
    ['to another repository', [{ git: { repoURL: 'https://bitbucket.org/acme/blog' } }]],
    ['to another repository, wrongly', [{ git: { repoURL: 'https://bitbucket.org/acme/blog', branch: 7 } }]],
    ['to another branch', [{ git: { repoURL, branch: 'dev' } }]],
    ['to other tags', [{ git: { repoURL, commitSelectionStrategy: 'NewestTag', allowTagsRegexes: ['^w'] } }]],
    ['by an unknown strategy', [{ git: { repoURL, commitSelectionStrategy: 'Oldest' } }]],
    ['to images', [{ image: { repoURL } }]],
    ['of an unknown kind', [{ subscription: { repoURL } }]],
    ['to no address', [{ git: { branch: 'main' } }, { git: { repoURL: 7 } }, { git: { repoURL: null } }]],
  ])('%s', (_what, subscriptions) => {
    expect(judge(subscriptions)).toEqual({ kind: 'unaffected' });
  });

  test('when only refs were deleted', () => {
    expect(judge([{ git: { repoURL } }], { ...push, refs: [] })).toEqual({ kind: 'unaffected' });
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
