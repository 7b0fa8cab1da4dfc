import { promises as real } from 'node:timers';

/** Where waits are skipped: called with each of them. */
let onSkipped: ((milliseconds: number) => void) | undefined;

/**
 * Stands for `setTimeout` of `node:timers/promises`, by which the code under test waits: see `moduleNameMapper` in jest.config.js. It
 * waits, unless the test skips waits.
 */
export const setTimeout: typeof real.setTimeout = async (milliseconds = 0, value, options) => {
  if (onSkipped === undefined) return real.setTimeout(milliseconds, value, options);
  onSkipped(milliseconds);
  return real.setImmediate(value, options);
};

export const { setImmediate } = real;

/**
 * Ends the waits of the code under test at once, from here to the end of the test file: backoffs, and waits until others know something.
 * The clock stays as it is. Time limits (`AbortSignal.timeout`) and the SDK's own retries take their time.
 *
 * @param onWait - called with each wait, in milliseconds, before it ends
 */
export function skipWaits(onWait: (milliseconds: number) => void = () => undefined): void {
  onSkipped = onWait;
}
