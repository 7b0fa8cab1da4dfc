import { RetryableError } from '../../app/errors.ts';

/**
 * Limits the rate of requests by spacing them evenly.
 *
 * p-throttle is not used: it depends on the wall clock, which tests stop and which can be set back, and it cannot end one caller's wait
 * with that caller's signal.
 */
export class RequestPacer {
  readonly #intervalMs: number;
  readonly #reason: string;
  #nextAt = -Infinity;

  /** @param reason - reason of the error where the signal ends the wait */
  constructor(requestsPerSecond: number, reason: string) {
    this.#intervalMs = 1000 / requestsPerSecond;
    this.#reason = reason;
  }

  /**
   * Waits for the caller's turn.
   *
   * @throws {RetryableError} when the signal ends the waiting
   */
  async waitForTurn(signal: AbortSignal): Promise<void> {
    if (signal.aborted) throw this.#timedOut(signal);
    const now = performance.now();
    const turn = Math.max(now, this.#nextAt);
    this.#nextAt = turn + this.#intervalMs;
    if (turn > now) await delay(turn - now, signal);
    if (signal.aborted) throw this.#timedOut(signal);
  }

  #timedOut({ reason }: AbortSignal): RetryableError {
    return new RetryableError(this.#reason, { cause: reason, detail: 'no time left to wait' });
  }
}

/** Waits, or returns early when the signal is aborted. */
async function delay(milliseconds: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    signal.addEventListener('abort', done);
  });
}
