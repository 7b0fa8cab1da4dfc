import { setTimeout as sleep } from 'node:timers/promises';
import {
  ApiException,
  Observable,
  type ConfigurationOptions,
  type CustomObjectsApi,
  type RequestContext,
} from '@kubernetes/client-node';
import { RetryableError } from '../../app/errors.ts';
import type { ClusterConnection } from './cluster-connection.ts';
import { troubleOf, type Trouble } from './cluster-trouble.ts';

/** How often a request is sent at the most: a connection kept from before a restart fails once, a busy server a few times. */
const MAX_ATTEMPTS = 4;

/** Before the second attempt; doubled before each further one. */
const FIRST_PAUSE_MS = 150;

/** A server that asks for a longer pause is taken for away: nobody waits that long for an answer. */
const LONGEST_PAUSE_MS = 4_000;

const TIMED_OUT = 'cluster API did not answer in time';

type Options = ConfigurationOptions;

/** One request with the client; the options must be handed on. */
export type ClusterRequest<T> = (api: CustomObjectsApi, options: Options) => Promise<T>;

/**
 * Sends one idempotent request to the cluster API and gives its answer. Sends it again after network errors, a silent connection, 429 and
 * 5xx, with the pause that `Retry-After` asks for, and once with new credentials after 401. Raises `RetryableError` where that does not
 * help or the signal ends it, and the API's own error (`isStatus` tells them apart) for every other answer.
 */
export async function callCluster<T>(
  connection: ClusterConnection,
  request: ClusterRequest<T>,
  { signal, contentType }: { readonly signal: AbortSignal; readonly contentType?: string },
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    // A connection that something on the way has dropped without a word answers nobody: another one may.
    const attemptSignal = AbortSignal.timeout(connection.attemptTimeoutMs);
    const options = requestOptions(AbortSignal.any([signal, attemptSignal]), contentType);
    let api: CustomObjectsApi | undefined;
    try {
      api = await connection.api(signal);
      return await connection.timed(request(api, options));
    } catch (error) {
      if (signal.aborted) throw new RetryableError(TIMED_OUT, { cause: error });
      const trouble = attemptSignal.aborted ? silence(connection.attemptTimeoutMs) : troubleOf(error);
      if (trouble === undefined) throw error;
      const pause = trouble.pauseMs ?? FIRST_PAUSE_MS * 2 ** (attempt - 1);
      const isLast = attempt === (trouble.isAuthentication ? 2 : MAX_ATTEMPTS) || pause > LONGEST_PAUSE_MS;
      if (isLast) throw new RetryableError(trouble.reason, { cause: error, detail: trouble.detail });
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

function silence(afterMs: number): Trouble {
  return { reason: TIMED_OUT, detail: `no answer within ${afterMs} ms` };
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
