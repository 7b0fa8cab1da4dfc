import { describe, expect, test } from '@jest/globals';
import type { PushEvent } from '../../../../lib/core/bitbucket/event.ts';
import {
  addressKey,
  hasNewSubscription,
  readWarehouseRows,
  toWarehouseContent,
  toWarehouseRows,
} from '../../../../lib/core/kargo/lookup-index/warehouse-rows.ts';
import { judgeWarehouse } from '../../../../lib/core/kargo/warehouse.ts';
import { finish } from '../../../support/steps.ts';

const version = { namespace: 'demo', name: 'main', uid: 'u', generation: 3 };
const SHOP = 'bitbucket.org/acme/shop';
const push = (...names: string[]): PushEvent => ({
  kind: 'push',
  addresses: [SHOP],
  refs: names.map((name) => ({ kind: name.startsWith('v') ? 'tag' : 'branch', name })),
});
const git = (fields: object = {}): object => ({ git: { repoURL: `https://${SHOP}`, ...fields } });
const warehouse = (...subscriptions: unknown[]): object => ({ spec: { subscriptions } });

describe('a push is judged by the index as by the Warehouse itself, with', () => {
  test.each<[what: string, content: object]>([
    ['a branch', warehouse(git({ branch: 'main' }))],
    ['another branch', warehouse(git({ branch: 'release' }))],
    ['no branch', warehouse(git())],
    ['a version', warehouse(git({ commitSelectionStrategy: 'SemVer', semverConstraint: '^1.0.0' }))],
    ['strict versions', warehouse(git({ commitSelectionStrategy: 'SemVer', strictSemvers: true }))],
    ['tag patterns', warehouse(git({ commitSelectionStrategy: 'Lexical', allowTagsRegexes: ['^v2'] }))],
    ['ignored tags', warehouse(git({ commitSelectionStrategy: 'NewestTag', ignoreTagsRegexes: ['^v1'] }))],
    ['a broken pattern', warehouse(git({ commitSelectionStrategy: 'Lexical', allowTagsRegexes: ['('] }))],
    ['a field of another type', warehouse({ image: {} }, git({ branch: 7 }))],
    ['a deprecated field', warehouse(git({ commitSelectionStrategy: 'Lexical', allowTags: 'v' }))],
    ['an unknown strategy', warehouse(git({ commitSelectionStrategy: 'Oldest' }))],
    ['null fields', warehouse(git({ branch: null, commitSelectionStrategy: null }))],
    [
      'several subscriptions to the repository, at their places',
      warehouse(
        { image: {} },
        git({ branch: 'x' }),
        7,
        { git: { repoURL: 'https://x/y' } },
        git({ branch: [] }),
      ),
    ],
  ])('%s', (_what, content) => {
    const rows = toWarehouseRows(version, content).filter(({ key }) => key === addressKey(SHOP));
    const [read] = readWarehouseRows(rows.map(({ text }) => JSON.parse(text) as unknown)) ?? [];
    const indexed = toWarehouseContent(read?.subscriptions ?? []);
    for (const event of [push('main'), push('release'), push('v1.2.0', 'v2.0.0'), push('x')])
      expect(finish(judgeWarehouse(event, indexed))).toEqual(finish(judgeWarehouse(event, content)));
  });
});

describe('a Warehouse', () => {
  test('has one row for each repository, with the fields that select commits and the path filters alone', () => {
    const [one, ...others] = toWarehouseRows(
      version,
      warehouse(
        git({ branch: 'main', discoveryLimit: 20, includePaths: ['a'], name: 'x' }),
        git({ branch: 'b' }),
      ),
    );
    expect(JSON.parse(one?.text ?? '')).toEqual([
      addressKey(SHOP),
      'demo',
      'main',
      'u',
      3,
      1,
      [
        [0, { repoURL: `https://${SHOP}`, branch: 'main', includePaths: ['a'] }],
        [1, { repoURL: `https://${SHOP}`, branch: 'b' }],
      ],
    ]);
    expect(others).toEqual([]);
  });

  test.each<[what: string, content: unknown]>([
    ['without Git subscriptions', warehouse({ image: {} })],
    ['without subscriptions', { spec: {} }],
    ['without a spec', {}],
    ['of another shape', { spec: { subscriptions: 'x' } }],
    ['with more subscriptions than are evaluated', warehouse(...Array.from({ length: 50_000 }, () => git()))],
  ])('%s has one row, by which its version is known', (_what, content) => {
    expect(toWarehouseRows(version, content).map(({ text }) => JSON.parse(text) as unknown)).toEqual([
      [expect.any(String), 'demo', 'main', 'u', 3, 1, []],
    ]);
  });

  test('whose subscriptions to a repository are too large has a row that says to read it', () => {
    const large = git({ commitSelectionStrategy: 'Lexical', allowTagsRegexes: ['x'.repeat(20_000)] });
    const rows = toWarehouseRows(version, warehouse(large, { git: { repoURL: 'https://x/y' } }));
    expect(rows.map(({ text }) => (JSON.parse(text) as unknown[]).at(-1))).toEqual([
      null,
      [[1, { repoURL: 'https://x/y' }]],
    ]);
  });

  test.each<[what: string, before: object, after: object, isNew: boolean]>([
    ['another branch', warehouse(git({ branch: 'a' })), warehouse(git({ branch: 'b' })), true],
    ['one more repository', warehouse(git()), warehouse(git(), { git: { repoURL: 'https://x/y' } }), true],
    ['one repository fewer', warehouse(git(), { git: { repoURL: 'https://x/y' } }), warehouse(git()), false],
    ['another interval', warehouse(git()), { spec: { interval: '1m', subscriptions: [git()] } }, false],
    ['no Git subscription any more', warehouse(git()), warehouse({ image: {} }), false],
    ['its first Git subscription', warehouse({ image: {} }), warehouse(git()), true],
  ])('with %s: %#', (_what, before, after, isNew) => {
    const rows = toWarehouseRows({ ...version, generation: 4 }, after);
    expect(hasNewSubscription(rows, toWarehouseRows(version, before))).toBe(isNew);
  });
});
