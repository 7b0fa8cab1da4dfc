import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { passSeconds, stopClock } from '../support/clock.ts';
import { deliver, type DeliveryOptions, type ReceiverHandler } from '../support/deliver.ts';
import {
  bitbucket,
  clusterConfig,
  namespace,
  project,
  promotion,
  warehouse,
} from '../support/kargo-objects.ts';
import { startTestbed, type Testbed } from '../support/testbed.ts';
import { cloudPullRequest, cloudPush } from '../support/payloads.ts';

const url = 'https://bitbucket.org/acme/shop/pull-requests/7';
const tagged = { commitSelectionStrategy: 'NewestTag' };
const longTag = `${'a'.repeat(400)}!`;

const projects = ['demo', 'zoo', 'crowd', 'fleet'];
const wide: DeliveryOptions = { project: '', receiver: 'wide' };

/** One more object than fits into a page. */
const crowd = Array.from({ length: 501 }, (_, index) =>
  warehouse('crowd', `many-${index}`, { repoURL: 'https://bitbucket.org/acme/many' }),
);

let testbed: Testbed;
let handler: ReceiverHandler;
/** The log lines `object skipped`, each with the number of refreshes sent before it. */
const broken: { object: string; reason: string; patched: number }[] = [];

beforeAll(async () => {
  stopClock();
  testbed = await startTestbed({
    objects: [
      ...projects.flatMap((name) => project(name)),
      ...crowd,
      namespace('kargo-system-resources'),
      clusterConfig([bitbucket('wide')]),
    ],
    secrets: Object.fromEntries(
      [...projects, 'kargo-system-resources'].map((name) => [`kargo/${name}/bitbucket`, 's3cret']),
    ),
    settings: { LOG_LEVEL: 'WARN' },
  });
  jest.spyOn(console, 'warn').mockImplementation((line: unknown) => {
    const record = JSON.parse(typeof line === 'string' ? line : inspect(line)) as Record<string, unknown>;
    if (record['message'] !== 'object skipped') return;
    const patched = testbed.cluster.requests.filter(({ method }) => method === 'PATCH').length;
    broken.push({ object: String(record['object']), reason: String(record['reason']), patched });
  });
  handler = await testbed.receiver();
  await testbed.reconcile();
  // What follows is read by listing; tests/functions/index-lookup.test.ts reads the index.
  await testbed.removeIndex();
});

beforeEach(() => {
  passSeconds(10);
  testbed.cluster.reset();
  broken.length = 0;
});
afterAll(() => testbed.close());

const answered = (msg: string) => ({ status: 200, body: { msg } });
const refreshed = (count: number, kind = 'warehouse') => answered(`refreshed ${count} ${kind}(s)`);

describe('a broken Warehouse does not affect others', () => {
  const unreadable = {
    'regex-syntax': { ...tagged, allowTagsRegexes: ['('] },
    'regex-type': { ...tagged, allowTagsRegexes: '(' },
    'regex-lookahead': { ...tagged, allowTagsRegexes: ['(?=a)'] },
    'regex-size': { ...tagged, allowTagsRegexes: ['((((a{100}){100}){100}){100})'] },
    'regex-length': { ...tagged, ignoreTagsRegexes: ['a'.repeat(100_000)] },
    'regex-nesting': { ...tagged, allowTagsRegexes: ['('.repeat(2000)] },
    'semver-syntax': { commitSelectionStrategy: 'SemVer', semverConstraint: '>=x y' },
    'strategy-type': { commitSelectionStrategy: 7 },
    'strategy-unknown': { commitSelectionStrategy: 'Oldest' },
    'branch-type': { branch: { name: 'main' } },
    'address-type': { repoURL: null },
  };
  const hostile = {
    'backtracking-plus': { ...tagged, allowTagsRegexes: ['^(a+)+$', '^(a|a)*$', '^(a*)*b', '^(.*a){20}$'] },
    'backtracking-ignore': { ...tagged, ignoreTagsRegexes: ['^(a+)+$'] },
  };

  beforeAll(async () => {
    const bad = Object.entries({ ...unreadable, ...hostile }).map(([name, git]) =>
      warehouse('demo', name, git),
    );
    await testbed.objects.create(...bad, warehouse('demo', 'good', tagged), warehouse('demo', 'good-main'));
  });

  test('for a tag', async () => {
    const delivery = { payload: cloudPush('acme/shop', `tag ${longTag}`) };
    expect(await deliver(handler, delivery)).toEqual(refreshed(2));
    expect(await testbed.objects.takeRefreshed()).toEqual([
      'Warehouse demo/backtracking-ignore',
      'Warehouse demo/good',
    ]);
  });

  test.each<[where: string, change: object]>([
    ['', {}],
    [', where the list holds no subscriptions of one', { spec: null, status: 7 }],
  ])('for a branch%s', async (_where, change) => {
    breakRead('/warehouses', 'regex-type', change);
    expect(await deliver(handler)).toEqual(refreshed(1));
    expect(await testbed.objects.takeRefreshed()).toEqual(['Warehouse demo/good-main']);
  });
});

