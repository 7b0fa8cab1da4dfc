import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
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
const longTag = `${'a'.repeat(5000)}!`;

/** One more than a page holds. */
const crowd = Array.from({ length: 501 }, (_, index) =>
  warehouse('crowd', `many-${index}`, { repoURL: 'https://bitbucket.org/acme/many' }),
);

let testbed: Testbed;
let handler: ReceiverHandler;

beforeAll(async () => {
  stopClock();
  testbed = await startTestbed({
    objects: [
      ...project('demo'),
      ...project('zoo'),
      ...project('crowd'),
      ...crowd,
      namespace('kargo-system-resources'),
      clusterConfig([bitbucket('wide')]),
    ],
    secrets: {
      'kargo/demo/bitbucket': 's3cret',
      'kargo/zoo/bitbucket': 's3cret',
      'kargo/crowd/bitbucket': 's3cret',
      'kargo/kargo-system-resources/bitbucket': 's3cret',
    },
  });
  handler = await testbed.receiver();
  await testbed.reconcile();
});

beforeEach(() => testbed.cluster.forget());
afterEach(() => passSeconds(10));
afterAll(() => testbed.close());

const refreshed = (count: number, kind = 'warehouse') => ({
  status: 200,
  body: { msg: `refreshed ${count} ${kind}(s)` },
});

describe('a broken Warehouse costs its neighbours nothing', () => {
  const broken = {
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
    const bad = Object.entries({ ...broken, ...hostile }).map(([name, git]) => warehouse('demo', name, git));
    await testbed.objects.create(...bad, warehouse('demo', 'good', tagged), warehouse('demo', 'good-main'));
  });

  test('for a tag, and hostile expressions take no time', async () => {
    const delivery = { payload: cloudPush('acme/shop', `tag ${longTag}`) };
    expect(await deliver(handler, delivery)).toEqual(refreshed(2));
    expect(await testbed.objects.takeRefreshed()).toEqual([
      'Warehouse demo/backtracking-ignore',
      'Warehouse demo/good',
    ]);
  });

  test('for a branch', async () => {
    expect(await deliver(handler)).toEqual(refreshed(1));
    expect(await testbed.objects.takeRefreshed()).toEqual(['Warehouse demo/good-main']);
  });

  test('in a list that says nothing of subscriptions', async () => {
    testbed.cluster.fault = ({ method, path }) =>
      method === 'GET' && path.includes('/warehouses')
        ? { kind: 'rewrite', rewrite: (answer) => breakItem(answer, 'regex-type', { spec: null, status: 7 }) }
        : undefined;
    expect(await deliver(handler)).toEqual(refreshed(1));
    expect(await testbed.objects.takeRefreshed()).toEqual(['Warehouse demo/good-main']);
  });
});

describe('a broken Promotion costs its neighbours nothing', () => {
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
    ['in all of it', { spec: null, status: { phase: 'Running' } }],
  ])('%s', async (_what, change) => {
    testbed.cluster.fault = ({ method, path }) =>
      method === 'GET' && path.includes('/promotions')
        ? { kind: 'rewrite', rewrite: (answer) => breakItem(answer, 'bad', change) }
        : undefined;
    const delivery = { event: 'pullrequest:fulfilled', payload: cloudPullRequest() };
    expect(await deliver(handler, delivery)).toEqual(refreshed(1, 'promotion'));
    expect(await testbed.objects.takeRefreshed()).toEqual(['Promotion demo/good']);
  });
});

describe('a broken ProjectConfig costs its neighbours nothing', () => {
  test.each<[what: string, change: object]>([
    ['in its receivers', { spec: { webhookReceivers: 'x' } }],
    ['in one receiver', { spec: { webhookReceivers: [{ bitbucket: {} }] } }],
    ['in its status', { status: { webhookReceivers: 'x' } }],
  ])('%s', async (_what, change) => {
    testbed.cluster.fault = ({ path }) =>
      path.includes('/projectconfigs')
        ? { kind: 'rewrite', rewrite: (answer) => breakItem(answer, 'zoo', change) }
        : undefined;
    expect(await deliver(handler)).toMatchObject({ status: 200 });
    passSeconds(3);
    expect(await deliver(handler, { project: 'zoo' })).toEqual({ status: 404, body: {} });
    testbed.cluster.forget();
    passSeconds(10);
    expect(await deliver(handler, { project: 'zoo' })).toEqual(refreshed(0));
    await testbed.objects.takeRefreshed();
  });
});

describe('a receiver of the ClusterConfig', () => {
  const wide: DeliveryOptions = { project: '', receiver: 'wide' };

  test('acts on the good ones of every project', async () => {
    await testbed.objects.create(warehouse('zoo', 'good-main'), warehouse('zoo', 'bad', { branch: 7 }));
    expect(await deliver(handler, wide)).toEqual(refreshed(2));
    expect(await testbed.objects.takeRefreshed()).toEqual([
      'Warehouse demo/good-main',
      'Warehouse zoo/good-main',
    ]);
  });
});

describe('a project of more Warehouses than a page holds', () => {
  test('is read page by page, and refreshed to its end', async () => {
    const delivery = { project: 'crowd', payload: cloudPush('acme/many', 'main') };
    expect(await deliver(handler, delivery)).toEqual(refreshed(501));
    expect(await testbed.objects.takeRefreshed()).toHaveLength(501);
    const pages = testbed.cluster.requests.filter(({ path }) => path.includes('/warehouses?'));
    expect(pages.map(({ path }) => path.includes('continue='))).toEqual([false, true]);
  });
});

/** Replaces fields of one item of a list. */
function breakItem(answer: string, name: string, change: object): string {
  const list = JSON.parse(answer) as { items: { metadata: { name: string } }[] };
  list.items = list.items.map((item) => (item.metadata.name === name ? { ...item, ...change } : item));
  return JSON.stringify(list);
}
