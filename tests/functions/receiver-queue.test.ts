import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { passSeconds, stopClock } from '../support/clock.ts';
import { ConsoleLines } from '../support/console-lines.ts';
import { deliver, type DeliveryOptions, type ReceiverHandler } from '../support/deliver.ts';
import { project, promotion, warehouse } from '../support/kargo-objects.ts';
import type { PassingRequest, ProxyFault } from '../support/loopback-proxy.ts';
import { cloudPullRequest, cloudPush } from '../support/payloads.ts';
import { startTestQueue, type TestQueue } from '../support/retry-queue.ts';
import { startTestbed, type Testbed } from '../support/testbed.ts';
import { skipWaits } from '../support/waits.ts';

const PULL_REQUEST = 'https://bitbucket.org/acme/shop/pull-requests/7';
const NOW = '2026-05-04T10:11:15.345Z';

const unavailable: ProxyFault = { kind: 'answer', status: 503, headers: { 'retry-after': '60' } };
const isPatchOf = ({ method, path }: PassingRequest, ...names: string[]): boolean =>
  method === 'PATCH' && names.some((name) => path.endsWith(`/${name}`));
const queued = (reason: string) => ({ status: 202, body: { msg: `queued: ${reason}` } });

let testbed: Testbed;
let retries: TestQueue;
let handler: ReceiverHandler;

beforeEach(async () => {
  stopClock();
  skipWaits();
  testbed = await startTestbed({
    objects: [
      ...project('demo'),
      warehouse('demo', 'one'),
      warehouse('demo', 'two'),
      promotion('demo', 'waits', PULL_REQUEST),
    ],
  });
  retries = await startTestQueue();
  handler = await testbed.receiver();
  // Fills the caches.
  await deliver(handler);
  await testbed.objects.takeRefreshed();
  testbed.cluster.reset();
  passSeconds(3);
});

afterEach(async () => {
  await retries.close();
  await testbed.close();
  jest.restoreAllMocks();
});

/** Takes the messages out of the queue. */
function takeMessages(): unknown[] {
  const received = retries.queue.receive(10);
  for (const { receiptHandle } of received) retries.queue.delete(receiptHandle);
  return received.map(({ body }) => JSON.parse(body) as unknown);
}

const push = {
  version: 1,
  target: 'kargo',
  event: {
    kind: 'push',
    addresses: ['bitbucket.org/acme/shop'],
    // Each sample is of another commit.
    refs: [{ kind: 'branch', name: 'main', to: expect.stringMatching(/^0{30}[0-9a-f]{10}$/) }],
  },
  project: 'demo',
  receiver: 'bb',
  since: NOW,
  queuedAt: NOW,
};

describe('what a target has not finished is queued', () => {
  test('as the whole event where the objects cannot be listed', async () => {
    await testbed.cluster.stop();
    const headers = { 'x-request-uuid': 'a1b2' };
    expect(await deliver(handler, { headers })).toEqual(queued('cluster API unreachable'));
    expect(takeMessages()).toEqual([{ ...push, reason: 'cluster API unreachable', requestUuid: 'a1b2' }]);
  });

  test('as the names of the objects where some are refreshed', async () => {
    testbed.cluster.fault = (request) => (isPatchOf(request, 'two') ? unavailable : undefined);
    const reason = 'refreshed 1 of 2 warehouse(s)';
    expect(await deliver(handler)).toEqual(queued(reason));
    expect(takeMessages()).toEqual([{ ...push, reason, only: ['demo/two'] }]);
    expect(await testbed.objects.takeRefreshed()).toEqual(['Warehouse demo/one']);
  });

  test('also of a closed pull request', async () => {
    testbed.cluster.fault = ({ method }) => (method === 'PATCH' ? unavailable : undefined);
    const delivery = { event: 'pullrequest:fulfilled', payload: cloudPullRequest() };
    const reason = 'refreshed 0 of 1 promotion(s)';
    expect(await deliver(handler, delivery)).toEqual(queued(reason));
    const event = { kind: 'pull-request-closed', url: PULL_REQUEST };
    expect(takeMessages()).toEqual([{ ...push, event, reason, only: ['demo/waits'] }]);
  });

  test('when the time is used up, of which a part is left for queueing', async () => {
    testbed.cluster.fault = ({ method }) => (method === 'PATCH' ? { kind: 'hang' } : undefined);
    expect(await deliver(handler, { remainingMs: 2_500 })).toEqual(queued('refreshed 0 of 2 warehouse(s)'));
    expect(takeMessages()).toMatchObject([{ only: ['demo/one', 'demo/two'] }]);
  });

  test('as the whole event where the index was last read before a Warehouse entered it', async () => {
    await testbed.reconcile();
    expect(await deliver(handler)).toMatchObject({ status: 200 });
    await testbed.objects.create(warehouse('demo', 'late'));
    await testbed.reconcile();
    passSeconds(3);
    await testbed.cluster.stop();
    expect(await deliver(handler)).toEqual(queued('cluster API unreachable'));
    const [message] = takeMessages();
    expect(message).toMatchObject({ target: 'kargo', project: 'demo', event: push.event });
    expect(message).not.toHaveProperty('only');
  });

  test('in messages of a hundred objects each', async () => {
    const names = Array.from({ length: 248 }, (_none, index) => `w${String(index).padStart(3, '0')}`);
    await testbed.objects.create(...names.map((name) => warehouse('demo', name)));
    testbed.cluster.fault = ({ method }) => (method === 'PATCH' ? unavailable : undefined);
    expect(await deliver(handler)).toEqual(queued('refreshed 0 of 250 warehouse(s)'));
    const messages = takeMessages() as { only: string[] }[];
    // They are sent concurrently.
    expect(messages.map(({ only }) => only.length).toSorted((a, b) => b - a)).toEqual([100, 100, 50]);
    expect(messages.flatMap(({ only }) => only).toSorted()).toEqual(
      ['one', 'two', ...names].map((name) => `demo/${name}`),
    );
  });

  test('with any number of refs, in messages that the queue takes', async () => {
    await testbed.cluster.stop();
    const refs = Array.from(
      { length: 4_000 },
      (_none, index): `tag ${string}` => `tag \uFFFF${index}-${'x'.repeat(80)}`,
    );
    expect(await deliver(handler, { payload: cloudPush('acme/shop', ...refs) })).toEqual(
      queued('cluster API unreachable'),
    );
    const messages = takeMessages() as { event: { refs: { name: string }[] } }[];
    expect(messages.length).toBeGreaterThan(1);
    const kept = messages.flatMap(({ event }) => event.refs.map(({ name }) => `tag ${name}`));
    // As a text: a difference in thousands of names is not readable.
    expect(kept.toSorted().join() === refs.toSorted().join()).toBe(true);
  });
});

