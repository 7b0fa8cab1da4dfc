import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { passSeconds, stopClock } from '../support/clock.ts';
import { coldRedelivery, type RedeliveryHandler } from '../support/cold-functions.ts';
import { ConsoleLines } from '../support/console-lines.ts';
import { promotion } from '../support/kargo-objects.ts';
import type { PassingRequest, ProxyFault } from '../support/loopback-proxy.ts';
import {
  CLOSED,
  PULL_REQUEST,
  PUSH,
  startRedeliveryTestbed,
  type RedeliveryTestbed,
} from '../support/redelivery-testbed.ts';
import { skipWaits } from '../support/waits.ts';

const unavailable: ProxyFault = { kind: 'answer', status: 503, headers: { 'retry-after': '60' } };
const forbidden: ProxyFault = { kind: 'answer', status: 403 };
const isPatchOf = ({ method, path }: PassingRequest, name: string): boolean =>
  method === 'PATCH' && path.endsWith(`/${name}`);
/** A message with the names of the objects that are left. */
const rest = (...names: string[]): object => ({ ...PUSH, only: names.map((name) => `demo/${name}`) });

let testbed: RedeliveryTestbed;
let retries: RedeliveryTestbed['retries'];
let handler: RedeliveryHandler;
let lines: ConsoleLines;

beforeEach(async () => {
  stopClock();
  skipWaits();
  testbed = await startRedeliveryTestbed();
  ({ retries } = testbed);
  handler = await coldRedelivery();
  lines = new ConsoleLines();
});

afterEach(async () => {
  await testbed.close();
  jest.restoreAllMocks();
});

const patches = (): string[] =>
  testbed.cluster.requests.flatMap(({ method, path }) =>
    method === 'PATCH' ? path.split('/').slice(-1) : [],
  );
const lists = (): number =>
  testbed.cluster.requests.filter(
    ({ method, path }) => method === 'GET' && /\/(warehouses|promotions)(\?|$)/.test(path),
  ).length;
const waiting = (): unknown[] => {
  passSeconds(300);
  return retries.queue.receive(10).map(({ body }) => JSON.parse(body) as unknown);
};

describe('a queued event', () => {
  test.each<[what: string, message: object, refreshed: string[], lists: number]>([
    ['that is whole', PUSH, ['Warehouse demo/one', 'Warehouse demo/two'], 1],
    ['with the names that are left', rest('two'), ['Warehouse demo/two'], 0],
    ['of a closed pull request', CLOSED, ['Promotion demo/waits'], 1],
    [
      'of a receiver of the ClusterConfig',
      { ...PUSH, project: '' },
      ['Warehouse demo/one', 'Warehouse demo/two', 'Warehouse other/main'],
      1,
    ],
    ['whose objects are deleted', rest('gone'), [], 0],
  ])('%s is done and deleted', async (_what, message, refreshed, listed) => {
    testbed.enqueue(message);
    expect(await retries.redeliver(handler)).toEqual({ received: 1, deleted: 1 });
    expect(lists()).toBe(listed);
    expect(await testbed.objects.takeRefreshed()).toEqual(refreshed);
    expect(waiting()).toEqual([]);
    expect(testbed.takeDeadLetters()).toEqual([]);
  });

  test('is logged in one line, with where it comes from', async () => {
    testbed.enqueue(rest('one'));
    passSeconds(60);
    await retries.redeliver(handler);
    expect(lines.takeLogs('redelivery')).toMatchObject([
      {
        level: 'INFO',
        requestUuid: 'a1b2',
        target: 'kargo',
        receiver: 'bb',
        project: 'demo',
        repository: ['bitbucket.org/acme/shop'],
        refs: ['branch main'],
        attempt: 1,
        ageSeconds: 60,
        refreshed: ['demo/one'],
        outcome: 'done',
      },
    ]);
  });
});

