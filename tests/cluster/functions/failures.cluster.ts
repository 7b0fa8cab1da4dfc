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

let testbed: ClusterTestbed;
/** Stands between the API and the functions that are to meet trouble at a certain moment. */
let proxy: LoopbackProxy;
/** One that reaches the API through the proxy, and one without anything between. */
let proxied: ReceiverHandler;
let direct: ReceiverHandler;
let reconcile: ReconcilerHandler;

/** Runs the reconciler, which is kept warm, and gives how many statuses it wrote. */
async function run(remainingMs?: number): Promise<number> {
  const { written } = await reconcile({}, lambdaContext(remainingMs === undefined ? {} : { remainingMs }));
  return written;
}

/** Makes the status of `demo` one that has to be written again. */
function blankStatus(): Promise<void> {
  return testbed.objects.patchStatus(project('demo')[1]!, { webhookReceivers: [] });
}

/** Tells whether the API lists every kind again: for a second after its start it answers 429, which the functions live with. */
async function isComplete(): Promise<boolean> {
  const paths = ['warehouses', 'promotions'].map((plural) => `/apis/kargo.akuity.io/v1alpha1/${plural}`);
  const answers = await Promise.all(paths.map((path) => callApi(testbed.as(), { path })));
  return answers.every(({ code }) => code === 200);
}

beforeAll(async () => {
  jest.spyOn(console, 'error').mockImplementation(() => undefined);
  // Deliveries side by side, which one Lambda instance never has, leave nothing to publish to all but one.
  jest.spyOn(console, 'warn').mockImplementation(() => undefined);
  testbed = await startClusterTestbed({ secrets: { 'kargo/demo/bitbucket': 's3cret' } });
  proxy = new LoopbackProxy(testbed.cluster.url, testbed.cluster.ca);
  await proxy.start();
  await testbed.objects.create(
    ...project('demo', [bitbucket('bb')]),
    warehouse('demo', 'one'),
    warehouse('demo', 'two'),
  );
  proxied = await testbed.receiver(proxy.url);
  direct = await testbed.receiver();
  reconcile = await testbed.reconciler(proxy.url);
  // Each is warm when its trouble begins.
  await Promise.all([deliver(proxied), deliver(direct), run()]);
});

beforeEach(async () => {
  await until(isComplete);
  await testbed.objects.takeRefreshed();
  proxy.forget();
});

afterAll(async () => {
  await proxy.stop();
  await testbed.close();
});

