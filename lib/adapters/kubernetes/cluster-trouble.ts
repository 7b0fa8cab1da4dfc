import { isNativeError } from 'node:util/types';
import { ApiException } from '@kubernetes/client-node';
import * as v from 'valibot';

/** What is wrong with the other side of a request to the cluster API. */
export interface Trouble {
  /** For the caller of the system, once it has signed. */
  readonly reason: string;
  /** For the log. */
  readonly detail: string;
  /** The pause that is asked for before another attempt, in milliseconds; `Infinity` where none would help. */
  readonly pauseMs?: number | undefined;
  readonly isAuthentication?: boolean;
}

const statusObject = v.object({ kind: v.literal('Status'), message: v.string() });

/** Gives what is wrong with the other side; undefined where the request itself is at fault. */
export function troubleOf(error: unknown): Trouble | undefined {
  if (error instanceof ApiException) return troubleOfAnswer(error);
  // What `fetch` throws where no answer came, or where its body broke off.
  if (error instanceof TypeError && (error.message === 'fetch failed' || error.message === 'terminated')) {
    const detail = isNativeError(error.cause) ? error.cause.message : error.message;
    return { reason: 'cluster API unreachable', detail };
  }
  // A proxy's page in the place of the API's answer.
  if (error instanceof SyntaxError)
    return { reason: 'cluster API is in trouble', detail: 'its answer is no JSON' };
  return undefined;
}

function troubleOfAnswer({ code, body, headers }: ApiException<unknown>): Trouble | undefined {
  const words = wordsOf(body);
  const detail = words === undefined ? `HTTP ${code}` : `HTTP ${code}: ${words}`;
  const pauseMs = retryAfterMs(headers['retry-after']);
  if (code === 401)
    return { reason: 'cluster API refuses our credentials', detail, isAuthentication: true, pauseMs: 0 };
  if (code === 403) return { reason: 'cluster API refuses us', detail, pauseMs: Infinity };
  // The token to continue a list has expired: nothing but a new list helps.
  if (code === 410) return { reason: 'cluster API is in trouble', detail, pauseMs: Infinity };
  if (code === 429) return { reason: 'cluster API is throttling', detail, pauseMs };
  return code >= 500 ? { reason: 'cluster API is in trouble', detail, pauseMs } : undefined;
}

/** Gives the API's own words, which tell who may not do what; undefined where the answer is no `Status`. */
function wordsOf(body: unknown): string | undefined {
  try {
    const status: unknown = JSON.parse(String(body));
    return v.is(statusObject, status) ? status.message : undefined;
  } catch {
    return undefined;
  }
}

/** Gives the pause that a `Retry-After` in seconds asks for; Kubernetes sends no dates. */
function retryAfterMs(value: string | undefined): number | undefined {
  return value !== undefined && /^\d+$/.test(value) ? Number(value) * 1000 : undefined;
}
