import { readFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { passSeconds, stopClock } from '../support/clock.ts';
import { deliver, type ReceiverHandler } from '../support/deliver.ts';
import { project, promotion, warehouse } from '../support/kargo-objects.ts';
import type { PassingRequest, ProxyFault } from '../support/loopback-proxy.ts';
import { startTestbed, writeKubeconfig, type Testbed } from '../support/testbed.ts';
import { cloudPullRequest } from '../support/payloads.ts';

const refreshed = (count: number) => ({ status: 200, body: { msg: `refreshed ${count} warehouse(s)` } });
const unavailable = (error: string) => ({ status: 503, body: { error } });
/** What a caller who has not signed may know. */
const untold = unavailable('temporarily unavailable');
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
  testbed = await startTestbed({
    objects: [
      ...project('demo'),
      warehouse('demo', 'one'),
      warehouse('demo', 'two'),
      promotion('demo', 'waits', 'https://bitbucket.org/acme/shop/pull-requests/7'),
    ],
  });
  handler = await testbed.receiver();
  // Everything is known and remembered once.
  await deliver(handler);
  await testbed.objects.takeRefreshed();
  testbed.cluster.forget();
  testbed.store.forget();
});

afterEach(() => testbed.close());

/** Makes trouble for requests of this kind, the first so many of them. */
function disturb(concerns: (request: PassingRequest) => boolean, fault: ProxyFault, times = Infinity): void {
  let left = times;
  testbed.cluster.fault = (request) => {
    if (!concerns(request) || left === 0) return undefined;
    left -= 1;
    return fault;
  };
}

describe('the secret store', () => {
  test('away does not matter while its secrets are remembered', async () => {
    await testbed.store.stop();
    expect(await deliver(handler)).toEqual(refreshed(2));
    passSeconds(30);
    expect(await deliver(handler)).toEqual(untold);
    await testbed.store.start();
    expect(await deliver(handler)).toEqual(refreshed(2));
  });

  const away = (name: string): ProxyFault => ({ kind: 'answer', status: 400, body: { __type: name } });

  test.each<[what: string, fault: ProxyFault]>([
    ['throttles', away('ThrottlingException')],
    ['is in trouble', { kind: 'answer', status: 500, body: { __type: 'InternalServiceError' } }],
    ['breaks connections', { kind: 'cut' }],
    ['hangs', { kind: 'hang' }],
    ['does not know our credentials', away('UnrecognizedClientException')],
  ])('that %s is 503 to a cold receiver', async (_what, fault) => {
    const cold = await testbed.receiver();
    testbed.store.fault = () => fault;
    expect(await deliver(cold, { remainingMs: 900 })).toEqual(untold);
    testbed.store.forget();
    passSeconds(3);
    expect(await deliver(cold)).toEqual(refreshed(2));
  });

  describe.each<[what: string, fault: (request: PassingRequest) => ProxyFault]>([
    ['keeps one secret from us', withoutOther('AccessDeniedException')],
    ['has trouble with one secret', withoutOther('InternalServiceError')],
    [
      'has trouble with the previous version of one secret',
      ({ body }) =>
        body.includes('AWSPREVIOUS')
          ? { kind: 'answer', status: 500, body: { __type: 'InternalServiceError' } }
          : { kind: 'rewrite', rewrite: (answer) => answer },
    ],
  ])('that %s', (_what, fault) => {
    let cold: ReceiverHandler;

    beforeEach(async () => {
      await testbed.objects.create(...project('other'), warehouse('other', 'main'));
      await testbed.secrets.create('kargo/other/bitbucket', 's3cret');
      cold = await testbed.receiver();
      testbed.store.fault = (request) => (request.body.includes('other') ? fault(request) : undefined);
    });

    test('does not affect the other receivers', async () => {
      expect(await deliver(cold)).toEqual(refreshed(2));
    });

    test('is 503 to its own receiver, which a status list names', async () => {
      testbed.store.forget();
      await testbed.reconcile();
      testbed.store.fault = (request) => (request.body.includes('other') ? fault(request) : undefined);
      expect(await deliver(cold, { project: 'other' })).toEqual(untold);
      testbed.store.forget();
      passSeconds(2);
      expect(await deliver(cold, { project: 'other' })).toEqual(refreshed(1));
    });
  });
});

