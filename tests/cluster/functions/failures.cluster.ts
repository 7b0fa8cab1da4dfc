import { setImmediate } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { ReconcilerHandler } from '../../support/cold-functions.ts';
import { deliver, lambdaContext, type ReceiverHandler } from '../../support/deliver.ts';
import { bitbucket, project, warehouse } from '../../support/kargo-objects.ts';
import { LoopbackProxy, type PassingRequest, type ProxyFault } from '../../support/loopback-proxy.ts';
import { callApi } from '../api-client.ts';
import { RECEIVER, startClusterTestbed, type ClusterTestbed } from './cluster-testbed.ts';
import { createServiceAccount, deleteServiceAccount, requestToken } from './service-account.ts';
import { until } from './until.ts';

const refreshed = (count: number) => ({ status: 200, body: { msg: `refreshed ${count} warehouse(s)` } });
const unavailable = (error: string) => ({ status: 503, body: { error } });

const isPatch = ({ method }: PassingRequest): boolean => method === 'PATCH';
const isWarehouseList = ({ method, path }: PassingRequest): boolean =>
  method === 'GET' && path.includes('/warehouses');
const isIndexRead = ({ path, headers }: PassingRequest): boolean =>
  path.includes('/configmaps/') && headers.authorization === `Bearer ${testbed.tokens[RECEIVER]}`;

/** Hides the lookup index from the receiver, so that the receiver lists. */
const hideIndex = (request: PassingRequest): ProxyFault | undefined =>
  isIndexRead(request) ? { kind: 'answer', status: 403 } : undefined;

let testbed: ClusterTestbed;
/** Injects faults between the API and the functions. */
let proxy: LoopbackProxy;
/** One receiver that reaches the API through the proxy and lists, and one that reaches it directly and has the index. */
let proxied: ReceiverHandler;
let direct: ReceiverHandler;
let reconcile: ReconcilerHandler;

/** Runs the warm reconciler and returns the number of statuses that it wrote. */
async function run(remainingMs?: number): Promise<number> {
  const { written } = await reconcile({}, lambdaContext(remainingMs === undefined ? {} : { remainingMs }));
  return written;
}

/** Blanks the status of `demo`, so that it has to be written again. */
function blankStatus(): Promise<void> {
  return testbed.objects.patchStatus(project('demo')[1]!, { webhookReceivers: [] });
}

/** Returns whether the API lists every kind. After a start it answers 429 for a second, which the functions retry. */
async function isComplete(): Promise<boolean> {
  const paths = ['warehouses', 'promotions'].map((plural) => `/apis/kargo.akuity.io/v1alpha1/${plural}`);
  const answers = await Promise.all(paths.map((path) => callApi(testbed.as(), { path })));
  return answers.every(({ code }) => code === 200);
}

beforeAll(async () => {
  jest.spyOn(console, 'error').mockImplementation(() => undefined);
  // Concurrent deliveries share one metrics buffer here: all but the first to publish warn that it is empty.
  jest.spyOn(console, 'warn').mockImplementation(() => undefined);
  testbed = await startClusterTestbed({ secrets: { 'kargo/demo/bitbucket': 's3cret' } });
  proxy = new LoopbackProxy(testbed.cluster.url, testbed.cluster.ca);
  await proxy.start();
  proxy.fault = hideIndex;
  await testbed.objects.create(
    ...project('demo', [bitbucket('bb')]),
    warehouse('demo', 'one'),
    warehouse('demo', 'two'),
  );
  proxied = await testbed.receiver(proxy.url);
  direct = await testbed.receiver();
  reconcile = await testbed.reconciler(proxy.url);
  await Promise.all([deliver(proxied), deliver(direct), run()]);
});

beforeEach(async () => {
  await until(isComplete);
  await testbed.objects.takeRefreshed();
  proxy.reset();
  proxy.fault = hideIndex;
});

afterAll(async () => {
  await proxy.stop();
  await testbed.close();
});

describe('an API server that crashes', () => {
  test('between list and patch causes 503 until it is restarted', async () => {
    await blankStatus();
    const arrived = Promise.withResolvers<void>();
    let patches = 0;
    proxy.fault = async (request) => {
      if (!isPatch(request)) return hideIndex(request);
      patches += 1;
      // Two patches of the delivery, and one of the reconciler.
      if (patches === 3) arrived.resolve(testbed.cluster.killApi());
      await arrived.promise;
      return undefined;
    };
    const [answer, ended] = await Promise.all([deliver(proxied), run().catch(String)]);
    expect(answer).toEqual(unavailable('refreshed 0 of 2 warehouse(s)'));
    expect(ended).toMatch(
      /^Error: 2 failed: the lookup index could not be written: cluster API unreachable.*; ProjectConfig demo\/demo: its status could not be written: cluster API unreachable.*$/,
    );
    expect(await deliver(direct)).toEqual(unavailable('cluster API unreachable'));

    await testbed.cluster.startApi();
    proxy.fault = hideIndex;
    expect(await deliver(proxied)).toEqual(refreshed(2));
    expect(await deliver(direct)).toEqual(refreshed(2));
    expect(await run()).toBe(1);
    await until(isComplete);
    expect(await testbed.objects.takeRefreshed()).toEqual(['Warehouse demo/one', 'Warehouse demo/two']);
  });

  test('under load causes no answer but 200 and 503', async () => {
    const over = new AbortController();
    const statuses = new Set<number | undefined>();
    const load = Array.from({ length: 8 }, async () => {
      while (!over.signal.aborted) {
        statuses.add((await deliver(direct)).status);
        // An answer from memory does no I/O: without this, the loop would block everything else.
        await setImmediate();
      }
    });
    await until(async () => statuses.has(200));
    await testbed.cluster.killApi();
    await testbed.cluster.startApi();
    over.abort();
    await Promise.all(load);
    expect([...statuses].filter((status) => status !== 200 && status !== 503)).toEqual([]);
    expect(await deliver(direct)).toEqual(refreshed(2));
  });
});

