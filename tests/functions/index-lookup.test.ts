import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { passSeconds, stopClock } from '../support/clock.ts';
import { ConsoleLines } from '../support/console-lines.ts';
import { deliver, type DeliveryOptions, type ReceiverHandler } from '../support/deliver.ts';
import {
  bitbucket,
  clusterConfig,
  namespace,
  project,
  promotion,
  warehouse,
} from '../support/kargo-objects.ts';
import { cloudPullRequest, cloudPush } from '../support/payloads.ts';
import { startTestbed, type Testbed } from '../support/testbed.ts';
import { skipWaits } from '../support/waits.ts';

const HEAD = 'index-054111dd';

const refreshed = (count: number) => ({ status: 200, body: { msg: `refreshed ${count} warehouse(s)` } });
const unknown = { status: 404, body: {} };
const unknownPath = (index: number): DeliveryOptions => ({
  path: `/bitbucket/${String(index).padStart(64, '0')}`,
  signature: null,
});
const wide: DeliveryOptions = { project: '', receiver: 'wide', secret: 'wide' };

let testbed: Testbed;
let handler: ReceiverHandler;
let lines: ConsoleLines;

beforeEach(async () => {
  stopClock();
  skipWaits();
  testbed = await startTestbed({
    objects: [
      ...project('demo'),
      ...project('other'),
      warehouse('demo', 'main'),
      warehouse('demo', 'elsewhere', { repoURL: 'https://bitbucket.org/acme/web' }),
      warehouse('other', 'main', { repoURL: 'git@bitbucket.org:acme/shop.git' }),
      promotion('demo', 'waits', 'https://bitbucket.org/acme/shop/pull-requests/7'),
      promotion('demo', 'over', 'https://bitbucket.org/acme/shop/pull-requests/7', {
        status: { phase: 'Succeeded' },
      }),
      namespace('kargo-system-resources'),
      clusterConfig([bitbucket('wide')]),
    ],
    secrets: {
      'kargo/demo/bitbucket': 's3cret',
      'kargo/other/bitbucket': 'others',
      'kargo/kargo-system-resources/bitbucket': 'wide',
    },
    settings: { POWERTOOLS_METRICS_DISABLED: 'false', LOG_LEVEL: 'WARN' },
  });
  lines = new ConsoleLines();
  await testbed.reconcile();
  handler = await testbed.receiver();
  forgetRequests();
});

afterEach(() => testbed.close());

function forgetRequests(): void {
  testbed.cluster.reset();
  testbed.store.reset();
  lines.lines.length = 0;
}

/** Returns the requests since the last time: method and the end of the path. */
function takeRequests(): string[] {
  const requests = testbed.cluster.requests.map(
    ({ method, path }) => `${method} ${path.replace(/^\/apis?\/(kargo\.akuity\.io\/v1alpha1|v1)\//, '')}`,
  );
  testbed.cluster.requests.length = 0;
  return requests;
}

const inDemo = 'namespaces/demo';
const piece = (name: string): string => `GET namespaces/kargo-front-door/configmaps/${HEAD}${name}`;
const SHOP = '-warehouses-38-0';
const faults = (): unknown[] =>
  lines.takeMetrics('IndexUnavailable').map((metrics) => metrics['IndexUnavailable']);

describe('with a fresh index, a delivery', () => {
  test('to a cold receiver reads its head, one chunk and one secret, and lists nothing', async () => {
    expect(await deliver(handler)).toEqual(refreshed(1));
    expect(takeRequests()).toEqual([piece(''), piece(SHOP), `PATCH ${inDemo}/warehouses/main`]);
    expect(testbed.store.requests.map(({ operation }) => operation)).toEqual([
      'GetSecretValue',
      'GetSecretValue',
    ]);
    expect(faults()).toEqual([]);
  });

  test('to a warm receiver reads nothing for a second, and then the head', async () => {
    await deliver(handler);
    forgetRequests();
    passSeconds(0.9);
    expect(await deliver(handler)).toEqual(refreshed(1));
    expect(takeRequests()).toEqual([`PATCH ${inDemo}/warehouses/main`]);
    passSeconds(2);
    expect(await deliver(handler)).toEqual(refreshed(1));
    expect(takeRequests()).toEqual([piece(''), `PATCH ${inDemo}/warehouses/main`]);
    expect(testbed.store.requests).toEqual([]);
  });

  test('refreshes the Warehouses of its own project only', async () => {
    expect(await deliver(handler)).toEqual(refreshed(1));
    expect(await testbed.objects.takeRefreshed()).toEqual(['Warehouse demo/main']);
    expect(await deliver(handler, { project: 'other', secret: 'others' })).toEqual(refreshed(1));
    expect(await testbed.objects.takeRefreshed()).toEqual(['Warehouse other/main']);
  });

  test('to the ClusterConfig refreshes those of all projects, by each of their addresses', async () => {
    expect(await deliver(handler, wide)).toEqual(refreshed(2));
    expect(await testbed.objects.takeRefreshed()).toEqual(['Warehouse demo/main', 'Warehouse other/main']);
  });

  test('to a repository that nobody subscribes to reads no other chunk', async () => {
    expect(await deliver(handler, { payload: cloudPush('acme/nobody') })).toEqual(refreshed(0));
    expect(takeRequests().filter((request) => !request.endsWith(HEAD))).toEqual([]);
  });

  test('of a closed pull request reads the Promotions that run, and no other', async () => {
    const delivery = { event: 'pullrequest:fulfilled', payload: cloudPullRequest() };
    expect(await deliver(handler, delivery)).toEqual({
      status: 200,
      body: { msg: 'refreshed 1 promotion(s)' },
    });
    expect(takeRequests()).toEqual([
      piece(''),
      `GET ${inDemo}/promotions?includeObject=None&limit=50`,
      `GET ${inDemo}/promotions/waits`,
      `PATCH ${inDemo}/promotions/waits`,
    ]);
  });

  test('with a signature that does not verify reads no chunk of Warehouses', async () => {
    expect(await deliver(handler, { signedWith: 'forged' })).toMatchObject({ status: 401 });
    expect(takeRequests()).toEqual([piece('')]);
  });

  test('is verified with the index as it was while the cluster API does not answer', async () => {
    await deliver(handler);
    passSeconds(2);
    testbed.cluster.fault = () => ({ kind: 'answer', status: 503 });
    expect(await deliver(handler)).toEqual({ status: 503, body: { error: 'cluster API unavailable' } });
    passSeconds(600);
    expect(await deliver(handler)).toEqual({ status: 503, body: { error: 'cluster API unavailable' } });
    expect(await deliver(handler, { signature: null })).toMatchObject({ status: 401 });
  });
});

