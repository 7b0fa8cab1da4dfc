import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { passSeconds, stopClock } from '../support/clock.ts';
import { coldRedelivery, type RedeliveryHandler } from '../support/cold-functions.ts';
import { ConsoleLines } from '../support/console-lines.ts';
import { project, promotion, warehouse } from '../support/kargo-objects.ts';
import type { PassingRequest, ProxyFault } from '../support/loopback-proxy.ts';
import { startTestQueue, type TestQueue } from '../support/retry-queue.ts';
import { startTestbed, type Testbed } from '../support/testbed.ts';
import { skipWaits } from '../support/waits.ts';

const PULL_REQUEST = 'https://bitbucket.org/acme/shop/pull-requests/7';
const NOW = '2026-05-04T10:11:12.345Z';
const HOUR_S = 3_600;

const unavailable: ProxyFault = { kind: 'answer', status: 503, headers: { 'retry-after': '60' } };
const forbidden: ProxyFault = { kind: 'answer', status: 403 };
const isPatchOf = ({ method, path }: PassingRequest, ...names: string[]): boolean =>
  method === 'PATCH' && names.some((name) => path.endsWith(`/${name}`));

const push = {
  version: 1,
  target: 'kargo',
  event: {
    kind: 'push',
    addresses: ['bitbucket.org/acme/shop'],
    refs: [{ kind: 'branch', name: 'main' }],
  },
  project: 'demo',
  receiver: 'bb',
  reason: 'cluster API unreachable',
  since: NOW,
  queuedAt: NOW,
  requestUuid: 'a1b2',
};
const closed = { ...push, event: { kind: 'pull-request-closed', url: PULL_REQUEST } };

let testbed: Testbed;
let retries: TestQueue;
let handler: RedeliveryHandler;
let lines: ConsoleLines;

beforeEach(async () => {
  stopClock();
  skipWaits();
  testbed = await startTestbed({
    objects: [
      ...project('demo'),
      warehouse('demo', 'one'),
      warehouse('demo', 'two'),
      warehouse('demo', 'dev', { branch: 'dev' }),
      promotion('demo', 'waits', PULL_REQUEST),
      ...project('other'),
      warehouse('other', 'main'),
    ],
    settings: { LOG_LEVEL: 'INFO' },
  });
  retries = await startTestQueue();
  handler = await coldRedelivery();
  lines = new ConsoleLines();
});

afterEach(async () => {
  await retries.close();
  await testbed.close();
  jest.restoreAllMocks();
});

function enqueue(...messages: readonly (object | string)[]): void {
  for (const message of messages)
    retries.queue.send(typeof message === 'string' ? message : JSON.stringify(message), {}, 0);
}

const patches = (): string[] =>
  testbed.cluster.requests.flatMap(({ method, path }) =>
    method === 'PATCH' ? path.split('/').slice(-1) : [],
  );
const lists = (): number =>
  testbed.cluster.requests.filter(
    ({ method, path }) => method === 'GET' && /\/(warehouses|promotions)(\?|$)/.test(path),
  ).length;
const deadLetters = (): { reason: string | undefined; body: string }[] =>
  retries.deadLetters
    .receive(10)
    .map(({ attributes, body }) => ({ reason: attributes['reason']?.StringValue, body }));
const waiting = (): unknown[] => {
  passSeconds(300);
  return retries.queue.receive(10).map(({ body }) => JSON.parse(body) as unknown);
};