describe('the cluster away', () => {
  test('is 503, and its return is noticed without a restart', async () => {
    const cold = await testbed.receiver();
    await testbed.cluster.stop();
    expect(await deliver(cold, { remainingMs: 700 })).toEqual(untold);
    passSeconds(10);
    expect(await deliver(handler)).toEqual(unavailable('cluster API unreachable'));
    await testbed.cluster.start();
    expect(await deliver(handler)).toEqual(refreshed(2));
    expect(await deliver(cold)).toEqual(refreshed(2));
  });

  test('is told to none who has not signed', async () => {
    await testbed.cluster.stop();
    passSeconds(3);
    expect(await deliver(handler, { signature: null })).toEqual({
      status: 401,
      body: { error: 'missing signature' },
    });
    expect(await deliver(handler, { signedWith: 'forged' })).toEqual(unauthorized);
    expect(await deliver(handler, { path: `/bitbucket/${'0'.repeat(64)}`, remainingMs: 700 })).toEqual(
      untold,
    );
  });

  test('does not matter to what needs no cluster', async () => {
    await testbed.cluster.stop();
    expect(await deliver(handler, { event: 'repo:fork' })).toMatchObject({ status: 200 });
    expect(await deliver(handler, { event: 'diagnostics:ping', signature: null })).toMatchObject({
      status: 200,
    });
    expect(await deliver(handler, { body: '{' })).toMatchObject({ status: 400 });
  });
});

describe('the cluster in trouble', () => {
  const busy = (headers: Record<string, string> = {}): ProxyFault => ({
    kind: 'answer',
    status: 429,
    headers,
  });
  const failing = (headers: Record<string, string> = {}): ProxyFault => ({
    kind: 'answer',
    status: 503,
    headers,
  });

  test.each<[what: string, fault: ProxyFault, times: number]>([
    ['429', busy(), 1],
    ['429 with Retry-After', busy({ 'retry-after': '0' }), 3],
    ['503', failing(), 1],
    ['503 with Retry-After', failing({ 'retry-after': '0' }), 3],
    [
      '503 with a Retry-After that is no number',
      failing({ 'retry-after': 'Wed, 21 Oct 2026 07:28:00 GMT' }),
      1,
    ],
    ['500', { kind: 'answer', status: 500 }, 1],
    ['a connection that breaks', { kind: 'cut' }, 1],
    ['a connection on which nothing comes back', { kind: 'hang' }, 1],
    ['a page of a proxy', { kind: 'rewrite', rewrite: () => '<html></html>' }, 1],
  ])('is tried again: %s', async (_what, fault, times) => {
    disturb(() => true, fault, times);
    expect(await deliver(handler)).toEqual(refreshed(2));
    expect(await testbed.objects.takeRefreshed()).toEqual(['Warehouse demo/one', 'Warehouse demo/two']);
  });

  test.each<[what: string, fault: ProxyFault, reason: string, requests: number]>([
    ['429', busy({ 'retry-after': '0' }), 'cluster API is throttling', 4],
    ['429 for a long time', busy({ 'retry-after': '5' }), 'cluster API is throttling', 1],
    ['503', failing({ 'retry-after': '0' }), 'cluster API is in trouble', 4],
    ['503 for a long time', failing({ 'retry-after': '60' }), 'cluster API is in trouble', 1],
    ['403', { kind: 'answer', status: 403 }, 'cluster API refuses us', 1],
    ['401', { kind: 'answer', status: 401 }, 'cluster API refuses our credentials', 2],
    ['connections that break', { kind: 'cut' }, 'cluster API unreachable', 4],
    ['a list that went on for too long', { kind: 'answer', status: 410 }, 'cluster API is in trouble', 1],
    ['pages of a proxy', { kind: 'rewrite', rewrite: () => '<html></html>' }, 'cluster API is in trouble', 4],
    ['what is no list', { kind: 'rewrite', rewrite: () => '{}' }, 'cluster API is in trouble', 1],
  ])('ends in 503: %s', async (_what, fault, reason, requests) => {
    disturb(isWarehouseList, fault);
    expect(await deliver(handler)).toEqual(unavailable(reason));
    expect(testbed.cluster.requests.filter(isWarehouseList)).toHaveLength(requests);
    disturb(() => false, fault);
    expect(await deliver(handler)).toEqual(refreshed(2));
  });

  test.each([
    [
      'the list of what is to be refreshed',
      isWarehouseList,
      unavailable('cluster API did not answer in time'),
    ],
    ['one refresh', isPatchOf('one'), unavailable('refreshed 1 of 2 warehouse(s)')],
  ])('hangs over %s, and the answer comes all the same', async (_what, concerns, answer) => {
    disturb(concerns, { kind: 'hang' });
    expect(await deliver(handler, { remainingMs: 800 })).toEqual(answer);
  });

  test('hangs over the list of receivers', async () => {
    disturb(() => true, { kind: 'hang' });
    passSeconds(10);
    expect(await deliver(handler, { remainingMs: 800 })).toEqual(untold);
  });

  test('leaves no time at all', async () => {
    expect(await deliver(await testbed.receiver(), { remainingMs: 100 })).toEqual(untold);
  });
});

