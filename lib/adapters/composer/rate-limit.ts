import type { IncomingHttpHeaders } from 'node:http';

/** `X-RateLimit-Reset` above this is a time in seconds since 1970; below, the seconds until then. */
const FIRST_EPOCH_SECOND = 1_000_000_000;

/**
 * Reads how long the registry wants no further request.
 *
 * @param nowMs - the time now, in milliseconds since 1970
 * @returns milliseconds; undefined where requests are left, or the headers do not say
 */
export function readRateLimit(
  status: number,
  headers: IncomingHttpHeaders,
  nowMs: number,
): number | undefined {
  const isUsedUp = status === 429 || headers['x-ratelimit-remaining'] === '0';
  if (!isUsedUp) return undefined;
  const retryAfter = readSeconds(headers['retry-after']);
  const reset = readSeconds(headers['x-ratelimit-reset']);
  if (retryAfter !== undefined) return retryAfter * 1_000;
  if (reset === undefined) return undefined;
  return Math.max(0, reset < FIRST_EPOCH_SECOND ? reset * 1_000 : reset * 1_000 - nowMs);
}

function readSeconds(header: string | string[] | undefined): number | undefined {
  return typeof header === 'string' && /^\d{1,12}(\.\d+)?$/.test(header) ? Number(header) : undefined;
}