describe('a broken Promotion does not affect others', () => {
  beforeAll(() =>
    testbed.objects.create(
      promotion('demo', 'bad', url),
      promotion('demo', 'good', url),
      promotion('demo', 'other', `${url}0`),
      promotion('demo', 'over', url, { status: { phase: 'Succeeded' } }),
    ),
  );

  test.each<[what: string, change: object]>([
    ['in its steps', { spec: { steps: 'x' } }],
    ['in its current step', { status: { phase: 'Running', currentStep: 'x' } }],
    ['in its state', { status: { phase: 'Running', currentStep: 1, state: { wait: [{ pr: { url } }] } } }],
    ['everywhere', { spec: null, status: { phase: 'Running' } }],
  ])('%s', async (_what, change) => {
    breakRead('/promotions', 'bad', change);
    const delivery = { event: 'pullrequest:fulfilled', payload: cloudPullRequest() };
    expect(await deliver(handler, delivery)).toEqual(refreshed(1, 'promotion'));
    expect(await testbed.objects.takeRefreshed()).toEqual(['Promotion demo/good']);
  });
});

describe('a broken ProjectConfig does not affect others', () => {
  test.each<[what: string, change: object]>([
    ['in its receivers', { spec: { webhookReceivers: 'x' } }],
    ['in one receiver', { spec: { webhookReceivers: [{ bitbucket: {} }] } }],
    ['in its status', { status: { webhookReceivers: 'x' } }],
  ])('%s', async (_what, change) => {
    breakRead('/projectconfigs', 'zoo', change);
    expect(await deliver(handler)).toMatchObject({ status: 200 });
    passSeconds(3);
    expect(await deliver(handler, { project: 'zoo' })).toEqual({ status: 404, body: {} });
    testbed.cluster.reset();
    passSeconds(10);
    expect(await deliver(handler, { project: 'zoo' })).toEqual(refreshed(0));
    await testbed.objects.takeRefreshed();
  });
});

test('a receiver of the ClusterConfig refreshes the readable Warehouses of every project', async () => {
  await testbed.objects.create(warehouse('zoo', 'good-main'), warehouse('zoo', 'bad', { branch: 7 }));
  expect(await deliver(handler, wide)).toEqual(refreshed(2));
  const good = ['Warehouse demo/good-main', 'Warehouse zoo/good-main'];
  expect(await testbed.objects.takeRefreshed()).toEqual(good);
});

