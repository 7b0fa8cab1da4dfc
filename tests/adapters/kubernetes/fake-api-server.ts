import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import {
  ClusterConnection,
  type ConnectionOptions,
} from '../../../lib/adapters/kubernetes/cluster-connection.ts';
import type { ClusterEndpoint } from '../../../lib/adapters/kubernetes/cluster-pool.ts';

export interface ReceivedRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly socket: Socket;
}

/** One answer. A string or bytes are sent unchanged, anything else as JSON. `cut` closes the connection, `hang` never answers. */
export type FakeAnswer =
  | 'cut'
  | 'hang'
  | { readonly status?: number; readonly headers?: Record<string, string>; readonly body?: unknown };

/** Returns the endpoint of a server whose certificate is not verified. */
export function endpointOf(url: string, token = 'token'): ClusterEndpoint {
  return {
    server: new URL(url),
    tls: { rejectUnauthorized: false },
    headers: { authorization: `Bearer ${token}` },
  };
}

/** An HTTP server on loopback for which a test decides each answer. */
export class FakeApiServer {
  readonly requests: ReceivedRequest[] = [];
  answer: (request: ReceivedRequest) => FakeAnswer = () => ({});
  readonly #server = createServer((request, response) => this.#respond(request, response));

  async start(): Promise<void> {
    // Idle connections stay open, as those to a real API server do for longer than a test.
    this.#server.keepAliveTimeout = 0;
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  async stop(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Connects like the functions, with the token `token`, but without waits between attempts. */
  connect(options: Partial<ConnectionOptions> = {}): ClusterConnection {
    const wait = (): Promise<void> => Promise.resolve();
    const endpoint = endpointOf(this.url);
    return new ClusterConnection(async () => ({ endpoint }), { attemptTimeoutMs: 5_000, wait, ...options });
  }

  #respond(incoming: IncomingMessage, response: ServerResponse): void {
    const { method = '', url = '', headers, socket } = incoming;
    const { pathname: path, searchParams: query } = new URL(url, 'http://api');
    const request = { method, path, query, headers, socket };
    this.requests.push(request);
    const answer = this.answer(request);
    if (answer === 'hang') return;
    if (answer === 'cut') {
      response.destroy();
      return;
    }
    const { status = 200, body = {} } = answer;
    const content = typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
    response.writeHead(status, { 'content-type': 'application/json', ...answer.headers }).end(content);
  }
}