describe('nothing is queued', () => {
  test.each<[what: string, delivery: DeliveryOptions, status: number]>([
    ['of a forged delivery', { signedWith: 'forged' }, 401],
    ['of a delivery without a signature', { signature: null }, 401],
    ['of an event that nothing is done for', { event: 'repo:fork' }, 200],
    ['of a body that is no event', { body: '{' }, 400],
  ])('%s', async (_what, delivery, status) => {
    await testbed.cluster.stop();
    expect(await deliver(handler, delivery)).toMatchObject({ status });
    expect(takeMessages()).toEqual([]);
  });

  test('where the secret cannot be read, so that nothing is verified', async () => {
    await testbed.store.stop();
    passSeconds(60);
    expect(await deliver(handler, { remainingMs: 2_500 })).toEqual({
      status: 503,
      body: { error: 'temporarily unavailable' },
    });
    expect(takeMessages()).toEqual([]);
  });

  test('of what the cluster refuses for good', async () => {
    testbed.cluster.fault = (request) =>
      isPatchOf(request, 'one') ? { kind: 'answer', status: 403 } : undefined;
    expect(await deliver(handler)).toEqual({
      status: 200,
      body: { msg: 'refreshed 1 warehouse(s), 1 refused by the cluster' },
    });
    expect(takeMessages()).toEqual([]);
  });
});

describe('a queue that does not take the event', () => {
  const rejection = (name: string): ProxyFault => ({
    kind: 'answer',
    status: 400,
    body: { __type: `com.amazonaws.sqs#${name}` },
  });

  test.each<[what: string, fault: ProxyFault]>([
    ['does not exist', rejection('QueueDoesNotExist')],
    ['forbids it', rejection('AccessDeniedException')],
    ['does not answer', { kind: 'hang' }],
    ['breaks connections', { kind: 'cut' }],
    [
      'accepts a part of it only',
      {
        kind: 'rewrite',
        rewrite: () =>
          '{"Successful":[],"Failed":[{"Id":"0","Code":"InternalError","SenderFault":false,"Message":""}]}',
      },
    ],
  ])(
    'because it %s causes 503 with the reason of the target, and its own in the log',
    async (_what, fault) => {
      retries.proxy.fault = () => fault;
      testbed.cluster.fault = ({ method }) => (method === 'GET' ? unavailable : undefined);
      const lines = new ConsoleLines();
      process.env['LOG_LEVEL'] = 'INFO';
      const loud = await testbed.receiver();
      testbed.cluster.reset();
      await deliver(loud);
      passSeconds(3);
      testbed.cluster.fault = ({ path }) => (path.includes('/warehouses') ? unavailable : undefined);
      lines.takeLogs('delivery');
      expect(await deliver(loud, { remainingMs: 3_500 })).toEqual({
        status: 503,
        body: { error: 'cluster API unavailable' },
      });
      const [line] = lines.takeLogs('delivery');
      expect(line).toMatchObject({
        level: 'ERROR',
        status: 503,
        queueError: { name: 'RetryableError', message: expect.stringContaining('retry queue unavailable') },
      });
    },
  );

  test('at first, but does at a later attempt, causes 202', async () => {
    let left = 1;
    retries.proxy.fault = () => {
      if (left === 0) return undefined;
      left -= 1;
      return { kind: 'answer', status: 500 };
    };
    await testbed.cluster.stop();
    expect(await deliver(handler)).toEqual(queued('cluster API unreachable'));
    expect(takeMessages()).toHaveLength(1);
  });
});
