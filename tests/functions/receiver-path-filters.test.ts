import { afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { FakeCommit } from '../../local/fakes/bitbucket/fake-account.ts';
import { startBitbucketTestbed, type BitbucketTestbed } from '../support/bitbucket-testbed.ts';
import { stopClock } from '../support/clock.ts';
import { ConsoleLines } from '../support/console-lines.ts';
import { deliver } from '../support/deliver.ts';
import { bitbucket, project, warehouse } from '../support/kargo-objects.ts';
import { loadReconciler, LOADING_TIMEOUT_MS } from '../support/load-reconciler.ts';

/** Returns the hash of a commit by its name in a test. */
const hashOf = (name: string): string => Buffer.from(name).toString('hex').padEnd(40, '0');
const LEFT_OUT = 'refreshed 0 warehouse(s), 1 left out: no changed file matches their path filters';
const REFRESHED = 'refreshed 1 warehouse(s)';

let testbed: BitbucketTestbed;

beforeAll(loadReconciler, LOADING_TIMEOUT_MS);
beforeEach(() => stopClock());
afterEach(async () => {
  await testbed.close();
  jest.restoreAllMocks();
});

/** A history, newest first: `name < parents: paths`. */
const HISTORY = `
merge < both,side:
both < docs: docs/guide.md src/gen/api.ts
side < base: src/app.ts
docs < base: docs/guide.md
revert < src: src/app.ts
src < base: src/app.ts
quoted < base: src/café.ts
empty < base:
base < root: README.md
root < : README.md`;

const readHistory = (text: string): Record<string, FakeCommit> =>
  Object.fromEntries(
    text
      .trim()
      .split('\n')
      .map((line) => {
        const [, name = '', parents = '', paths = ''] = /^(\w+) < ?([\w,]*): ?(.*)$/.exec(line) ?? [];
        const split = (list: string, by: string): string[] => list.split(by).filter(Boolean);
        return [hashOf(name), { parents: split(parents, ',').map(hashOf), paths: split(paths, ' ') }];
      }),
  );

const start = async (
  filters: Filters,
  settings: Record<string, string> = {},
  history = HISTORY,
): Promise<void> => {
  testbed = await startBitbucketTestbed({
    objects: project('demo', [bitbucket('bb')]),
    settings: { CHANGED_FILES: 'true', ...settings },
  });
  const repoURL = `${testbed.dataCenterApi.url}/scm/shop/web.git`;
  await testbed.objects.create(
    warehouse('demo', 'shop', filters),
    warehouse('demo', 'web', { repoURL, ...filters }),
  );
  testbed.cloud.account.setCommits('acme/shop', readHistory(history));
  testbed.dataCenter.account.setCommits('SHOP/web', readHistory(history));
};

interface Push {
  readonly from?: string | null;
  readonly to: string;
  readonly tag?: string;
  readonly forced?: boolean;
  readonly truncated?: boolean;
}

const ref = (name: string, hash: string | null | undefined, type = 'branch'): object | null =>
  !hash ? null : { type, name, target: { hash: hashOf(hash) } };

const cloudPayload = (...pushes: readonly Push[]): object => ({
  repository: { full_name: 'acme/shop', links: { html: { href: 'https://bitbucket.org/acme/shop' } } },
  push: {
    changes: pushes.map(({ from = 'base', to, tag, forced = false, truncated = false }) => ({
      old: tag === undefined ? ref('main', from) : null,
      new: ref(tag ?? 'main', to, tag === undefined ? 'branch' : 'tag'),
      forced,
      truncated,
    })),
  },
});

const dataCenterPayload = (...pushes: readonly Push[]): object => ({
  repository: {
    slug: 'web',
    project: { key: 'SHOP' },
    links: { clone: [{ name: 'http', href: `${testbed.dataCenterApi.url}/scm/shop/web.git` }] },
  },
  changes: pushes.map(({ from = 'base', to, tag }) => ({
    ref: { id: tag === undefined ? 'refs/heads/main' : `refs/tags/${tag}` },
    type: from === null || tag !== undefined ? 'ADD' : 'UPDATE',
    fromHash: from === null || tag !== undefined ? '0'.repeat(40) : hashOf(from),
    toHash: hashOf(to),
  })),
});

const answerTo = async (kind: string, ...pushes: readonly Push[]): Promise<string> => {
  const { body } = await deliver(await testbed.receiver(), {
    event: kind === 'Cloud' ? 'repo:push' : 'repo:refs_changed',
    payload: kind === 'Cloud' ? cloudPayload(...pushes) : dataCenterPayload(...pushes),
  });
  return (body as { msg: string }).msg;
};

type Filters = Record<string, unknown>;

const src: Filters = { includePaths: ['src'], excludePaths: ['src/gen'] };

describe.each(['Cloud', 'Data Center'])('a push to %s', (kind) => {
  test.each<[title: string, filters: Filters, push: Push]>([
    ['of a commit in another directory', src, { to: 'docs' }],
    ['of commits in excluded and other directories', src, { to: 'both' }],
    ['of a merge without changes against its first parent', src, { from: 'both', to: 'merge' }],
    ['of a merged branch, with the commits of the first parent only,', src, { to: 'merge' }],
    ['of a commit without changes', src, { to: 'empty' }],
    // Kargo compares the path as Git quotes it.
    ['of a path that Git quotes', src, { to: 'quoted' }],
    ['with globs that do not match', { includePaths: ['glob:*.md'] }, { to: 'docs' }],
    ['with excludes alone that match', { excludePaths: ['docs'] }, { to: 'docs' }],
    // Tags: the tagged commit only.
    [
      'of a tag whose commit does not match, whatever came before,',
      { ...src, commitSelectionStrategy: 'SemVer' },
      { tag: 'v1.0.0', to: 'docs' },
    ],
  ])('%s is left out', async (_title, filters, push) => {
    await start(filters);
    expect(await answerTo(kind, push)).toBe(LEFT_OUT);
  });

  test.each<[title: string, filters: Filters, push: Push]>([
    ['of a commit in the directory', src, { to: 'src' }],
    // The net difference is empty. Kargo looks at each commit.
    ['of a commit and its revert', src, { to: 'revert' }],
    ['with globs that match', { includePaths: ['glob:**/*.md'] }, { to: 'docs' }],
    ['with excludes alone that do not match', { excludePaths: ['docs'] }, { to: 'both' }],
    ['without filters', {}, { to: 'docs' }],
    [
      'of a tag whose commit matches',
      { ...src, commitSelectionStrategy: 'NewestTag' },
      { tag: 'v1', to: 'src' },
    ],
    // Unknown.
    ['of a new branch', src, { from: null, to: 'docs' }],
    ['whose previous commit is not on its first-parent chain', src, { from: 'side', to: 'docs' }],
    ['whose previous commit is only on the second parent', src, { from: 'side', to: 'merge' }],
    ['whose commit does not exist any more', src, { to: 'gone' }],
    ['with a selector that is not translated', { includePaths: ['glob:[!a]*'] }, { to: 'docs' }],
    ['with a selector that Kargo refuses', { includePaths: ['regex:('] }, { to: 'docs' }],
    ['with selectors that cannot be read', { includePaths: 'src' }, { to: 'docs' }],
  ])('%s refreshes', async (_title, filters, push) => {
    await start(filters);
    expect(await answerTo(kind, push)).toBe(REFRESHED);
  });

  test('of more commits than are read refreshes', async () => {
    const names = Array.from({ length: 31 }, (_, index) => `c${index}`);
    const history = names.map((name, index) => `${name} < ${names[index + 1] ?? 'base'}: docs/a.md`);
    await start(src, {}, [...history, 'base < : README.md'].join('\n'));
    expect(await answerTo(kind, { to: 'c0' })).toBe(REFRESHED);
    expect(await answerTo(kind, { to: 'c1' })).toBe(LEFT_OUT);
  });

  test('of a commit with more files than Bitbucket returns refreshes', async () => {
    const paths = Array.from({ length: 5_001 }, (_, index) => `docs/${index}.md`).join(' ');
    await start(src, {}, `many < base: ${paths}\nbase < : README.md`);
    expect(await answerTo(kind, { to: 'many' })).toBe(REFRESHED);
  });

  test.each<[string, { readonly status: number } | 'hang']>([
    ['does not know the token', { status: 401 }],
    ['throttles', { status: 429 }],
    ['times out itself', { status: 555 }],
    ['answers something else', { status: 200 }],
    ['does not answer within the budget', 'hang'],
  ])('refreshes where Bitbucket %s', async (_title, fault) => {
    await start(src);
    const api = kind === 'Cloud' ? testbed.cloudApi : testbed.dataCenterApi;
    api.fault = () => (fault === 'hang' ? { kind: 'hang' } : { kind: 'answer', ...fault });
    expect(await answerTo(kind, { to: 'docs' })).toBe(REFRESHED);
  });
});

test.each([{ limit: 2 }, { truncated: true }])(
  'files that Data Center cuts off, with %j, refresh',
  async (fields) => {
    await start(src);
    const values = ['a', 'b'].map((name) => ({ path: { components: ['docs', name] } }));
    testbed.dataCenterApi.fault = ({ path }) =>
      path.includes('/changes?') ? { kind: 'answer', status: 200, body: { values, ...fields } } : undefined;
    expect(await answerTo('Data Center', { to: 'docs' })).toBe(REFRESHED);
  },
);

test.each(['forced', 'truncated'])('a %s push refreshes', async (field) => {
  await start(src);
  expect(await answerTo('Cloud', { to: 'docs', [field]: true })).toBe(REFRESHED);
});

test('several refs are judged together, and requests are shared between Warehouses', async () => {
  await start(src);
  await testbed.objects.create(
    warehouse('demo', 'docs', { includePaths: ['docs'] }),
    warehouse('demo', 'tagged', { ...src, commitSelectionStrategy: 'Lexical' }),
    warehouse('demo', 'two', src, { includePaths: ['docs'] }),
    warehouse('demo', 'all', src, {}),
  );
  expect(await answerTo('Cloud', { to: 'docs' }, { tag: 'v1', to: 'src' })).toBe(
    'refreshed 4 warehouse(s), 1 left out: no changed file matches their path filters',
  );
  expect(await testbed.objects.takeRefreshed()).toEqual([
    'Warehouse demo/all',
    'Warehouse demo/docs',
    'Warehouse demo/tagged',
    'Warehouse demo/two',
  ]);
  expect(testbed.cloudApi.requests.map(({ path }) => path.replace(/\?.*/, '')).toSorted()).toEqual([
    `/2.0/repositories/acme/shop/commits/${hashOf('docs')}`,
    `/2.0/repositories/acme/shop/diffstat/${hashOf('docs')}`,
    `/2.0/repositories/acme/shop/diffstat/${hashOf('src')}`,
  ]);
});

test.each([{ CHANGED_FILES: 'false' }, { BITBUCKET_CREDENTIALS_SECRET_ID: '' }])(
  'path filters leave nothing out with %j',
  async (settings) => {
    await start(src, settings);
    expect(await answerTo('Cloud', { to: 'docs' })).toBe(REFRESHED);
    expect(testbed.cloudApi.requests).toEqual([]);
  },
);

test('the log says what was left out, and why path filters were not applied', async () => {
  await start(src, { LOG_LEVEL: 'INFO' });
  const lines = new ConsoleLines();
  await answerTo('Cloud', { to: 'docs' });
  expect(lines.takeLogs('delivery')).toMatchObject([{ refreshed: [], leftOut: ['demo/shop'] }]);
  await answerTo('Cloud', { from: null, to: 'docs' });
  expect(lines.takeLogs('path filters not applied')).toMatchObject([
    { reason: 'the branch is new, or the push was forced or truncated' },
  ]);
});