test('an API server that is frozen causes 503 within the budget, until it continues', async () => {
  await blankStatus();
  const cold = await testbed.receiver();
  // It has just read the head of the index, so that only its refreshes meet the frozen API.
  await deliver(direct);
  testbed.cluster.freezeApi(true);
  const [indexed, listing, first, ended] = await Promise.all([
    deliver(direct, { remainingMs: 3_000 }),
    deliver(proxied, { remainingMs: 3_000 }),
    deliver(cold, { remainingMs: 3_000 }),
    run(3_000).catch(String),
  ]).finally(() => testbed.cluster.freezeApi(false));
  expect(indexed).toEqual(unavailable('refreshed 0 of 2 warehouse(s)'));
  expect(listing).toEqual(unavailable('cluster API did not answer in time'));
  expect(first).toEqual(unavailable('temporarily unavailable'));
  expect(ended).toBe('RetryableError: cluster API did not answer in time');
  expect(await deliver(direct)).toEqual(refreshed(2));
  // A failed listing is remembered for a moment.
  await until(async () => (await deliver(cold)).status === 200);
  expect(await run()).toBe(1);
});

describe('an API server that answers', () => {
  const busy = (status: number, retryAfter: string): ProxyFault => ({
    kind: 'answer',
    status,
    headers: { 'retry-after': retryAfter },
  });

  /** Makes the first `times` of these requests fail. */
  function disturb(concerns: (request: PassingRequest) => boolean, fault: ProxyFault, times: number): void {
    let left = times;
    proxy.fault = (request) => (concerns(request) && (left -= 1) >= 0 ? fault : hideIndex(request));
  }

  test.each<[what: string, concerns: typeof isPatch, fault: ProxyFault, times: number]>([
    ['with 429 for the list', isWarehouseList, busy(429, '0'), 3],
    ['with 429 for a second', isWarehouseList, busy(429, '1'), 1],
    ['with 503 for both refreshes', isPatch, busy(503, '0'), 4],
    ['with 503 for a second', isPatch, busy(503, '1'), 1],
  ])('%s is sent the request again', async (_what, concerns, fault, times) => {
    disturb(concerns, fault, times);
    expect(await deliver(proxied)).toEqual(refreshed(2));
    expect(await testbed.objects.takeRefreshed()).toEqual(['Warehouse demo/one', 'Warehouse demo/two']);
  });

  test.each<[what: string, concerns: typeof isPatch, fault: ProxyFault, error: string]>([
    ['with 429', isWarehouseList, busy(429, '0'), 'cluster API is throttling'],
    ['with 429 for a minute', isWarehouseList, busy(429, '60'), 'cluster API is throttling'],
    ['with 503', isWarehouseList, busy(503, '0'), 'cluster API unavailable'],
    [
      "with 404 for Kargo's kinds",
      isWarehouseList,
      { kind: 'answer', status: 404 },
      'cluster API does not know Kargo',
    ],
    ['with 503 for every refresh', isPatch, busy(503, '60'), 'refreshed 0 of 2 warehouse(s)'],
  ])('%s causes 503', async (_what, concerns, fault, error) => {
    disturb(concerns, fault, Infinity);
    expect(await deliver(proxied)).toEqual(unavailable(error));
    proxy.fault = hideIndex;
    expect(await deliver(proxied)).toEqual(refreshed(2));
  });
});

test('an object that is deleted between list and patch is neither counted nor a failure', async () => {
  proxy.fault = async (request) => {
    if (isPatch(request) && request.path.endsWith('/one'))
      await testbed.objects.delete(warehouse('demo', 'one'));
    return hideIndex(request);
  };
  expect(await deliver(proxied)).toEqual(refreshed(1));
  expect(await testbed.objects.takeRefreshed()).toEqual(['Warehouse demo/two']);
  await testbed.objects.create(warehouse('demo', 'one'));
});

test('a rejected token is replaced by the one that the kubeconfig holds now', async () => {
  const admin = testbed.as();
  await deleteServiceAccount(admin, RECEIVER);
  // The API caches an authenticated token for ten seconds; a restart clears the cache.
  await testbed.cluster.killApi();
  await testbed.cluster.startApi();
  expect(await deliver(direct)).toEqual(unavailable('cluster API rejected the credentials'));
  await createServiceAccount(admin, RECEIVER);
  testbed.writeKubeconfig(RECEIVER, await requestToken(admin, RECEIVER));
  expect(await deliver(direct)).toEqual(refreshed(2));
});
