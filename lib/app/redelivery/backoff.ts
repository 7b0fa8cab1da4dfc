/** Upper bound of the delay after the first attempt; doubled after each further one. */
const FIRST_BACKOFF_MS = 2_000;

/** Kargo polls Git every five minutes by default: a later redelivery would find nothing new to refresh. */
const MAX_BACKOFF_MS = 300_000;

/**
 * Returns the delay before the next attempt: exponential with full jitter, so that what failed at one moment does not come back at one
 * moment.
 *
 * @param attempts - made so far, at least 1
 * @param retryAfterMs - the wait that the dependency asks for; the delay is not shorter, up to five minutes
 * @param random - from 0 to 1
 */
export function backoffMs(attempts: number, retryAfterMs: number | undefined, random: number): number {
  const bound = Math.min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** Math.min(attempts - 1, 20));
  return Math.max(random * bound, Math.min(retryAfterMs ?? 0, MAX_BACKOFF_MS));
}
