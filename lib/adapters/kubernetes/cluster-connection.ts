import { setTimeout as sleep } from 'node:timers/promises';
import { isNativeError } from 'node:util/types';
import { RetryableError } from '../../app/errors.ts';
import type { Clock } from '../../app/ports.ts';
import { makeAttempt } from '../http/attempt.ts';
import type { SecretsManager } from '../aws/secrets-manager.ts';
import type { ClusterSettings } from '../settings/settings.ts';
import { clusterCredentials, type ClusterCredentials } from './cluster-credentials.ts';
import {
  classifyAnswer,
  classifyError,
  TIMED_OUT,
  toError,
  UNREACHABLE,
  type ClusterFailure,
} from './cluster-errors.ts';
import { ClusterPool, type ClusterAnswer, type ClusterRequest } from './cluster-pool.ts';

/** Attempts at one request: a connection kept from before a restart fails once, a busy server a few times. */
const MAX_ATTEMPTS = 4;

/** Backoff before the second attempt; doubled before each further one. */
const FIRST_BACKOFF_MS = 150;

/** A server that asks for a longer wait counts as unavailable: a delivery has 8 s in all. */
const MAX_WAIT_MS = 4_000;

export interface ConnectionOptions {
  /** Timeout of one attempt at a request, in milliseconds. */
  readonly attemptTimeoutMs: number;
  /** Called with the duration of each attempt, in milliseconds. */
  readonly recordLatency?: (milliseconds: number) => void;
  readonly clock?: Clock;
  /** Waits before the next attempt; rejects when the signal ends it. */
  readonly wait?: (milliseconds: number, signal: AbortSignal) => Promise<void>;
}

const DEFAULTS = {
  recordLatency: (): void => undefined,
  clock: (): Date => new Date(),
  wait: (milliseconds: number, signal: AbortSignal): Promise<void> =>
    sleep(milliseconds, undefined, { signal }),
};

interface Opened {
  readonly pool: ClusterPool;
  readonly renewAt: Date | undefined;
}

/** How an attempt ends. */
const RULES = { classifyAnswer, classifyError, timedOut: TIMED_OUT };

/** The connection to the cluster API, kept between invocations. */
export class ClusterConnection {
  readonly #credentials: ClusterCredentials;
  readonly #options: Required<ConnectionOptions>;
  #opening: Promise<Opened> | undefined;

  constructor(credentials: ClusterCredentials, options: ConnectionOptions) {
    this.#credentials = credentials;
    this.#options = { ...DEFAULTS, ...options };
  }

  /**
   * Sends a request and retries it after network errors, timeouts of one attempt, 409, 429 and 5xx, with the wait that `Retry-After`
   * asks for, and once with renewed credentials after 401. Where the cluster cannot be reached, the next request renews them.
   *
   * @param signal - ends the request with all its attempts
   * @returns the answer: a success, or a status that the request expects
   * @throws {RetryableError} where the cluster is unavailable, throttles, rejects the credentials or forbids a read
   * @throws {TerminalError} where the cluster rejected the request for good
   */
  async request(request: ClusterRequest, signal: AbortSignal): Promise<ClusterAnswer> {
    const { maxAttempts = MAX_ATTEMPTS } = request;
    const { attemptTimeoutMs: timeoutMs } = this.#options;
    let hasRenewed = false;
    for (let attempt = 1; ; attempt += 1) {
      const opened = await this.#open(signal);
      const send = (ended: AbortSignal): Promise<ClusterAnswer> => this.#send(opened.pool, request, ended);
      const result = await makeAttempt({ request, send, timeoutMs }, RULES, signal);
      if ('answer' in result) return result.answer;
      const { failure, cause } = result;
      const waitMs = failure.retryAfterMs ?? FIRST_BACKOFF_MS * 2 ** (attempt - 1);
      if (failure.cure === 'credentials' && !hasRenewed) {
        hasRenewed = true;
        await this.#renewCredentials(opened);
      } else if (isWorthRetrying(failure, attempt, maxAttempts) && waitMs <= MAX_WAIT_MS) {
        await this.#options.wait(waitMs, signal).catch(() => {
          throw toError(request, failure, cause);
        });
      } else {
        // The address or the CA may have been changed where the credentials are kept.
        if (failure.reason === UNREACHABLE) await this.#renewCredentials(opened);
        throw toError(request, failure, cause);
      }
    }
  }

  async #send(pool: ClusterPool, request: ClusterRequest, signal: AbortSignal): Promise<ClusterAnswer> {
    const start = performance.now();
    try {
      return await pool.send(request, signal);
    } finally {
      this.#options.recordLatency(performance.now() - start);
    }
  }

  /** Opens a pool where there is none, or where its credentials are about to expire. */
  async #open(signal: AbortSignal): Promise<Opened> {
    const opening = (this.#opening ??= this.#openPool(signal));
    try {
      const opened = await opening;
      if (opened.renewAt === undefined || this.#options.clock() < opened.renewAt) return opened;
      this.#discard(opening, opened);
    } catch (cause) {
      this.#forget(opening);
      if (cause instanceof RetryableError) throw cause;
      const detail = isNativeError(cause) ? cause.message : String(cause);
      throw new RetryableError('cluster API not configured', { cause, detail });
    }
    return this.#open(signal);
  }

  async #openPool(signal: AbortSignal): Promise<Opened> {
    const { endpoint, renewAt } = await this.#credentials(signal);
    const options = { connectTimeoutMs: this.#options.attemptTimeoutMs, clock: this.#options.clock };
    return { pool: new ClusterPool(endpoint, options), renewAt };
  }

  /** Has the next request read the credentials again, unless a concurrent request has done so already. */
  async #renewCredentials(rejected: Opened): Promise<void> {
    const opening = this.#opening;
    if (opening !== undefined && (await opening) === rejected) this.#discard(opening, rejected);
  }

  /** Closes what another request may have closed already. Idle connections would stay open while Lambda freezes the environment. */
  #discard(opening: Promise<Opened>, { pool }: Opened): void {
    this.#forget(opening);
    pool.close();
  }

  #forget(opening: Promise<Opened>): void {
    if (this.#opening === opening) this.#opening = undefined;
  }
}

/** Connects to the cluster that the settings name; nothing is sent before the first use. */
export function connectToCluster(
  settings: ClusterSettings,
  store: SecretsManager,
  options: ConnectionOptions,
): ClusterConnection {
  return new ClusterConnection(clusterCredentials(settings, store), options);
}

/** Checks whether another attempt may succeed. A lost connection is replaced once, however few attempts a request may take. */
function isWorthRetrying({ cure, isConnectionLost }: ClusterFailure, attempt: number, max: number): boolean {
  return cure === 'attempt' && attempt < (isConnectionLost === true ? Math.max(2, max) : max);
}
