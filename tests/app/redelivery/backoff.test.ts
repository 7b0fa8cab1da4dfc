import { expect, test } from '@jest/globals';
import { backoffMs } from '../../../lib/app/redelivery/backoff.ts';

test.each([
  // attempts, Retry-After, random, delay
  [1, undefined, 0, 0],
  [1, undefined, 0.5, 1_000],
  [1, undefined, 1, 2_000],
  [2, undefined, 1, 4_000],
  [5, undefined, 1, 32_000],
  [8, undefined, 1, 256_000],
  [9, undefined, 1, 300_000],
  [1_000, undefined, 1, 300_000],
  [1_000, undefined, 0.01, 3_000],
  [1, 60_000, 0.5, 60_000],
  [9, 60_000, 1, 300_000],
  [1, 86_400_000, 0, 300_000],
])(
  'after %i attempts, a Retry-After of %j ms and a chance of %d, waits %i ms',
  (attempts, after, random, delay) => {
    expect(backoffMs(attempts, after, random)).toBe(delay);
  },
);