describe('an API server that crashes', () => {
  test('between list and patch ends in 503, and all goes on once it is back', async () => {
    await blankStatus();
    const arrived = Promise.withResolvers<void>();
    let patches = 0;
    proxy.fault = async (request) => {
      if (!isPatch(request)) return undefined;
      patches += 1;
      // The two of the delivery, and the status.
      if (patches === 3) arrived.resolve(testbed.cluster.killApi());
      await arrived.promise;
      return undefined;
    };
    const [answer, ended] = await Promise.all([deliver(proxied), run().catch(String)]);
    expect(answer).toEqual(unavailable('refreshed 0 of 2 warehouse(s)'));
    expect(ended).toBe('Error: 1 failed: ProjectConfig demo/demo: its status could not be written');
    expect(await deliver(direct)).toEqual(unavailable('cluster API unreachable'));

    await testbed.cluster.startApi();
    proxy.forget();
    expect(await deliver(proxied)).toEqual(refreshed(2));
    expect(await deliver(direct)).toEqual(refreshed(2));
    expect(await run()).toBe(1);
    await until(isComplete);
    expect(await testbed.objects.takeRefreshed()).toEqual(['Warehouse demo/one', 'Warehouse demo/two']);
  });

  test('under load answers 200 or 503 and nothing else', async () => {
    const over = new AbortController();
    const statuses = new Set<number | undefined>();
    const load = Array.from({ length: 8 }, async () => {
      while (!over.signal.aborted) statuses.add((await deliver(direct)).status);
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

test('an API server that is frozen is waited for as long as there is time', async () => {
  await blankStatus();
  const cold = await testbed.receiver();
  testbed.cluster.freezeApi(true);
  const [warm, first, ended] = await Promise.all([
    deliver(direct, { remainingMs: 3_000 }),
    deliver(cold, { remainingMs: 3_000 }),
    run(3_000).catch(String),
  ]);
  expect(warm).toEqual(unavailable('cluster API did not answer in time'));
  expect(first).toEqual(unavailable('temporarily unavailable'));
  expect(ended).toBe('RetryableError: cluster API did not answer in time');
  testbed.cluster.freezeApi(false);
  expect(await deliver(direct)).toEqual(refreshed(2));
  expect(await deliver(cold)).toEqual(refreshed(2));
  expect(await run()).toBe(1);
});

describe('an API server that is busy', () => {
  const busy = (status: number, retryAfter: string): ProxyFault => ({
    kind: 'answer',
    status,
    headers: { 'retry-after': retryAfter },
  });

  /** Makes trouble for the first so many requests of this kind. */
  function disturb(concerns: (request: PassingRequest) => boolean, fault: ProxyFault, times: number): void {
    let left = times;
    proxy.fault = (request) => (concerns(request) && (left -= 1) >= 0 ? fault : undefined);
  }

  test.each<[what: string, concerns: typeof isPatch, fault: ProxyFault, times: number]>([
    ['with 429 for the list', isWarehouseList, busy(429, '0'), 3],
    ['with 429 for a second', isWarehouseList, busy(429, '1'), 1],
    ['with 503 for both refreshes', isPatch, busy(503, '0'), 4],
    ['with 503 for a second', isPatch, busy(503, '1'), 1],
  ])('%s is asked again', async (_what, concerns, fault, times) => {
    disturb(concerns, fault, times);
    expect(await deliver(proxied)).toEqual(refreshed(2));
    expect(await testbed.objects.takeRefreshed()).toEqual(['Warehouse demo/one', 'Warehouse demo/two']);
  });

  test.each<[what: string, concerns: typeof isPatch, fault: ProxyFault, error: string]>([
    ['with 429', isWarehouseList, busy(429, '0'), 'cluster API is throttling'],
    ['with 429 for a minute', isWarehouseList, busy(429, '60'), 'cluster API is throttling'],
    ['with 503', isWarehouseList, busy(503, '0'), 'cluster API unavailable'],
    [
      "and does not know Kargo's kinds",
      isWarehouseList,
      { kind: 'answer', status: 404 },
      'cluster API does not know Kargo',
    ],
    ['with 503 for every refresh', isPatch, busy(503, '60'), 'refreshed 0 of 2 warehouse(s)'],
  ])('%s is given up', async (_what, concerns, fault, error) => {
    disturb(concerns, fault, Infinity);
    expect(await deliver(proxied)).toEqual(unavailable(error));
    proxy.forget();
    expect(await deliver(proxied)).toEqual(refreshed(2));
  });
});

test('an object that is deleted between list and patch is not counted and no failure', async () => {
  proxy.fault = async ({ method, path }) => {
    if (method === 'PATCH' && path.endsWith('/one')) await testbed.objects.delete(warehouse('demo', 'one'));
    return undefined;
  };
  expect(await deliver(proxied)).toEqual(refreshed(1));
  expect(await testbed.objects.takeRefreshed()).toEqual(['Warehouse demo/two']);
  await testbed.objects.create(warehouse('demo', 'one'));
});

test('a token that has ended is renewed from the kubeconfig', async () => {
  const admin = testbed.as();
  await deleteServiceAccount(admin, RECEIVER);
  // The API believes in a token for ten seconds after it has looked at it; a new start forgets.
  await testbed.cluster.killApi();
  await testbed.cluster.startApi();
  expect(await deliver(direct)).toEqual(unavailable('cluster API rejected the credentials'));
  await createServiceAccount(admin, RECEIVER);
  testbed.writeKubeconfig(RECEIVER, await requestToken(admin, RECEIVER));
  expect(await deliver(direct)).toEqual(refreshed(2));
});