describe('a queued event', () => {
  test.each<[what: string, message: object, refreshed: string[], lists: number]>([
    ['that is whole', push, ['Warehouse demo/one', 'Warehouse demo/two'], 1],
    ['with the names that are left', { ...push, only: ['demo/two'] }, ['Warehouse demo/two'], 0],
    ['of a closed pull request', closed, ['Promotion demo/waits'], 1],
    [
      'of a receiver of the ClusterConfig',
      { ...push, project: '' },
      ['Warehouse demo/one', 'Warehouse demo/two', 'Warehouse other/main'],
      1,
    ],
    ['whose objects are deleted', { ...push, only: ['demo/gone'] }, [], 0],
  ])('%s is done and deleted', async (_what, message, refreshed, listed) => {
    enqueue(message);
    expect(await retries.redeliver(handler)).toEqual({ received: 1, deleted: 1 });
    expect(lists()).toBe(listed);
    expect(await testbed.objects.takeRefreshed()).toEqual(refreshed);
    expect(waiting()).toEqual([]);
    expect(deadLetters()).toEqual([]);
  });

  test('is logged in one line, with where it comes from', async () => {
    enqueue({ ...push, only: ['demo/one'] });
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
    enqueue(push);
    await testbed.cluster.stop();
    expect(await retries.redeliver(handler)).toEqual({ received: 1, deleted: 0 });
    await testbed.cluster.start();
    passSeconds(2);
    expect(await retries.redeliver(handler)).toEqual({ received: 1, deleted: 1 });
    expect(await testbed.objects.takeRefreshed()).toEqual(['Warehouse demo/one', 'Warehouse demo/two']);
  });

  test('with Retry-After hides it at least so long', async () => {
    enqueue(push);
    testbed.cluster.fault = () => unavailable;
    expect(await retries.redeliver(handler)).toEqual({ received: 1, deleted: 0 });
    passSeconds(59);
    expect(await retries.redeliver(handler)).toEqual({ received: 0, deleted: 0 });
    passSeconds(1);
    testbed.cluster.reset();
    expect(await retries.redeliver(handler)).toEqual({ received: 1, deleted: 1 });
  });

  test('of some objects replaces the message by one with their names', async () => {
    enqueue(push);
    testbed.cluster.fault = (request) => (isPatchOf(request, 'two') ? unavailable : undefined);
    expect(await retries.redeliver(handler)).toEqual({ received: 1, deleted: 1 });
    expect(await testbed.objects.takeRefreshed()).toEqual(['Warehouse demo/one']);
    const reason = 'refreshed 1 of 2 warehouse(s)';
    expect(waiting()).toEqual([{ ...push, only: ['demo/two'], reason }]);
  });

  test('of some objects keeps the message where the rest cannot be queued', async () => {
    enqueue(push);
    testbed.cluster.fault = (request) => (isPatchOf(request, 'two') ? unavailable : undefined);
    retries.proxy.fault = ({ operation }) =>
      operation === 'SendMessage' ? { kind: 'answer', status: 400, body: { __type: 'x' } } : undefined;
    expect(await retries.redeliver(handler)).toEqual({ received: 1, deleted: 0 });
    expect(waiting()).toEqual([push]);
  });

  test('of one object does not affect the others of the batch', async () => {
    enqueue(...['one', 'two', 'dev'].map((name) => ({ ...push, only: [`demo/${name}`] })));
    testbed.cluster.fault = (request) => (isPatchOf(request, 'one') ? unavailable : undefined);
    expect(await retries.redeliver(handler)).toEqual({ received: 3, deleted: 2 });
    expect(await testbed.objects.takeRefreshed()).toEqual(['Warehouse demo/dev', 'Warehouse demo/two']);
  });

  test.each<[what: string, messages: object[], requests: number]>([
    ['a listing fails', Array.from({ length: 10 }, () => push), 1],
    [
      'two objects fail one after the other',
      Array.from({ length: 10 }, (_none, index) => ({ ...push, only: [`demo/w${index}`] })),
      2,
    ],
  ])('by which the cluster is unavailable ends the batch: %s', async (_what, messages, requests) => {
    enqueue(...messages);
    testbed.cluster.fault = () => unavailable;
    expect(await retries.redeliver(handler)).toEqual({ received: 10, deleted: 0 });
    expect(testbed.cluster.requests).toHaveLength(requests);
    expect(waiting()).toHaveLength(10);
  });

  test('is logged with the reason', async () => {
    enqueue(push);
    testbed.cluster.fault = () => unavailable;
    await retries.redeliver(handler);
    expect(lines.takeLogs('redelivery')).toMatchObject([
      { level: 'WARN', outcome: 'postponed', reason: 'cluster API unavailable', requestUuid: 'a1b2' },
    ]);
  });

  test('where the delay cannot be set leaves the message to the visibility timeout of the queue', async () => {
    enqueue(push);
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
  enqueue({ ...push, only: ['demo/one', 'demo/two'] });
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
    ['the same event', [push, push]],
    ['an event and the rest of another', [push, { ...push, only: ['demo/one', 'demo/two'] }]],
    [
      'the rest of two events',
      [
        { ...push, only: ['demo/one', 'demo/two'] },
        { ...push, only: ['demo/two'] },
      ],
    ],
  ])('is refreshed once where a batch holds %s', async (_what, messages) => {
    enqueue(...messages);
    expect(await retries.redeliver(handler)).toEqual({ received: 2, deleted: 2 });
    expect(patches().toSorted()).toEqual(['one', 'two']);
  });

  test('is refreshed again by another batch', async () => {
    enqueue(push);
    await retries.redeliver(handler);
    enqueue(push);
    await retries.redeliver(handler);
    expect(patches().toSorted()).toEqual(['one', 'one', 'two', 'two']);
  });

  test('a Warehouse and a Promotion of one name are two objects', async () => {
    await testbed.objects.create(promotion('demo', 'one', PULL_REQUEST));
    enqueue({ ...push, only: ['demo/one'] }, { ...closed, only: ['demo/one'] });
    expect(await retries.redeliver(handler)).toEqual({ received: 2, deleted: 2 });
    expect(await testbed.objects.takeRefreshed()).toEqual(['Promotion demo/one', 'Warehouse demo/one']);
  });
});