describe('some refreshes failing', () => {
  test.each<[what: string, fault: ProxyFault]>([
    ['in trouble', { kind: 'answer', status: 500, headers: { 'retry-after': '0' } }],
    ['refused', { kind: 'answer', status: 403 }],
    ['not taken', { kind: 'answer', status: 422 }],
    ['in conflict', { kind: 'answer', status: 409 }],
  ])('%s, the others are made and the answer says how many', async (_what, fault) => {
    disturb(isPatchOf('one'), fault);
    expect(await deliver(handler)).toEqual(unavailable('refreshed 1 of 2 warehouse(s)'));
    expect(await testbed.objects.takeRefreshed()).toEqual(['Warehouse demo/two']);
    disturb(() => false, fault);
    expect(await deliver(handler)).toEqual(refreshed(2));
  });

  test('all of them', async () => {
    disturb(isPatch, { kind: 'answer', status: 403 });
    expect(await deliver(handler)).toEqual(unavailable('refreshed 0 of 2 warehouse(s)'));
  });

  test('of Promotions', async () => {
    disturb(isPatch, { kind: 'answer', status: 403 });
    const delivery = { event: 'pullrequest:fulfilled', payload: cloudPullRequest() };
    expect(await deliver(handler, delivery)).toEqual(unavailable('refreshed 0 of 1 promotion(s)'));
  });

  test('because the object was deleted meanwhile is no failure', async () => {
    testbed.cluster.fault = async (request) => {
      if (isPatchOf('one')(request)) await testbed.objects.delete(warehouse('demo', 'one'));
      return undefined;
    };
    expect(await deliver(handler)).toEqual(refreshed(1));
  });
});

test('credentials that ended are read anew from the kubeconfig', async () => {
  testbed.cluster.fault = ({ headers }) =>
    headers.authorization === 'Bearer renewed' ? undefined : { kind: 'answer', status: 401 };
  expect(await deliver(handler)).toEqual(unavailable('cluster API refuses our credentials'));
  writeKubeconfig(testbed.kubeconfig, testbed.cluster.url, 'renewed');
  expect(await deliver(handler)).toEqual(refreshed(2));
  testbed.cluster.requests.length = 0;
  expect(await deliver(handler)).toEqual(refreshed(2));
  expect(testbed.cluster.requests.map(({ headers }) => headers.authorization)).toEqual(
    Array.from({ length: 3 }, () => 'Bearer renewed'),
  );
});

test.each([
  ['is none', 'not: [a kubeconfig'],
  ['names no cluster', 'current-context: nowhere'],
])('a kubeconfig that %s is 503, until it is mended', async (_what, text) => {
  const cold = await testbed.receiver();
  const good = readFileSync(testbed.kubeconfig, 'utf8');
  writeFileSync(testbed.kubeconfig, text);
  expect(await deliver(cold)).toEqual(untold);
  writeFileSync(testbed.kubeconfig, good);
  expect(await deliver(cold)).toEqual(refreshed(2));
});

/** Makes the store give every secret but `other`, for which it has this error. */
function withoutOther(code: string): (request: PassingRequest) => ProxyFault {
  const SecretId = 'kargo/other/bitbucket';
  const rewrite = (answer: string): string => {
    const { SecretValues } = JSON.parse(answer) as { SecretValues: { Name: string }[] };
    return JSON.stringify({
      SecretValues: SecretValues.filter(({ Name }) => Name !== SecretId),
      Errors: [{ SecretId, ErrorCode: code, Message: 'no' }],
    });
  };
  return ({ operation }) =>
    operation === 'GetSecretValue'
      ? { kind: 'answer', status: code === 'AccessDeniedException' ? 400 : 500, body: { __type: code } }
      : { kind: 'rewrite', rewrite };
}
