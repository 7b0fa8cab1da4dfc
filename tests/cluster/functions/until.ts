import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 50;

/** Waits until what takes the API a moment is so; the test's own timeout ends a wait in vain. */
export async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await sleep(POLL_MS);
}
