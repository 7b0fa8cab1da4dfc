import { threadCpuUsage } from 'node:process';

/** CPU time of this thread, in milliseconds. Unlike the time of a clock, it does not grow while the machine does other work. */
export function cpuMs(): number {
  const { user, system } = threadCpuUsage();
  return (user + system) / 1000;
}

/**
 * Measures the longest time for which work keeps the event loop from other work, in milliseconds of CPU time.
 *
 * The loop turns as often as it can meanwhile, so that each turn is one piece of the work.
 */
export async function longestStallMs(work: () => Promise<unknown>): Promise<number> {
  let longestMs = 0;
  let isDone = false;
  let before = cpuMs();
  const observe = (): void => {
    const now = cpuMs();
    longestMs = Math.max(longestMs, now - before);
    before = now;
    if (!isDone) setImmediate(observe);
  };
  setImmediate(observe);
  await work().finally(() => (isDone = true));
  observe();
  return longestMs;
}
