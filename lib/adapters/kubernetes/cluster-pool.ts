import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { Clock } from '../../app/ports.ts';
import { readJson } from '../http/read-json.ts';
import { Agent, buildConnector, ProxyAgent, type Dispatcher } from '../http/undici.ts';
import { AnswerTooLargeError } from './cluster-errors.ts';

/** A request to the cluster API. It is idempotent, because it may be sent more than once. */
export interface ClusterRequest {
  readonly method: 'GET' | 'PATCH' | 'POST' | 'DELETE';
  /** Path below the server's address, and query. */
  readonly path: string;
  /** The object or list for messages: `Warehouse demo/shop`. */
  readonly object: string;
  /** Sent as a JSON merge patch. */
  readonly patch?: object;
  /** Sent with POST as an object to create. */
  readonly content?: object;
  /** The representation of the answer, where it is not the whole object. */
  readonly accept?: string;
  /** Attempts at the request. Default: as many as a busy server may need. */
  readonly maxAttempts?: number;
  /** Statuses besides 2xx that the caller handles itself. */
  readonly expected?: readonly number[];
  /** Whether an expected 404 may have any words: also those for an API that the cluster does not serve. */
  readonly mayBeUnserved?: boolean;
}

export interface ClusterAnswer {
  readonly status: number;
  readonly retryAfter: string | undefined;
  /** Parsed; undefined where it is not JSON. */
  readonly body: unknown;
  /** Length of the body, decompressed. */
  readonly bytes: number;
}

/** Body of one answer, decompressed; its text and objects need a few times as much memory. etcd stores no object over 1.5 MB by default. */
const MAX_ANSWER_BYTES = 8 * 1024 * 1024;

/** Fewer, larger chunks than by default (16 KiB): a page has some MB. */
const GUNZIP_CHUNK_BYTES = 256 * 1024;

/**
 * The connections of a pool that idled for longer are replaced. While Lambda freezes an environment, no timer of the pool runs, and
 * idle connections are dropped silently: by a Network Load Balancer after 350 s. A request over such a connection would wait for its
 * timeout. The API server itself closes idle connections after 90 s.
 */
const MAX_IDLE_MS = 60_000;

/** An answer to a patch holds the metadata alone: nothing else of the object is needed, and it may be large. */
const PATCH_HEADERS = {
  accept: 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json',
  'content-type': 'application/merge-patch+json',
};

/** Sent with every request. */
const COMMON_HEADERS = {
  accept: 'application/json',
  'accept-encoding': 'gzip',
  'user-agent': 'kargo-front-door',
};

/** Address of a cluster API, and how to connect to it. */
export interface ClusterEndpoint {
  readonly server: URL;
  /** An http, https or socks5 proxy. */
  readonly proxyUrl?: string | undefined;
  readonly tls: {
    readonly ca?: Buffer | undefined;
    readonly cert?: Buffer | string | undefined;
    readonly key?: Buffer | string | undefined;
    /** Name in the server's certificate, where it is not that of the address. */
    readonly servername?: string | undefined;
    readonly rejectUnauthorized: boolean;
  };
  /** The credentials that are not part of TLS; names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface PoolOptions {
  readonly connectTimeoutMs: number;
  readonly clock: Clock;
}

/** Connections to one cluster API. */
export class ClusterPool {
  readonly #server: URL;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #connect: () => Dispatcher;
  readonly #clock: Clock;
  #dispatcher: Dispatcher;
  #usedAt: Date;

  /** Nothing is sent before the first request. */
  constructor({ server, proxyUrl, tls, headers }: ClusterEndpoint, options: PoolOptions) {
    const { connectTimeoutMs: timeout, clock } = options;
    this.#server = server;
    this.#headers = { ...COMMON_HEADERS, ...headers };
    // Shared by all dispatchers of this pool: it keeps the TLS sessions.
    const connect = buildConnector({ ...tls, timeout });
    this.#connect = () =>
      proxyUrl === undefined
        ? new Agent({ connect, keepAliveTimeout: MAX_IDLE_MS })
        : new ProxyAgent({ uri: proxyUrl, requestTls: tls, connectTimeout: timeout });
    this.#clock = clock;
    this.#dispatcher = this.#connect();
    this.#usedAt = clock();
  }

  /**
   * Sends a request once.
   *
   * @throws {AnswerTooLargeError} where the answer is larger than `MAX_ANSWER_BYTES`
   * @throws {Error} of the network, or the reason of the signal
   */
  async send(request: ClusterRequest, signal: AbortSignal): Promise<ClusterAnswer> {
    if (this.#clock().getTime() - this.#usedAt.getTime() > MAX_IDLE_MS) this.#renew();
    const dispatcher = this.#dispatcher;
    this.#usedAt = this.#clock();
    const { promise: aborted, reject } = Promise.withResolvers<never>();
    const onAbort = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', onAbort);
    try {
      // The library rejects a request that waits for its connection only when that wait ends.
      return await Promise.race([this.#exchange(dispatcher, request, signal), aborted]);
    } catch (error) {
      // After a timeout, the other connections may be dead too.
      if (signal.aborted && dispatcher === this.#dispatcher) this.#renew();
      throw error;
    } finally {
      // The listener would keep the answer in memory until the signal's own timeout.
      signal.removeEventListener('abort', onAbort);
      this.#usedAt = this.#clock();
    }
  }

  /** Closes all connections, those in use after their requests. Nothing may be sent afterwards. */
  close(): void {
    // It is no longer used, so an error while it closes has no effect.
    this.#dispatcher.close().catch(() => undefined);
  }

  /** Replaces all connections; requests that were sent end over the replaced ones. */
  #renew(): void {
    this.close();
    this.#dispatcher = this.#connect();
  }

  async #exchange(
    dispatcher: Dispatcher,
    { method, path, patch, content, accept }: ClusterRequest,
    signal: AbortSignal,
  ): Promise<ClusterAnswer> {
    const server = this.#server;
    const headers = this.#headers;
    const response = await dispatcher.request({
      origin: server.origin,
      path: server.pathname.replace(/\/$/, '') + path,
      method,
      signal,
      headers: {
        ...headers,
        ...(patch !== undefined && PATCH_HEADERS),
        ...(content !== undefined && { 'content-type': 'application/json' }),
        ...(accept !== undefined && { accept }),
      },
      ...((patch ?? content) !== undefined && { body: JSON.stringify(patch ?? content) }),
    });
    const tooLarge = (maxBytes: number): Error => new AnswerTooLargeError(maxBytes);
    const { content: body, bytes } = await readJson(decompressed(response), MAX_ANSWER_BYTES, tooLarge);
    return {
      status: response.statusCode,
      retryAfter: response.headers['retry-after']?.toString(),
      body,
      bytes,
    };
  }
}

function decompressed({ headers, body }: Dispatcher.ResponseData): AsyncIterable<Buffer> {
  if (headers['content-encoding'] !== 'gzip') return body;
  // The pipeline hands errors of the body on to the reader.
  return pipeline(body, createGunzip({ chunkSize: GUNZIP_CHUNK_BYTES }), () => undefined);
}
