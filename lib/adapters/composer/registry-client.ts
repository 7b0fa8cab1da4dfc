import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../../app/ports.ts';
import { makeAttempt } from '../http/attempt.ts';
import { readJson } from '../http/read-json.ts';
import { Agent, type Dispatcher } from '../http/undici.ts';
import { readRateLimit } from './rate-limit.ts';
import {
  answerTooLarge,
  classifyAnswer,
  classifyError,
  THROTTLED,
  TIMED_OUT,
  toError,
  type RegistryAnswer,
  type RegistryRequest,
} from './registry-errors.ts';

/** Attempts at one request: a connection from before a restart fails once, a busy server a few times. */
const MAX_ATTEMPTS = 3;

/** Backoff before the second attempt; doubled before the third. */
const FIRST_BACKOFF_MS = 200;

/** A registry that asks for a longer wait counts as throttling: a delivery has 8 s in all. */
const MAX_WAIT_MS = 4_000;

const CONNECT_TIMEOUT_MS = 2_000;

/** Body of one answer: a page of 100 packages, with whatever else the registry says of each. */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;

/** Connections that idled for longer are replaced: while Lambda freezes an environment, idle ones are dropped silently. */
const MAX_IDLE_MS = 60_000;

/** Returns the token for the registry; undefined where it needs none. `store` reads it past the cache. */
export type TokenSource = (from: 'cached' | 'store', signal: AbortSignal) => Promise<string | undefined>;

export interface RegistryClientOptions {
  /** `CARGOMAN_URL`, without a trailing slash. */
  readonly url: string;
  readonly token: TokenSource;
  readonly clock: Clock;
}

/** How an attempt ends. */
const RULES = { classifyAnswer, classifyError, timedOut: TIMED_OUT };

/** Client of the registry's REST API, kept between invocations. */
export class RegistryClient {
  readonly #options: RegistryClientOptions;
  #agent = createAgent();
  #usedAt = -Infinity;
  /** No request is sent before this time, in milliseconds since 1970: the rate limit is used up. */
  #resumeAt = -Infinity;

  constructor(options: RegistryClientOptions) {
    this.#options = options;
  }

  /**
   * Sends a request, and retries it after network errors, timeouts of one attempt, 409, 429 and 5xx, and once with the token read again
   * after 401. Where the rate limit is used up it waits for its reset, if that is soon.
   *
   * @param signal - ends the request with all its attempts
   * @throws {RetryableError} where the registry is unavailable, throttles, rejects the token or forbids a read
   * @throws {TerminalError} where the registry rejected the request for good
   */
  async request(request: RegistryRequest, signal: AbortSignal): Promise<RegistryAnswer> {
    let from: 'cached' | 'store' = 'cached';
    for (let attempt = 1; ; attempt += 1) {
      await this.#waitForRateLimit(request, signal);
      const token = await this.#options.token(from, signal);
      const send = (ended: AbortSignal): Promise<RegistryAnswer> => this.#exchange(request, token, ended);
      const result = await makeAttempt({ request, send, timeoutMs: request.timeoutMs }, RULES, signal);
      if ('answer' in result) return result.answer;
      const { failure, cause } = result;
      if (failure.cure === 'credentials' && from === 'cached') from = 'store';
      else if (failure.cure === 'attempt' && attempt < MAX_ATTEMPTS)
        await wait(FIRST_BACKOFF_MS * 2 ** (attempt - 1), signal, toError(request, failure, cause));
      else throw toError(request, failure, cause);
    }
  }

  async #waitForRateLimit(request: RegistryRequest, signal: AbortSignal): Promise<void> {
    const waitMs = this.#resumeAt - this.#options.clock().getTime();
    if (waitMs <= 0) return;
    const detail = `the rate limit is used up for ${Math.ceil(waitMs / 1_000)} s`;
    const throttled = toError(request, { cure: 'later', reason: THROTTLED, detail });
    if (waitMs > MAX_WAIT_MS) throw throttled;
    await wait(waitMs, signal, throttled);
  }

  async #exchange(
    { method, path }: RegistryRequest,
    token: string | undefined,
    signal: AbortSignal,
  ): Promise<RegistryAnswer> {
    const { url, clock } = this.#options;
    const base = new URL(url);
    const {
      statusCode: status,
      headers,
      body,
    } = await this.#connected().request({
      origin: base.origin,
      path: base.pathname.replace(/\/$/, '') + path,
      method,
      signal,
      headers: {
        accept: 'application/json',
        'user-agent': 'kargo-front-door',
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
      },
    });
    const now = clock().getTime();
    const pauseMs = readRateLimit(status, headers, now);
    if (pauseMs !== undefined) this.#resumeAt = now + pauseMs;
    return { status, body: (await readJson(body, MAX_ANSWER_BYTES, answerTooLarge)).content };
  }

  #connected(): Dispatcher {
    const now = this.#options.clock().getTime();
    if (now - this.#usedAt > MAX_IDLE_MS && this.#usedAt > 0) {
      // It is no longer used, so an error while it closes has no effect.
      this.#agent.close().catch(() => undefined);
      this.#agent = createAgent();
    }
    this.#usedAt = now;
    return this.#agent;
  }
}

function createAgent(): Agent {
  return new Agent({ connect: { timeout: CONNECT_TIMEOUT_MS }, keepAliveTimeout: MAX_IDLE_MS });
}

/** Waits, and throws `error` where the signal ends the wait. */
async function wait(milliseconds: number, signal: AbortSignal, error: Error): Promise<void> {
  await sleep(milliseconds, undefined, { signal }).catch(() => {
    throw error;
  });
}
