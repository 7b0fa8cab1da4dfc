import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { passSeconds, stopClock } from '../support/clock.ts';
import { coldRedelivery, type RedeliveryHandler } from '../support/cold-functions.ts';
import { ConsoleLines } from '../support/console-lines.ts';
import { PUSH, startRedeliveryTestbed, type RedeliveryTestbed } from '../support/redelivery-testbed.ts';
import { skipWaits } from '../support/waits.ts';

const HOUR_S = 3_600;

let testbed: RedeliveryTestbed;
let handler: RedeliveryHandler;
let lines: ConsoleLines;

beforeEach(async () => {
  stopClock();
  skipWaits();
  testbed = await startRedeliveryTestbed();
  handler = await coldRedelivery();
  lines = new ConsoleLines();
});

afterEach(async () => {
  await testbed.close();
  jest.restoreAllMocks();
});

describe('the dead-letter queue takes at once', () => {
  test.each<[what: string, text: string, reason: string]>([
    ['what is not JSON', 'hello', 'unreadable: it is not JSON'],
    [
      'another format',
      JSON.stringify({ ...PUSH, version: 2 }),
      'unreadable: version is missing or of another kind',
    ],
    [
      'an event of another kind',
      JSON.stringify({ ...PUSH, event: { kind: 'tag' } }),
      'unreadable: event is missing or of another kind',
    ],
    ['a list', '[]', 'unreadable: version is missing or of another kind'],
    [
      'a target that is not configured',
      JSON.stringify({ ...PUSH, target: 'mail' }),
      'there is no target "mail"',
    ],
  ])('%s', async (_what, body, reason) => {
    testbed.enqueue(body, PUSH);
    expect(await testbed.retries.redeliver(handler)).toEqual({ received: 2, deleted: 2 });
    expect(testbed.takeDeadLetters()).toEqual([{ reason, body }]);
    expect(await testbed.objects.takeRefreshed()).toEqual(['Warehouse demo/one', 'Warehouse demo/two']);
  });

  test('a message older than RETRY_MAX_AGE_HOURS, and no younger one', async () => {
    testbed.enqueue(PUSH);
    passSeconds(6 * HOUR_S + 1);
    testbed.enqueue({ ...PUSH, queuedAt: new Date(Date.now() - 6 * HOUR_S * 1_000).toISOString() });
    expect(await testbed.retries.redeliver(handler)).toEqual({ received: 2, deleted: 2 });
    expect(lines.takeLogs('redelivery')).toMatchObject([
      { level: 'ERROR', outcome: 'dead', reason: 'too old: cluster API unreachable', ageSeconds: 21_601 },
      { level: 'INFO', outcome: 'done' },
    ]);
    expect(testbed.takeDeadLetters()).toEqual([
      { reason: 'too old: cluster API unreachable', body: JSON.stringify(PUSH) },
    ]);
  });

  test('nothing where it does not accept the message, which stays in the queue', async () => {
    testbed.enqueue('hello');
    testbed.retries.proxy.fault = ({ operation }) =>
      operation === 'SendMessage' ? { kind: 'answer', status: 400, body: { __type: 'x' } } : undefined;
    expect(await testbed.retries.redeliver(handler)).toEqual({ received: 1, deleted: 0 });
    expect(testbed.takeDeadLetters()).toEqual([]);
    testbed.retries.proxy.reset();
    passSeconds(2);
    expect(await testbed.retries.redeliver(handler)).toEqual({ received: 1, deleted: 1 });
    expect(testbed.takeDeadLetters()).toHaveLength(1);
  });

  test('and the log does not hold what cannot be read', async () => {
    testbed.enqueue('a secret text');
    await testbed.retries.redeliver(handler);
    expect(JSON.stringify(lines.lines)).not.toContain('a secret text');
  });
});
