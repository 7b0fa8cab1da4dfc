import { setTimeout as sleep } from 'node:timers/promises';
import { isNativeError } from 'node:util/types';
import {
  ApiException,
  Observable,
  type ConfigurationOptions,
  type CustomObjectsApi,
  type RequestContext,
} from '@kubernetes/client-node';
import * as v from 'valibot';
import { Unavailable } from '../app/unavailable.ts';
import type { ClusterConnection } from './cluster-connection.ts';

/** How often a request is sent at the most: a connection kept from before a restart fails once, a busy server a few times. */
const MAX_ATTEMPTS = 4;

/** Before the second attempt; doubled before each further one. */
const FIRST_PAUSE_MS = 150;

/** A server that asks for a longer pause is taken for away: nobody waits that long for an answer. */
const LONGEST_PAUSE_MS = 4_000;

const statusObject = v.object({ kind: v.literal('Status'), message: v.string() });

type Options = ConfigurationOptions;

/**
 * Sends one idempotent request to the cluster API and gives its answer. Sends it again after network errors, 429 and 5xx, with the
 * pause that `Retry-After` asks for, and once with new credentials after 401. Raises `Unavailable` where that does not help or the
 * signal ends it, and the API's own error (`isStatus` tells them apart) for every other answer.
 */
export async function callCluster<T>(
  connection: ClusterConnection,
  request: (api: CustomObjectsApi, options: Options) => Promise<T>,
  { signal, contentType }: { readonly signal: AbortSignal; readonly contentType?: string },
): Promise<T> {
  const options = requestOptions(signal, contentType);
  for (let attempt = 1; ; attempt += 1) {
    let api: CustomObjectsApi | undefined;
    try {
      api = await connection.api(signal);
      return await connection.timed(request(api, options));
    } catch (error) {
      if (signal.aborted) throw new Unavailable('cluster API did not answer in time', { cause: error });
      const trouble = troubleOf(error);
      if (trouble === undefined) throw error;
      const pause = trouble.pauseMs ?? FIRST_PAUSE_MS * 2 ** (attempt - 1);
      const isLast = attempt === (trouble.isAuthentication ? 2 : MAX_ATTEMPTS) || pause > LONGEST_PAUSE_MS;
      if (isLast) throw new Unavailable(trouble.reason, { cause: error, detail: trouble.detail });
      if (trouble.isAuthentication && api !== undefined) await connection.renew(api);
      // An abort ends the pause; the next attempt then finds the signal aborted.
      await sleep(pause, undefined, { signal }).catch(() => undefined);
    }
  }
}

/** Tells whether an error is the cluster's answer with this HTTP status. */
export function isStatus(error: unknown, status: number): boolean {
  return error instanceof ApiException && error.code === status;
}

interface Trouble {
  readonly reason: string;
  readonly detail: string;
  readonly pauseMs?: number | undefined;
  readonly isAuthentication?: boolean;
}

/** Gives what is wrong with the other side; undefined where the request itself is at fault. */
function troubleOf(error: unknown): Trouble | undefined {
  if (error instanceof ApiException) {
    const detail = [`HTTP ${error.code}`, wordsOf(error.body)]
      .filter((part) => part !== undefined)
      .join(': ');
    const pauseMs = retryAfterMs(error.headers['retry-after']);
    if (error.code === 401)
      return { reason: 'cluster API refuses our credentials', detail, isAuthentication: true, pauseMs: 0 };
    if (error.code === 403) return { reason: 'cluster API refuses us', detail, pauseMs: Infinity };
    if (error.code === 429) return { reason: 'cluster API is throttling', detail, pauseMs };
    return error.code >= 500 ? { reason: 'cluster API is in trouble', detail, pauseMs } : undefined;
  }
  // What `fetch` throws where no answer came, or where its body broke off.
  if (error instanceof TypeError && (error.message === 'fetch failed' || error.message === 'terminated')) {
    return {
      reason: 'cluster API unreachable',
      detail: isNativeError(error.cause) ? error.cause.message : error.message,
    };
  }
  return undefined;
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

function requestOptions(signal: AbortSignal, contentType: string | undefined): Options {
  const pre = (context: RequestContext): Observable<RequestContext> => {
    context.setSignal(signal);
    context.setHeaderParam('User-Agent', 'kargo-front-door');
    if (contentType !== undefined) context.setHeaderParam('Content-Type', contentType);
    return new Observable(Promise.resolve(context));
  };
  return {
    middleware: [{ pre, post: (response) => new Observable(Promise.resolve(response)) }],
    middlewareMergeStrategy: 'append',
  };
}
