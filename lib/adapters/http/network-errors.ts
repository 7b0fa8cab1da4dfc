import * as v from 'valibot';

const timeoutError = v.object({ name: v.literal('TimeoutError') });
const codedError = v.object({ code: v.string(), message: v.string() });

/** Why a request got no answer. `detail` is for the log. */
export type NetworkError =
  | { readonly kind: 'timeout'; readonly detail: string }
  | { readonly kind: 'unreachable'; readonly detail: string; readonly code: string };

/**
 * Reads what a client threw instead of an answer.
 *
 * @returns undefined for a bug
 */
export function readNetworkError(error: unknown): NetworkError | undefined {
  if (v.is(timeoutError, error)) return { kind: 'timeout', detail: 'no answer to one attempt' };
  // Errors of sockets, TLS, HTTP and compression have a code; so have arguments that Node or the client cannot use.
  if (!v.is(codedError, error) || /^(UND_)?ERR_INVALID_/.test(error.code)) return undefined;
  return { kind: 'unreachable', detail: error.message || error.code, code: error.code };
}

/** Converts a `Retry-After` in seconds to milliseconds. Neither Kubernetes nor Bitbucket sends dates. */
export function parseRetryAfter(retryAfter: string | undefined): number | undefined {
  return retryAfter !== undefined && /^\d+$/.test(retryAfter) ? Number(retryAfter) * 1000 : undefined;
}
