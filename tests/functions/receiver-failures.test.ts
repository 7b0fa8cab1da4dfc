import { readFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { passSeconds, stopClock } from '../support/clock.ts';
import { deliver, type ReceiverHandler } from '../support/deliver.ts';
import { project, promotion, warehouse } from '../support/kargo-objects.ts';
import type { PassingRequest, ProxyFault } from '../support/loopback-proxy.ts';
import { startTestbed, writeKubeconfig, type Testbed } from '../support/testbed.ts';
import { cloudPullRequest } from '../support/payloads.ts';
import { skipWaits } from '../support/waits.ts';

const done = (msg: string) => ({ status: 200, body: { msg } });
const refreshed = (count: number) => done(`refreshed ${count} warehouse(s)`);
const unavailable = (error: string) => ({ status: 503, body: { error } });
/** The answer to an unauthenticated caller, which does not name the dependency. */
const temporarilyUnavailable = unavailable('temporarily unavailable');
const unauthorized = { status: 401, body: { error: 'unauthorized' } };

const isPatch = ({ method }: PassingRequest): boolean => method === 'PATCH';
const isPatchOf =
  (name: string) =>
  ({ method, path }: PassingRequest): boolean =>
    method === 'PATCH' && path.endsWith(`/${name}`);
const isWarehouseList = ({ method, path }: PassingRequest): boolean =>
  method === 'GET' && path.includes('/warehouses');

let testbed: Testbed;
let handler: ReceiverHandler;

beforeEach(async () => {
  stopClock();
  skipWaits();
  testbed = await startTestbed({
    objects: [
      ...project('demo'),
      warehouse('demo', 'one'),
      warehouse('demo', 'two'),
      promotion('demo', 'waits', 'https://bitbucket.org/acme/shop/pull-requests/7'),
    ],
  });
  handler = await testbed.receiver();
  // Fills the caches.
  await deliver(handler);
  await testbed.objects.takeRefreshed();
  testbed.cluster.reset();
});

afterEach(() => testbed.close());

/** Makes the first `times` of these requests fail. */
function disturb(concerns: (request: PassingRequest) => boolean, fault: ProxyFault, times = Infinity): void {
  let left = times;
  testbed.cluster.fault = (request) => {
    if (!concerns(request) || left === 0) return undefined;
    left -= 1;
    return fault;
  };
}

describe('an unreachable cluster', () => {
  test('causes 503 until it is available again', async () => {
    const cold = await testbed.receiver();
    await testbed.cluster.stop();
    expect(await deliver(cold, { remainingMs: 700 })).toEqual(temporarilyUnavailable);
    passSeconds(10);
    expect(await deliver(handler)).toEqual(unavailable('cluster API unreachable'));
    await testbed.cluster.start();
    expect(await deliver(handler)).toEqual(refreshed(2));
    expect(await deliver(cold)).toEqual(refreshed(2));
  });

  test('is not named to unauthenticated callers', async () => {
    await testbed.cluster.stop();
    passSeconds(3);
    expect(await deliver(handler, { signature: null })).toEqual({
      status: 401,
      body: { error: 'missing signature' },
    });
    expect(await deliver(handler, { signedWith: 'forged' })).toEqual(unauthorized);
    expect(await deliver(handler, { path: `/bitbucket/${'0'.repeat(64)}`, remainingMs: 700 })).toEqual(
      temporarilyUnavailable,
    );
  });

  test('does not affect deliveries that refresh nothing', async () => {
    await testbed.cluster.stop();
    expect(await deliver(handler, { event: 'repo:fork' })).toMatchObject({ status: 200 });
    expect(await deliver(handler, { event: 'diagnostics:ping', signature: null })).toMatchObject({
      status: 200,
    });
    expect(await deliver(handler, { body: '{' })).toMatchObject({ status: 400 });
  });
});

/** A failed answer of the cluster, by default without a wait before the next attempt. */
const failure = (status: number, retryAfter = '0'): ProxyFault => ({
  kind: 'answer',
  status,
  headers: { 'retry-after': retryAfter },
});

// How answers and errors are classified: tests/adapters/kubernetes/cluster-connection.test.ts.
describe('a failing cluster', () => {
  test.each<[what: string, fault: ProxyFault, times: number]>([
    ['429', failure(429), 3],
    ['503', failure(503), 3],
    ['500 without Retry-After', { kind: 'answer', status: 500 }, 1],
    ['a broken connection', { kind: 'cut' }, 1],
    ["a proxy's page", { kind: 'rewrite', rewrite: () => '<html></html>' }, 1],
  ])('is sent the request again after %s', async (_what, fault, times) => {
    disturb(() => true, fault, times);
    expect(await deliver(handler)).toEqual(refreshed(2));
    expect(await testbed.objects.takeRefreshed()).toEqual(['Warehouse demo/one', 'Warehouse demo/two']);
  });

  test.each<[what: string, fault: ProxyFault, reason: string, requests: number]>([
    ['429', failure(429), 'cluster API is throttling', 4],
    ['429 for a long time', failure(429, '5'), 'cluster API is throttling', 1],
    ['503', failure(503), 'cluster API unavailable', 4],
    ['503 for a long time', failure(503, '60'), 'cluster API unavailable', 1],
    ['403', failure(403), 'cluster API forbids the request', 1],
    ['404', failure(404), 'cluster API does not know Kargo', 1],
    ['401', failure(401), 'cluster API rejected the credentials', 2],
    ['410', failure(410), 'cluster API unavailable', 1],
    ['another object than a list', { kind: 'rewrite', rewrite: () => '{}' }, 'cluster API unavailable', 1],
  ])('causes 503 after %s, until it recovers', async (_what, fault, reason, requests) => {
    disturb(isWarehouseList, fault);
    expect(await deliver(handler)).toEqual(unavailable(reason));
    expect(testbed.cluster.requests.filter(isWarehouseList)).toHaveLength(requests);
    disturb(() => false, fault);
    expect(await deliver(handler)).toEqual(refreshed(2));
  });

  test.each([
    ['the list of Warehouses', isWarehouseList, unavailable('cluster API did not answer in time')],
    ['one refresh', isPatchOf('one'), unavailable('refreshed 1 of 2 warehouse(s)')],
  ])('that does not answer %s causes 503 within the budget', async (_what, concerns, answer) => {
    disturb(concerns, { kind: 'hang' });
    expect(await deliver(handler, { remainingMs: 800 })).toEqual(answer);
  });

  test('that answers something else than a Promotion causes 503, until it recovers', async () => {
    const closed = { event: 'pullrequest:fulfilled', payload: cloudPullRequest() };
    disturb(({ path }) => path.endsWith('/promotions/waits'), { kind: 'rewrite', rewrite: () => 'null' });
    expect(await deliver(handler, closed)).toEqual(unavailable('cluster API unavailable'));
    disturb(() => false, failure(500));
    expect(await deliver(handler, closed)).toEqual(done('refreshed 1 promotion(s)'));
  });

  test('that does not answer the list of receivers causes 503 within the budget', async () => {
    disturb(() => true, { kind: 'hang' });
    passSeconds(10);
    expect(await deliver(handler, { remainingMs: 800 })).toEqual(temporarilyUnavailable);
  });

  test('is not waited for where no time is left', async () => {
    expect(await deliver(await testbed.receiver(), { remainingMs: 100 })).toEqual(temporarilyUnavailable);
  });
});

describe('a refresh', () => {
  const failureWith = (message: string): ProxyFault => ({
    kind: 'answer',
    status: 500,
    body: { kind: 'Status', message },
  });
  const denial = failureWith('admission webhook "w.kargo.akuity.io" denied the request: no');

  test.each<[what: string, fault: ProxyFault]>([
    ['500', failure(500)],
    ['409', failure(409)],
  ])('that fails with %s is retried, counted, and does not affect the others', async (_what, fault) => {
    disturb(isPatchOf('one'), fault);
    expect(await deliver(handler)).toEqual(unavailable('refreshed 1 of 2 warehouse(s)'));
    expect(await testbed.objects.takeRefreshed()).toEqual(['Warehouse demo/two']);
    expect(testbed.cluster.requests.filter(isPatchOf('one'))).toHaveLength(4);
    disturb(() => false, fault);
    expect(await deliver(handler)).toEqual(refreshed(2));
  });

  test.each<[what: string, fault: ProxyFault]>([
    ['403', failure(403)],
    ['422', failure(422)],
    ['a denial by an admission webhook', denial],
    ['500, because etcd cannot store it', failureWith('etcdserver: request is too large')],
  ])('that is refused with %s is attempted once, and does not affect the others', async (_what, fault) => {
    disturb(isPatchOf('one'), fault);
    expect(await deliver(handler)).toEqual(done('refreshed 1 warehouse(s), 1 refused by the cluster'));
    expect(await testbed.objects.takeRefreshed()).toEqual(['Warehouse demo/two']);
    expect(testbed.cluster.requests.filter(isPatchOf('one'))).toHaveLength(1);
  });

  test('that is refused does not end the retries of a delivery in which another one fails', async () => {
    testbed.cluster.fault = (request) => {
      if (isPatchOf('one')(request)) return denial;
      return isPatchOf('two')(request) ? failure(500) : undefined;
    };
    expect(await deliver(handler)).toEqual(unavailable('refreshed 0 of 1 warehouse(s)'));
  });

  test('of a Promotion that is refused is counted', async () => {
    disturb(isPatch, failure(403));
    const delivery = { event: 'pullrequest:fulfilled', payload: cloudPullRequest() };
    const answer = done('refreshed 0 promotion(s), 1 refused by the cluster');
    expect(await deliver(handler, delivery)).toEqual(answer);
  });

  test('of an object that was deleted after the list is not a failure', async () => {
    testbed.cluster.fault = async (request) => {
      if (isPatchOf('one')(request)) await testbed.objects.delete(warehouse('demo', 'one'));
      return undefined;
    };
    expect(await deliver(handler)).toEqual(refreshed(1));
  });
});

test('an address at which the cluster is not reached is read again from the kubeconfig', async () => {
  writeKubeconfig(testbed.kubeconfig, 'http://127.0.0.1:1');
  const cold = await testbed.receiver();
  expect(await deliver(cold)).toEqual(temporarilyUnavailable);
  writeKubeconfig(testbed.kubeconfig, testbed.cluster.url);
  passSeconds(2);
  expect(await deliver(cold)).toEqual(refreshed(2));
});

test('credentials that the cluster rejects are read again from the kubeconfig', async () => {
  testbed.cluster.fault = ({ headers }) =>
    headers.authorization === 'Bearer renewed' ? undefined : { kind: 'answer', status: 401 };
  expect(await deliver(handler)).toEqual(unavailable('cluster API rejected the credentials'));
  writeKubeconfig(testbed.kubeconfig, testbed.cluster.url, 'renewed');
  expect(await deliver(handler)).toEqual(refreshed(2));
  testbed.cluster.requests.length = 0;
  expect(await deliver(handler)).toEqual(refreshed(2));
  expect(testbed.cluster.requests.map(({ headers }) => headers.authorization)).toEqual(
    Array.from({ length: 3 }, () => 'Bearer renewed'),
  );
});

test.each([
  ['is not YAML', 'not: [a kubeconfig'],
  ['names no cluster', 'current-context: nowhere'],
])('a kubeconfig that %s causes 503 until it is corrected', async (_what, text) => {
  const cold = await testbed.receiver();
  const good = readFileSync(testbed.kubeconfig, 'utf8');
  writeFileSync(testbed.kubeconfig, text);
  expect(await deliver(cold)).toEqual(temporarilyUnavailable);
  writeFileSync(testbed.kubeconfig, good);
  passSeconds(1);
  expect(await deliver(cold)).toEqual(refreshed(2));
});