describe('a retryable failure', () => {
  test('of the cluster hides the message for a while, and leaves it in the queue', async () => {
    testbed.enqueue(PUSH);
    await testbed.cluster.stop();
    expect(await retries.redeliver(handler)).toEqual({ received: 1, deleted: 0 });
    await testbed.cluster.start();
    passSeconds(2);
    expect(await retries.redeliver(handler)).toEqual({ received: 1, deleted: 1 });
    expect(await testbed.objects.takeRefreshed()).toEqual(['Warehouse demo/one', 'Warehouse demo/two']);
  });

  test('with Retry-After hides it at least so long', async () => {
    testbed.enqueue(PUSH);
    testbed.cluster.fault = () => unavailable;
    expect(await retries.redeliver(handler)).toEqual({ received: 1, deleted: 0 });
    passSeconds(59);
    expect(await retries.redeliver(handler)).toEqual({ received: 0, deleted: 0 });
    passSeconds(1);
    testbed.cluster.reset();
    expect(await retries.redeliver(handler)).toEqual({ received: 1, deleted: 1 });
  });

  test('of some objects replaces the message by one with their names', async () => {
    testbed.enqueue(PUSH);
    testbed.cluster.fault = (request) => (isPatchOf(request, 'two') ? unavailable : undefined);
    expect(await retries.redeliver(handler)).toEqual({ received: 1, deleted: 1 });
    expect(await testbed.objects.takeRefreshed()).toEqual(['Warehouse demo/one']);
    expect(waiting()).toEqual([{ ...PUSH, only: ['demo/two'], reason: 'refreshed 1 of 2 warehouse(s)' }]);
  });

  test('of some objects keeps the message where the rest cannot be queued', async () => {
    testbed.enqueue(PUSH);
    testbed.cluster.fault = (request) => (isPatchOf(request, 'two') ? unavailable : undefined);
    retries.proxy.fault = ({ operation }) =>
      operation === 'SendMessage' ? { kind: 'answer', status: 400, body: { __type: 'x' } } : undefined;
    expect(await retries.redeliver(handler)).toEqual({ received: 1, deleted: 0 });
    expect(waiting()).toEqual([PUSH]);
  });

  test('of one object does not affect the others of the batch', async () => {
    testbed.enqueue(...['one', 'two', 'dev'].map((name) => rest(name)));
    testbed.cluster.fault = (request) => (isPatchOf(request, 'one') ? unavailable : undefined);
    expect(await retries.redeliver(handler)).toEqual({ received: 3, deleted: 2 });
    expect(await testbed.objects.takeRefreshed()).toEqual(['Warehouse demo/dev', 'Warehouse demo/two']);
  });

  test('of every object of one project does not affect the other projects', async () => {
    testbed.enqueue({ ...PUSH, only: ['demo/one', 'demo/two'] }, { ...PUSH, only: ['other/main'] });
    testbed.cluster.fault = ({ path }) => (path.includes('/demo/') ? unavailable : undefined);
    expect(await retries.redeliver(handler)).toEqual({ received: 2, deleted: 1 });
    expect(await testbed.objects.takeRefreshed()).toEqual(['Warehouse other/main']);
  });

  test.each<[what: string, messages: object[], requests: number]>([
    ['a listing fails', Array.from({ length: 10 }, () => PUSH), 1],
    ['three projects fail', Array.from({ length: 10 }, (_, at) => ({ ...PUSH, only: [`p${at}/a`] })), 3],
  ])('by which the cluster is unavailable ends the batch: %s', async (_what, messages, requests) => {
    testbed.enqueue(...messages);
    testbed.cluster.fault = () => unavailable;
    expect(await retries.redeliver(handler)).toEqual({ received: 10, deleted: 0 });
    expect(testbed.cluster.requests).toHaveLength(requests);
    expect(waiting()).toHaveLength(10);
  });

  test('is logged with the reason', async () => {
    testbed.enqueue(PUSH);
    testbed.cluster.fault = () => unavailable;
    await retries.redeliver(handler);
    expect(lines.takeLogs('redelivery')).toMatchObject([
      { level: 'WARN', outcome: 'postponed', reason: 'cluster API unavailable', requestUuid: 'a1b2' },
    ]);
  });

  test('where the delay cannot be set leaves the message to the visibility timeout of the queue', async () => {
    testbed.enqueue(PUSH);
    testbed.cluster.fault = () => unavailable;
    retries.proxy.fault = () => ({ kind: 'answer', status: 400, body: { __type: 'x' } });
    expect(await retries.redeliver(handler)).toEqual({ received: 1, deleted: 0 });
    passSeconds(179);
    expect(retries.queue.count().visible).toBe(0);
    passSeconds(1);
    expect(retries.queue.count().visible).toBe(1);
  });
});

