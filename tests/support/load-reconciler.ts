import { jest } from '@jest/globals';
import { coldReconciler } from './cold-functions.ts';
import { startTestbed } from './testbed.ts';

/** Loading the function's libraries takes seconds on a busy machine. */
export const LOADING_TIMEOUT_MS = 30_000;

/** Loads the reconciler's libraries before the first test, so that this does not count towards its timeout. */
export async function loadReconciler(): Promise<void> {
  const testbed = await startTestbed();
  await coldReconciler();
  await testbed.close();
  jest.restoreAllMocks();
}
