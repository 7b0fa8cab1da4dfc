import * as v from 'valibot';
import { RetryableError, TerminalError } from '../../app/errors.ts';
import { readNetworkError } from '../http/network-errors.ts';

/** A request to the registry's REST API. It is idempotent, because it may be sent more than once. */
export interface RegistryRequest {
  readonly method: 'GET' | 'POST';
  /** Path below `CARGOMAN_URL`, and query. */
  readonly path: string;
  /** What the request is about, for messages: `package acme/shop`. */
  readonly subject: string;
  /** Timeout of one attempt, in milliseconds. Undefined: only the signal ends it. */
  readonly timeoutMs?: number;
}

export interface RegistryAnswer {
  readonly status: number;
  /** Parsed; undefined where it is not JSON. */
  readonly body: unknown;
}

/** Why one attempt at a request failed, and what can cure it. */
export interface RegistryFailure {
  /**
   * `attempt`: another attempt, after a backoff. `credentials`: another attempt, with the token read again. `later`: a later request, after
   * the registry or its rights were repaired. `none`: the request was rejected for good.
   */
  readonly cure: 'attempt' | 'credentials' | 'later' | 'none';
  /** For callers: no names, addresses or versions. */
  readonly reason: string;
  /** For the log. */
  readonly detail: string;
}

export const TIMED_OUT = 'package registry did not answer in time';

export const THROTTLED = 'package registry is throttling';

const UNAVAILABLE = 'package registry unavailable';

/** Part of the registry's message that is kept. */
const MAX_MESSAGE_CHARACTERS = 500;

const envelope = v.object({
  error: v.object({ code: v.optional(v.string()), message: v.optional(v.string()) }),
});

/** Makes the error for an answer that is larger than the limit for one. */
export function answerTooLarge(maxBytes: number): RetryableError {
  return new RetryableError(UNAVAILABLE, { detail: `the answer is larger than ${maxBytes} bytes` });
}

/** Makes the error for a list that breaks the rules of the registry's API. */
export function unreadableList(why: string): RetryableError {
  return new RetryableError(UNAVAILABLE, { detail: `the list of packages ${why}` });
}

/**
 * Classifies an answer of the registry.
 *
 * @returns undefined for a success, and for 404 to a sync: the package has been deleted
 */
export function classifyAnswer(
  { method }: RegistryRequest,
  { status, body }: RegistryAnswer,
): RegistryFailure | undefined {
  const isSync = method === 'POST';
  const message = messageOf(body);
  const detail = `HTTP ${status}${message === undefined ? '' : `: ${message}`}`;
  const fail = (cure: RegistryFailure['cure'], reason = UNAVAILABLE): RegistryFailure => ({
    cure,
    reason,
    detail,
  });
  if (status >= 200 && status < 300) {
    if (message !== undefined) return fail(isSync ? 'none' : 'later');
    // A proxy may answer with a page of its own. What a sync answers is not read.
    return isSync || body !== undefined
      ? undefined
      : { ...fail('attempt'), detail: `${detail}: the answer is not JSON` };
  }
  if (isSync && status === 404) return undefined;
  if (status === 401) return fail('credentials', 'package registry rejected the credentials');
  if (status === 429) return fail('attempt', THROTTLED);
  // 408 is a proxy's timeout; 409 is a sync that is still running, and may have begun before the push.
  if (status < 400 || status >= 500 || status === 408 || status === 409) return fail('attempt');
  if (isSync) return fail('none');
  if (status === 403) return fail('later', 'package registry forbids the request');
  if (status === 404) return fail('later', 'package registry not found');
  return fail('later');
}

/**
 * Classifies what was thrown instead of an answer.
 *
 * @returns undefined for a bug
 */
export function classifyError(error: unknown): RegistryFailure | undefined {
  const found = readNetworkError(error);
  if (found === undefined) return undefined;
  const reason = found.kind === 'timeout' ? TIMED_OUT : 'package registry unreachable';
  return { cure: 'attempt', reason, detail: found.detail };
}

/** Makes the error that a caller of the adapter catches. */
export function toError(
  { subject }: RegistryRequest,
  { cure, reason, detail }: RegistryFailure,
  cause?: unknown,
): RetryableError | TerminalError {
  return cure === 'none'
    ? new TerminalError(`${subject}: ${detail}`, { cause })
    : new RetryableError(reason, { cause, detail: `${subject}: ${detail}` });
}

/** Returns code and message of an error in the registry's envelope; undefined for another body. */
function messageOf(body: unknown): string | undefined {
  if (!v.is(envelope, body)) return undefined;
  const { code = 'error', message = '' } = body.error;
  return `${code}: ${message}`.slice(0, MAX_MESSAGE_CHARACTERS);
}