describe('a hostile Warehouse does not delay others', () => {
  const slow = `(?i)[${String.raw`\pL`.repeat(1350)}]i`;
  /** Patterns within the limits. Each takes about 10 ms to compile. */
  const expensive = Array.from(
    { length: 50 },
    (_none, index) => `(?i)[${String.raw`\pL`.repeat(32)}A-\u{1e941}]${index}`,
  );
  const repoURL = 'https://bitbucket.org/acme/fleet';
  const expensiveTwice = ['allowTagsRegexes', 'ignoreTagsRegexes'].map((field) => {
    return { repoURL, ...tagged, [field]: expensive };
  });
  const healthyTags = { repoURL, ...tagged, allowTagsRegexes: ['^v'] };
  const healthy = Array.from({ length: 20 }, (_none, index) =>
    warehouse('fleet', `healthy-${index}`, { repoURL, branch: 'main' }, healthyTags),
  );
  const names = healthy.map(({ metadata }) => `Warehouse fleet/${metadata.name}`).toSorted();

  beforeAll(() =>
    testbed.objects.create(
      ...[1, 2, 3, 4, 5, 6].map((index) => warehouse('fleet', `a-budget-${index}`, ...expensiveTwice)),
      warehouse('fleet', 'b-count', { repoURL, ...tagged, allowTagsRegexes: Array<string>(100).fill(slow) }),
      warehouse('fleet', 'c-classes', { repoURL, ...tagged, allowTagsRegexes: [slow] }),
      ...healthy,
    ),
  );

  // Budgets are CPU time. How long a verdict waits on a busy machine does not matter here.
  let clock: jest.Spied<typeof performance.now>;
  beforeEach(() => {
    clock = jest.spyOn(performance, 'now').mockReturnValue(0);
  });
  afterEach(() => clock.mockRestore());

  const receivers: [of: string, delivery: DeliveryOptions][] = [
    ['its project', { project: 'fleet' }],
    ['the ClusterConfig', wide],
  ];

  test.each(receivers)('for a tag sent to %s: others are refreshed, the log names it', async (_of, to) => {
    const payload = cloudPush('acme/fleet', 'tag v1');
    expect(await deliver(handler, { ...to, payload })).toEqual(refreshed(20));
    expect(await testbed.objects.takeRefreshed()).toEqual(names);
    const field = 'spec.subscriptions[0].git.allowTagsRegexes';
    expect(broken.map(({ object, reason }) => `${object}: ${reason}`).toSorted()).toEqual([
      ...[1, 2, 3, 4, 5, 6].map((index) =>
        expect.stringMatching(
          `^fleet/a-budget-${index}: evaluating (its tag patterns exceeded 100|the .* its project exceeded 1000) ms$`,
        ),
      ),
      `fleet/b-count: ${field}: has more than 50 patterns`,
      String.raw`fleet/c-classes: ${field}[0]: has more than 32 Unicode classes such as \pL`,
    ]);
    // Refreshes were sent while hostile ones were still evaluated.
    expect(broken.at(-1)?.patched).toBeGreaterThan(0);
  });

  test.each(receivers)('for a branch sent to %s: nothing is compiled', async (_of, to) => {
    const payload = cloudPush('acme/fleet', 'main');
    expect(await deliver(handler, { ...to, payload })).toEqual(refreshed(20));
    expect(await testbed.objects.takeRefreshed()).toEqual(names);
    expect(broken).toEqual([]);
  });
});

test('a project of more Warehouses than a page holds is listed in pages and refreshed completely', async () => {
  const delivery = { project: 'crowd', payload: cloudPush('acme/many', 'main') };
  expect(await deliver(handler, delivery)).toEqual(refreshed(501));
  const patches = testbed.cluster.requests.filter(({ method }) => method === 'PATCH');
  expect(new Set(patches.map(({ path }) => path)).size).toBe(501);
  const pages = testbed.cluster.requests.filter(({ path }) => path.includes('/warehouses?'));
  expect(pages.map(({ path }) => path.includes('continue='))).toEqual([false, true, true]);
});

/** Replaces fields of one object where it is read from this collection. */
function breakRead(collection: string, name: string, change: object): void {
  const rewrite = (answer: string): string => breakItem(answer, name, change);
  testbed.cluster.fault = ({ method, path }) =>
    method === 'GET' && path.includes(collection) ? { kind: 'rewrite', rewrite } : undefined;
}

/** Replaces fields of one object, where the answer is a list with it or the object itself. */
function breakItem(answer: string, name: string, change: object): string {
  const body = JSON.parse(answer) as {
    items?: { metadata: { name: string } }[];
    metadata: { name?: string };
  };
  const items = body.items?.map((item) => (item.metadata.name === name ? { ...item, ...change } : item));
  if (items !== undefined) return JSON.stringify({ ...body, items });
  return JSON.stringify(body.metadata.name === name ? { ...body, ...change } : body);
}