test('what the cluster refuses for good ends with a log line, and the message is done', async () => {
  testbed.enqueue(rest('one', 'two'));
  testbed.cluster.fault = (request) => (isPatchOf(request, 'one') ? forbidden : undefined);
  expect(await retries.redeliver(handler)).toEqual({ received: 1, deleted: 1 });
  expect(
    lines.lines.map(({ message, object, outcome, refused }) => ({ message, object, outcome, refused })),
  ).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ message: 'refresh refused by the cluster', object: 'demo/one' }),
      expect.objectContaining({ message: 'redelivery', outcome: 'done', refused: ['demo/one'] }),
    ]),
  );
});

describe('the same object', () => {
  test.each<[what: string, messages: object[]]>([
    ['the same event', [PUSH, PUSH]],
    ['an event and the rest of another', [PUSH, rest('one', 'two')]],
    ['the rest of two events', [rest('one', 'two'), rest('two')]],
  ])('is refreshed once where a batch holds %s', async (_what, messages) => {
    testbed.enqueue(...messages);
    expect(await retries.redeliver(handler)).toEqual({ received: 2, deleted: 2 });
    expect(patches().toSorted()).toEqual(['one', 'two']);
  });

  test('is refreshed again by another batch', async () => {
    testbed.enqueue(PUSH);
    await retries.redeliver(handler);
    testbed.enqueue(PUSH);
    await retries.redeliver(handler);
    expect(patches().toSorted()).toEqual(['one', 'one', 'two', 'two']);
  });

  test('a Warehouse and a Promotion of one name are two objects', async () => {
    await testbed.objects.create(promotion('demo', 'one', PULL_REQUEST));
    testbed.enqueue(rest('one'), { ...CLOSED, only: ['demo/one'] });
    expect(await retries.redeliver(handler)).toEqual({ received: 2, deleted: 2 });
    expect(await testbed.objects.takeRefreshed()).toEqual(['Promotion demo/one', 'Warehouse demo/one']);
  });
});

describe('the time of the function', () => {
  test('that is used up leaves the rest of the batch in the queue', async () => {
    testbed.enqueue(rest('one'), rest('two'), rest('dev'));
    testbed.cluster.fault = (request) => (isPatchOf(request, 'two') ? { kind: 'hang' } : undefined);
    expect(await retries.redeliver(handler, { remainingMs: 4_700 })).toEqual({ received: 3, deleted: 1 });
    expect(await testbed.objects.takeRefreshed()).toEqual(['Warehouse demo/one']);
    expect(waiting()).toMatchObject([{ only: ['demo/two'] }, { only: ['demo/dev'] }]);
  });

  test('that ends while it works loses nothing: Lambda receives the batch again', async () => {
    testbed.enqueue(rest('one'), rest('two'));
    testbed.cluster.fault = (request) => (isPatchOf(request, 'two') ? { kind: 'hang' } : undefined);
    // Killed: nobody waits for its result.
    void retries.redeliver(handler).catch(() => undefined);
    passSeconds(180);
    testbed.cluster.reset();
    expect(await retries.redeliver(await coldRedelivery())).toEqual({ received: 2, deleted: 2 });
    expect(await testbed.objects.takeRefreshed()).toEqual(['Warehouse demo/one', 'Warehouse demo/two']);
  });
});

test('does not start without its queue', async () => {
  process.env['RETRY_QUEUE_URL'] = '';
  await expect(coldRedelivery()).rejects.toThrow('invalid settings: RETRY_QUEUE_URL must be set');
});
