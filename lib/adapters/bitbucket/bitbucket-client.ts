import * as v from 'valibot';
import { BitbucketError, type RequestPurpose } from '../../app/register/bitbucket-ports.ts';
import { CLOUD_SERVER } from '../../core/bitbucket/webhook-subject.ts';
import { parseRetryAfter } from '../http/network-errors.ts';
import { readJson } from '../http/read-json.ts';
import { withTimeout } from '../http/with-timeout.ts';
import { Agent } from '../http/undici.ts';
import type { BitbucketCredential } from './bitbucket-credentials.ts';
import { classifyStatus, describeNoAnswer } from './bitbucket-failures.ts';
import type { RequestBudget } from './request-budget.ts';

/** A request to Bitbucket's API. */
export interface BitbucketRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Path below the address of the API, and query. */
  readonly path: string;
  readonly body?: object;
  readonly purpose: RequestPurpose;
  /** What it is about, for messages: `repository:https://bitbucket.org/acme/shop`. */
  readonly subject: string;
  /** Statuses besides 2xx that the caller handles itself. */
  readonly expected?: readonly number[];
}

export interface BitbucketAnswer {
  readonly status: number;
  /** Parsed; undefined where it is empty. A response of Data Center may hold secrets: it is never logged. */
  readonly body: unknown;
}

/** The slowest answers, of a page of 100 webhooks, take seconds. */
const REQUEST_TIMEOUT_MS = 10_000;
const CONNECT_TIMEOUT_MS = 3_000;

/** A page of 100 webhooks has 100 KB; one of 1,000 changed files 500 KB. */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;

/** Sends the requests of one credential to its API. It follows no redirect, so that the token is sent nowhere else. */
export class BitbucketClient {
  readonly credential: BitbucketCredential;
  readonly #budget: RequestBudget;
  readonly #agent = new Agent({ connect: { timeout: CONNECT_TIMEOUT_MS } });

  constructor(credential: BitbucketCredential, budget: RequestBudget) {
    this.credential = credential;
    this.#budget = budget;
  }

  /**
   * Sends a request. One that is idempotent is sent again after an error of the connection, which may have been closed while it was idle.
   *
   * @throws {BitbucketError} where the budget is used up, or the answer is not a success
   */
  async request(request: BitbucketRequest, signal: AbortSignal): Promise<BitbucketAnswer> {
    const attempt = async (): Promise<BitbucketAnswer> => {
      this.#budget.take(request.purpose);
      return withTimeout(signal, REQUEST_TIMEOUT_MS, (ended) => this.#send(request, ended));
    };
    const mayRetry = (error: unknown): boolean =>
      request.method !== 'POST' && !(error instanceof BitbucketError) && !isTimeout(error) && !signal.aborted;
    try {
      return await attempt().catch((error: unknown) => {
        if (mayRetry(error)) return attempt();
        throw error;
      });
    } catch (cause) {
      if (cause instanceof BitbucketError) throw cause;
      throw new BitbucketError(describeNoAnswer(this.credential, request, isTimeout(cause)), { cause });
    }
  }

  /**
   * Sends a GET and reads its answer.
   *
   * @param what - what is asked for, as the error names it: `the list of webhooks`
   * @throws {BitbucketError} where the request fails, or the answer does not fit the schema
   */
  async read<Schema extends v.GenericSchema>(
    schema: Schema,
    what: string,
    request: Omit<BitbucketRequest, 'method'>,
    signal: AbortSignal,
  ): Promise<v.InferOutput<Schema>> {
    const { body } = await this.request({ method: 'GET', ...request }, signal);
    const parsed = v.safeParse(schema, body);
    if (parsed.success) return parsed.output;
    const kind = this.credential.server === CLOUD_SERVER ? 'Bitbucket Cloud' : 'Data Center';
    const message = `${what} cannot be read: the answer is not that of ${kind}.`;
    throw new BitbucketError({ reason: 'BitbucketUnavailable', message });
  }

  async #send(request: BitbucketRequest, signal: AbortSignal): Promise<BitbucketAnswer> {
    const { apiUrl, authorization } = this.credential;
    const { origin, pathname } = new URL(apiUrl);
    const response = await this.#agent.request({
      origin,
      path: pathname.replace(/\/$/, '') + request.path,
      method: request.method,
      signal,
      headers: {
        accept: 'application/json',
        authorization,
        'user-agent': 'kargo-front-door',
        // Data Center rejects requests with a body from what it takes for a browser.
        'x-atlassian-token': 'no-check',
        ...(request.body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(request.body !== undefined && { body: JSON.stringify(request.body) }),
    });
    const { statusCode: status, headers } = response;
    const { content: body } = await readJson(response.body, MAX_ANSWER_BYTES, tooLarge);
    if ((status >= 200 && status < 300) || request.expected?.includes(status) === true)
      return { status, body };
    if (status === 429) {
      this.#budget.block(parseRetryAfter(headers['retry-after']?.toString()));
      throw this.#budget.throttled();
    }
    throw new BitbucketError(classifyStatus(this.credential, request, status, body));
  }
}

function tooLarge(maxBytes: number): Error {
  return new Error(`the answer is larger than ${maxBytes} bytes`);
}

function isTimeout(error: unknown): boolean {
  return error instanceof Error && (error.name === 'TimeoutError' || error.name === 'AbortError');
}
