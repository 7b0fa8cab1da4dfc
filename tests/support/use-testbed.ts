import { afterEach, beforeAll, beforeEach, jest } from '@jest/globals';
import { stopClock } from './clock.ts';
import { loadReconciler, LOADING_TIMEOUT_MS } from './load-reconciler.ts';
import type { Testbed } from './testbed.ts';
import { skipWaits } from './waits.ts';

/**
 * Prepares the tests of a file that each start a testbed: the libraries are loaded before the first one, the clock stands, and waits are skipped.
 *
 * @param testbed - returns the testbed of the test that has ended, which is closed
 */
export function useTestbed(testbed: () => Pick<Testbed, 'close'>): void {
  beforeAll(loadReconciler, LOADING_TIMEOUT_MS);
  beforeEach(() => {
    stopClock();
    skipWaits();
  });
  afterEach(async () => {
    await testbed().close();
    jest.restoreAllMocks();
  });
}
