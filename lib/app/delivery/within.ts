import { RetryableError } from '../errors.ts';

/**
 * Waits for shared work no longer than `signal` allows; the work itself goes on for the others who wait for it. Raises `RetryableError`
 * when the signal ends the waiting.
 */
export async function within<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: given, reject: giveUp } = Promise.withResolvers<never>();
  const onAbort = (): void => giveUp(new RetryableError('timed out', { cause: signal.reason }));
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([work, given]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
