import * as v from 'valibot';
import { ObjectTooLargeError, RetryableError, TerminalError } from '../../app/errors.ts';
import { parseRetryAfter, readNetworkError } from '../http/network-errors.ts';
import type { ClusterAnswer, ClusterRequest } from './cluster-pool.ts';

/** Why one attempt at a request failed, and what can cure it. */
export interface ClusterFailure {
  /**
   * `attempt`: another attempt, after a backoff. `credentials`: another attempt, with credentials that were read again. `later`: a later
   * request, after the rights were changed or the cluster recovered. `none`: the request was rejected for good.
   */
  readonly cure: 'attempt' | 'credentials' | 'later' | 'none';
  /** For callers: no names, addresses or versions. */
  readonly reason: string;
  /** For the log. */
  readonly detail: string;
  /** The wait before the next attempt that the cluster asks for, in milliseconds. */
  readonly retryAfterMs?: number | undefined;
  /** The connection ended, as one does that was kept from before a restart of the server: nothing says that the cluster is busy. */
  readonly isConnectionLost?: boolean;
  /** The object would be too large. */
  readonly isTooLarge?: boolean;
}

export const TIMED_OUT = 'cluster API did not answer in time';
export const UNREACHABLE = 'cluster API unreachable';

const UNAVAILABLE = 'cluster API unavailable';

/** Part of the cluster's message that is kept: a denial names who, what and why in less, and one can quote a whole object. */
const MAX_MESSAGE_BYTES = 2_048;

/** Message for a denial by an admission policy, or by an admission webhook, which chooses the status code itself. */
const DENIAL =
  /admission webhook "[^"]*" denied the request|ValidatingAdmissionPolicy '[^']*'.* denied request/;

/** Message of etcd, and of the API server, for a write after which the object would be too large. */
const TOO_LARGE = /^(etcdserver: request is|Request entity) too large/;

/**
 * Message about an object that does not exist. A proxy, or an API that does not serve the kind yet because it is starting, answers 404 with
 * other words, and the object may exist.
 */
const NOT_FOUND = /not found$/;

/** Codes of undici and Node for a connection that ended before its answer. */
const LOST_CONNECTION = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE']);

const statusObject = v.object({ kind: v.literal('Status'), message: v.string() });

/** Thrown where the body of an answer is larger than the limit for one answer. */
export class AnswerTooLargeError extends RetryableError {
  constructor(maxBytes: number) {
    super(UNAVAILABLE, { detail: `the answer is larger than ${maxBytes} bytes` });
  }
}

/**
 * Classifies an answer of the cluster API.
 *
 * @returns undefined for a success, and for a status that the request expects
 */
export function classifyAnswer(request: ClusterRequest, answer: ClusterAnswer): ClusterFailure | undefined {
  const { status, body, retryAfter } = answer;
  const isWrite = request.method !== 'GET';
  const message = messageOf(body);
  const detail = `HTTP ${status}${message === undefined ? '' : `: ${message}`}`;
  const fail = (cure: ClusterFailure['cure'], reason = UNAVAILABLE): ClusterFailure => ({
    cure,
    reason,
    detail,
    retryAfterMs: parseRetryAfter(retryAfter),
  });
  if (status >= 200 && status < 300) {
    // A proxy may answer with a page of its own.
    return body === undefined
      ? { ...fail('attempt'), detail: `${detail}: the answer is not JSON` }
      : undefined;
  }
  // Before the status: a webhook may deny with 404, 409 or 500, and what etcd cannot store is answered 500.
  if (isWrite && DENIAL.test(message ?? '')) return fail('none');
  if (isWrite && TOO_LARGE.test(message ?? '')) return { ...fail('none'), isTooLarge: true };
  if (request.expected?.includes(status)) {
    const isNotFound = request.mayBeUnserved === true || NOT_FOUND.test(message ?? '');
    return status === 404 && !isNotFound ? fail('attempt') : undefined;
  }
  if (status === 401) return fail('credentials', 'cluster API rejected the credentials');
  if (status === 429) return fail('attempt', 'cluster API is throttling');
  // 408 is a proxy's timeout; 409 is a conflict with a concurrent writer.
  if (status < 400 || status >= 500 || status === 408 || status === 409) return fail('attempt');
  // The continue token of a list has expired: only a new list helps.
  if (status === 410) return fail('later');
  if (!isWrite && status === 403) return fail('later', 'cluster API forbids the request');
  // A list without objects is answered 200. 404 means that the cluster does not serve the kind.
  if (!isWrite && status === 404) return fail('later', 'cluster API does not know Kargo');
  return fail('none');
}

/**
 * Classifies what was thrown instead of an answer.
 *
 * @returns undefined for a bug
 */
export function classifyError(error: unknown): ClusterFailure | undefined {
  const found = readNetworkError(error);
  if (found === undefined) return undefined;
  const { detail } = found;
  if (found.kind === 'timeout') return { cure: 'attempt', reason: TIMED_OUT, detail };
  return { cure: 'attempt', reason: UNREACHABLE, detail, isConnectionLost: LOST_CONNECTION.has(found.code) };
}

/**
 * Reads the body of a successful answer, which a proxy may have replaced.
 *
 * @param what - what was asked for, as the error names it
 * @throws {RetryableError} where it has another shape
 */
export function readAnswer<Schema extends v.GenericSchema>(
  schema: Schema,
  what: string,
  body: unknown,
): v.InferOutput<Schema> {
  const { success, output } = v.safeParse(schema, body);
  if (success) return output;
  throw new RetryableError(UNAVAILABLE, { detail: `${what} cannot be read` });
}

/** Makes the error that a caller of the adapter catches. */
export function toError(
  { object }: ClusterRequest,
  { cure, reason, detail, retryAfterMs, isTooLarge }: ClusterFailure,
  cause?: unknown,
): RetryableError | TerminalError {
  if (cure !== 'none') return new RetryableError(reason, { cause, detail, retryAfterMs });
  const message = `${object}: ${detail}`;
  return isTooLarge ? new ObjectTooLargeError(message, { cause }) : new TerminalError(message, { cause });
}

/** Returns the message of a `Status`, for example who lacks which right; undefined for another body. */
function messageOf(body: unknown): string | undefined {
  if (!v.is(statusObject, body)) return undefined;
  const bytes = new TextEncoder().encode(body.message).subarray(0, MAX_MESSAGE_BYTES);
  // In stream mode, a character that the limit has cut is left out.
  return new TextDecoder().decode(bytes, { stream: true });
}
