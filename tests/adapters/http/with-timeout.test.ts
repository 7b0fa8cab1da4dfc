import { once } from 'node:events';
import { expect, test } from '@jest/globals';
import { withTimeout } from '../../../lib/adapters/http/with-timeout.ts';

const untilEnded = async (signal: AbortSignal): Promise<never> => {
  if (!signal.aborted) await once(signal, 'abort');
  throw signal.reason;
};

test.each<[what: string, budget: () => AbortSignal, timeoutMs: number, error: string]>([
  ['its own timeout', () => new AbortController().signal, 1, 'TimeoutError: no answer within 1 ms'],
  [
    'the budget',
    () => AbortSignal.timeout(1),
    60_000,
    'TimeoutError: The operation was aborted due to timeout',
  ],
  ['a budget that is used up', () => AbortSignal.abort(new Error('over')), 60_000, 'Error: over'],
])('work ends with %s', async (_what, budget, timeoutMs, error) => {
  expect(await withTimeout(budget(), timeoutMs, untilEnded).catch(String)).toBe(error);
});

test('work that is done in time ends with its result, and its signal never ends', async () => {
  const budget = new AbortController();
  const done = await withTimeout(budget.signal, 5, async (signal) => signal);
  budget.abort();
  await new Promise((resolve) => setTimeout(resolve, 10));
  expect(done.aborted).toBe(false);
});