describe('unknown paths', () => {
  test('cause one read of the head in a second, read no secret, and list nothing', async () => {
    for (let index = 0; index < 200; index += 1) {
      expect(await deliver(handler, unknownPath(index))).toEqual(unknown);
      passSeconds(0.02);
    }
    // Four seconds.
    expect(takeRequests()).toEqual([piece(''), piece(''), piece(''), piece('')]);
    expect(testbed.store.requests).toEqual([]);
  });

  test('cause one attempt in a second while the cluster API fails', async () => {
    testbed.cluster.fault = () => ({ kind: 'answer', status: 503 });
    for (let index = 0; index < 20; index += 1)
      expect(await deliver(handler, unknownPath(index))).toMatchObject({ status: 503 });
    expect(takeRequests()).toEqual([piece('')]);
  });
});

describe('an index that cannot be used', () => {
  const head = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: HEAD, namespace: 'kargo-front-door' },
  };
  const chunk = { ...head, metadata: { ...head.metadata, name: `${HEAD}${SHOP}` } };
  const rewrite = (object: typeof head, data: object): Promise<void> =>
    testbed.objects.patch(object, { data });

  test.each<[what: string, fault: string, spoil: () => Promise<void> | void]>([
    ['deleted', 'absent', () => testbed.objects.delete(head)],
    ['two hours old', 'stale', () => passSeconds(7_200)],
    ['three minutes old', 'stale', () => passSeconds(180)],
    ['from the future', 'stale', () => stopClock('2026-05-04T10:00:00Z')],
    ['corrupted', 'corrupted', () => rewrite(head, { content: '{}' })],
    ['cut', 'corrupted', () => rewrite(head, { content: null })],
    ['of an older version', 'other-format', () => rewrite(head, { format: '0' })],
    ['of a newer version', 'other-format', () => rewrite(head, { format: '2' })],
    ['without one of its chunks', 'corrupted', () => testbed.objects.delete(chunk)],
    ['with a corrupted chunk', 'corrupted', () => rewrite(chunk, { content: '[]' })],
  ])('because it is %s is replaced by listing, and counted', async (_what, fault, spoil) => {
    await spoil();
    expect(await deliver(handler)).toEqual(refreshed(1));
    expect(await deliver(handler, wide)).toEqual(refreshed(2));
    expect(await testbed.objects.takeRefreshed()).toEqual(['Warehouse demo/main', 'Warehouse other/main']);
    const lists = takeRequests().filter((request) => request.includes('warehouses?'));
    expect(lists).toEqual([`GET ${inDemo}/warehouses?limit=50`, 'GET warehouses?limit=50']);
    const logged = [...lines.lines].filter(({ message }) => String(message).startsWith('lookup index'));
    expect(logged).toMatchObject([{ level: 'WARN', fault }]);
    expect(faults().length).toBeGreaterThan(0);
  });

  test('is used again after the next run', async () => {
    await testbed.removeIndex();
    await deliver(handler);
    await testbed.reconcile();
    passSeconds(1);
    forgetRequests();
    expect(await deliver(handler)).toEqual(refreshed(1));
    expect(takeRequests().filter((request) => request.includes('?limit='))).toEqual([]);
  });

  test('because the rights are missing is replaced by listing', async () => {
    testbed.cluster.fault = ({ path }) =>
      path.includes('/configmaps') ? { kind: 'answer', status: 403 } : undefined;
    expect(await deliver(handler)).toEqual(refreshed(1));
    expect(faults().length).toBeGreaterThan(0);
  });
});
