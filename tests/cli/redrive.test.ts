import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { DeadLetters } from '../../cli/dead-letters.ts';
import { redriveLetters } from '../../cli/redrive-letters.ts';
import { readRedriveOptions } from '../../cli/redrive-options.ts';
import { coldRedelivery } from '../support/cold-functions.ts';
import { passSeconds, stopClock } from '../support/clock.ts';
import { project, warehouse } from '../support/kargo-objects.ts';
import { startTestQueue, type TestQueue } from '../support/retry-queue.ts';
import { startTestbed, type Testbed } from '../support/testbed.ts';

const push = {
  version: 1,
  target: 'kargo',
  event: {
    kind: 'push',
    addresses: ['bitbucket.org/acme/shop'],
    refs: [
      { kind: 'branch', name: 'main' },
      { kind: 'tag', name: 'v1\u001B[2J' },
    ],
  },
  project: 'demo',
  receiver: 'bb',
  only: ['demo/a', 'demo/b', 'demo/c', 'demo/d', 'demo/e', 'demo/f', 'demo/g'],
  reason: 'cluster API unreachable',
  since: '2026-05-04T03:00:00.000Z',
  queuedAt: '2026-05-04T03:00:00.000Z',
  requestUuid: 'a1b2',
};
const closed = {
  ...push,
  event: { kind: 'pull-request-closed', url: 'https://bitbucket.org/acme/shop/pull-requests/7' },
  project: '',
  only: undefined,
  requestUuid: undefined,
};

let testbed: Testbed;
let retries: TestQueue;
let letters: DeadLetters;
let lines: string[];

beforeEach(async () => {
  stopClock();
  testbed = await startTestbed({ objects: [...project('demo'), warehouse('demo', 'a')] });
  retries = await startTestQueue();
  const queueUrl = process.env['RETRY_QUEUE_URL'] ?? '';
  letters = new DeadLetters({ queueUrl, deadLetterUrl: `${queueUrl}-dead` });
  lines = [];
});

afterEach(async () => {
  letters.close();
  await retries.close();
  await testbed.close();
});

/** Puts a message into the dead-letter queue, and returns its id. */
function bury(message: object | string, reason?: string): string {
  const body = typeof message === 'string' ? message : JSON.stringify(message);
  const attributes = reason === undefined ? {} : { reason: { DataType: 'String', StringValue: reason } };
  return retries.deadLetters.send(body, attributes, 0).id;
}

const run = async (send: 'all' | string[] = []): Promise<string[]> => {
  await redriveLetters(letters, send, (line) => lines.push(line));
  return lines;
};
const short = (id: string): string => id.slice(0, 8);

describe('without a choice', () => {
  test('shows each message in words, and changes nothing', async () => {
    const [first, second, third] = [
      bury(push, 'too old: cluster API unreachable'),
      bury(closed),
      bury('hello', 'unreadable: it is not JSON'),
    ];
    const shown = [
      `${short(first)}  kargo: push to bitbucket.org/acme/shop (branch main, tag v1?[2J)
          receiver demo/bb, since 2026-05-04T03:00:00.000Z, delivery a1b2
          left: demo/a, demo/b, demo/c, demo/d, demo/e and 2 more
          why: too old: cluster API unreachable`,
      `${short(second)}  kargo: closed pull request https://bitbucket.org/acme/shop/pull-requests/7
          receiver bb, since 2026-05-04T03:00:00.000Z
          why: received too often: cluster API unreachable`,
      `${short(third)}  not a message of this version
          why: unreadable: it is not JSON`,
      '3 message(s) in the dead-letter queue',
    ];
    expect(await run()).toEqual(shown);
    lines = [];
    // They are visible again.
    expect(await run()).toEqual(shown);
    expect(retries.queue.count().visible).toBe(0);
  });

  test('shows an empty queue', async () => {
    expect(await run()).toEqual(['0 message(s) in the dead-letter queue']);
  });
});

describe('sends back', () => {
  test('everything that can be read, and it is done then, whatever its age was', async () => {
    bury({ ...push, only: ['demo/a'] });
    bury('hello');
    passSeconds(3_600);
    expect((await run('all')).at(-1)).toBe('1 sent back, 1 message(s) in the dead-letter queue');
    expect(retries.deadLetters.count()).toEqual({ visible: 1, inFlight: 0, delayed: 0 });
    expect(await retries.redeliver(await coldRedelivery())).toEqual({ received: 1, deleted: 1 });
    expect(await testbed.objects.takeRefreshed()).toEqual(['Warehouse demo/a']);
  });

  test('the chosen message, by the beginning of its id', async () => {
    bury(closed);
    const id = bury(push);
    expect((await run([short(id)])).at(-1)).toBe('1 sent back, 1 message(s) in the dead-letter queue');
    const [sent] = retries.queue.receive(10);
    expect(JSON.parse(sent?.body ?? '')).toEqual({ ...push, queuedAt: '2026-05-04T10:11:12.345Z' });
  });

  test.each<[what: string, send: (unreadable: string) => string[], message: (unreadable: string) => string]>([
    ['no message has', () => ['zzz'], () => 'no message in the dead-letter queue has the id zzz'],
    ['several messages have', () => [''], () => 'several messages have an id that begins with '],
    [
      'a message has that cannot be read',
      (id) => [id],
      (id) => `message ${id} cannot be sent back: unreadable: it is not JSON`,
    ],
  ])('nothing for an id that %s', async (_what, send, message) => {
    const unreadable = bury('hello');
    bury(push);
    await expect(run(send(unreadable))).rejects.toThrow(message(unreadable));
    expect(retries.deadLetters.count().visible).toBe(2);
    expect(retries.queue.count().visible).toBe(0);
  });

  test.each([
    ['SendMessage', 'is not sent', 0],
    ['DeleteMessage', 'is sent and not deleted', 1],
  ])('and loses nothing where %s fails: the message %s', async (operation, _what, sent) => {
    bury(push);
    retries.proxy.fault = (request) =>
      request.operation === operation
        ? { kind: 'answer', status: 400, body: { __type: 'AccessDenied' } }
        : undefined;
    await expect(run('all')).rejects.toThrow('UnknownError');
    expect(retries.deadLetters.count().visible).toBe(1);
    expect(retries.queue.count().visible).toBe(sent);
  });
});

describe('the options', () => {
  test.each([
    [['--stack', 'kargo'], { queues: { kind: 'stack', name: 'kargo' }, send: [] }],
    [['--stack', 'kargo', '--all'], { queues: { kind: 'stack', name: 'kargo' }, send: 'all' }],
    [
      ['--queue-url', 'a', '--dlq-url', 'b', '--id', 'x', '--id', 'y'],
      { queues: { kind: 'urls', queueUrl: 'a', deadLetterUrl: 'b' }, send: ['x', 'y'] },
    ],
  ])('%j', (args, options) => {
    expect(readRedriveOptions(args)).toEqual(options);
  });

  test.each([
    [[], 'set either --stack, or --queue-url and --dlq-url'],
    [['--queue-url', 'a'], 'set either --stack, or --queue-url and --dlq-url'],
    [['--stack', 'a', '--dlq-url', 'b'], 'set either --stack, or --queue-url and --dlq-url'],
    [['--stack', 'a', '--all', '--id', 'x'], '--all and --id exclude each other'],
    [['--stock', 'a'], "Unknown option '--stock'"],
  ])('%j are refused with the usage', (args, fault) => {
    expect(() => readRedriveOptions(args)).toThrow(fault);
    expect(() => readRedriveOptions(args)).toThrow('npm run redrive -- (--stack NAME');
  });
});
