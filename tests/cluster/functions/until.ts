import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 50;

/** Waits until the condition is true. The timeout of the test limits the wait. */
export async function until(isTrue: () => Promise<boolean>): Promise<void> {
  while (!(await isTrue())) await sleep(POLL_MS);
}