describe('the dead-letter queue takes at once', () => {
  test.each<[what: string, text: string, reason: string]>([
    ['what is not JSON', 'hello', 'unreadable: it is not JSON'],
    [
      'another format',
      JSON.stringify({ ...push, version: 2 }),
      'unreadable: version is missing or of another kind',
    ],
    [
      'an event of another kind',
      JSON.stringify({ ...push, event: { kind: 'tag' } }),
      'unreadable: event is missing or of another kind',
    ],
    ['a list', '[]', 'unreadable: version is missing or of another kind'],
    [
      'a target that is not configured',
      JSON.stringify({ ...push, target: 'mail' }),
      'there is no target "mail"',
    ],
  ])('%s', async (_what, body, reason) => {
    enqueue(body, push);
    expect(await retries.redeliver(handler)).toEqual({ received: 2, deleted: 2 });
    expect(deadLetters()).toEqual([{ reason, body }]);
    expect(await testbed.objects.takeRefreshed()).toEqual(['Warehouse demo/one', 'Warehouse demo/two']);
  });

  test('a message older than RETRY_MAX_AGE_HOURS, and no younger one', async () => {
    enqueue(push);
    passSeconds(6 * HOUR_S + 1);
    enqueue({ ...push, queuedAt: new Date(Date.now() - 6 * HOUR_S * 1_000).toISOString() });
    expect(await retries.redeliver(handler)).toEqual({ received: 2, deleted: 2 });
    expect(lines.takeLogs('redelivery')).toMatchObject([
      { level: 'ERROR', outcome: 'dead', reason: 'too old: cluster API unreachable', ageSeconds: 21_601 },
      { level: 'INFO', outcome: 'done' },
    ]);
    expect(deadLetters()).toEqual([
      { reason: 'too old: cluster API unreachable', body: JSON.stringify(push) },
    ]);
  });

  test('nothing where it does not accept the message, which stays in the queue', async () => {
    enqueue('hello');
    retries.proxy.fault = ({ operation }) =>
      operation === 'SendMessage' ? { kind: 'answer', status: 400, body: { __type: 'x' } } : undefined;
    expect(await retries.redeliver(handler)).toEqual({ received: 1, deleted: 0 });
    expect(deadLetters()).toEqual([]);
    retries.proxy.reset();
    passSeconds(2);
    expect(await retries.redeliver(handler)).toEqual({ received: 1, deleted: 1 });
    expect(deadLetters()).toHaveLength(1);
  });

  test('and the log does not hold what cannot be read', async () => {
    enqueue('a secret text');
    await retries.redeliver(handler);
    expect(JSON.stringify(lines.lines)).not.toContain('a secret text');
  });
});

describe('the time of the function', () => {
  test('that is used up leaves the rest of the batch in the queue', async () => {
    enqueue(
      { ...push, only: ['demo/one'] },
      { ...push, only: ['demo/two'] },
      { ...push, only: ['demo/dev'] },
    );
    testbed.cluster.fault = (request) => (isPatchOf(request, 'two') ? { kind: 'hang' } : undefined);
    expect(await retries.redeliver(handler, { remainingMs: 4_700 })).toEqual({ received: 3, deleted: 1 });
    expect(await testbed.objects.takeRefreshed()).toEqual(['Warehouse demo/one']);
    expect(waiting()).toMatchObject([{ only: ['demo/two'] }, { only: ['demo/dev'] }]);
  });

  test('that ends while it works loses nothing: Lambda receives the batch again', async () => {
    enqueue({ ...push, only: ['demo/one'] }, { ...push, only: ['demo/two'] });
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
