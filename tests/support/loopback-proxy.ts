import { once } from 'node:events';
import {
  Agent,
  createServer,
  request as sendRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { Agent as TlsAgent, request as sendTlsRequest } from 'node:https';
import type { AddressInfo } from 'node:net';

/** A request that the proxy has received. */
export interface PassingRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** The operation of an AWS JSON request: `GetSecretValue`; empty for others. */
  readonly operation: string;
}

/** How the proxy disturbs a request. */
export type ProxyFault =
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly headers?: Record<string, string>;
      readonly body?: unknown;
    }
  /** Never answers. */
  | { readonly kind: 'hang' }
  /** Closes the connection without an answer. */
  | { readonly kind: 'cut' }
  /** Changes the answer. */
  | { readonly kind: 'rewrite'; readonly rewrite: (answer: string) => string };

/** A proxy on loopback that records requests and injects faults. */
export class LoopbackProxy {
  /** Requests since the start or the last `reset`, the oldest first. */
  readonly requests: PassingRequest[] = [];
  /** Called for each request, which is forwarded after it has resolved. Returns undefined to forward the request unchanged. */
  fault: (request: PassingRequest) => ProxyFault | undefined | Promise<ProxyFault | undefined> = () =>
    undefined;
  readonly #target: URL;
  readonly #agent: Agent;
  #server: Server | undefined;
  #port = 0;

  /** @param ca - PEM bundle to verify an https target's certificate with */
  constructor(target: string, ca?: string) {
    this.#target = new URL(target);
    this.#agent = ca === undefined ? new Agent({ keepAlive: true }) : new TlsAgent({ keepAlive: true, ca });
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Starts to listen; after `stop`, on the same port again. */
  async start(): Promise<void> {
    this.#server = createServer((request, response) => void this.#pass(request, response));
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  /** Stops listening and closes all connections. */
  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    this.#agent.destroy();
    if (server === undefined) return;
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  }

  /** Clears the recorded requests and the fault. */
  reset(): void {
    this.requests.length = 0;
    this.fault = () => undefined;
  }

  async #pass(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    incoming.on('error', () => response.destroy());
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const { method = '', url: path = '', headers } = incoming;
    const operation = String(headers['x-amz-target'] ?? '').replace(/^.*\./, '');
    const request = { method, path, headers, body: body.toString('utf8'), operation };
    this.requests.push(request);
    const fault = await this.fault(request);
    if (fault?.kind === 'hang') return;
    if (fault?.kind === 'cut') response.destroy();
    else if (fault?.kind === 'answer') {
      response.writeHead(fault.status, { 'content-type': 'application/json', ...fault.headers });
      response.end(JSON.stringify(fault.body ?? {}));
    } else this.#forward(request, body, response, fault?.rewrite);
  }

  #forward(
    { method, path, headers }: PassingRequest,
    body: Buffer,
    response: ServerResponse,
    rewrite: ((answer: string) => string) | undefined,
  ): void {
    const { hostname, port, protocol } = this.#target;
    const send = protocol === 'https:' ? sendTlsRequest : sendRequest;
    // A client's `connection: close` must not close the connection to the target.
    const { connection: _connection, ...passed } = headers;
    const options = { agent: this.#agent, hostname, port, method, path, headers: passed };
    const outgoing = send(options, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('error', () => response.destroy());
      answer.on('end', () => {
        const bytes = Buffer.concat(chunks);
        const { 'content-length': _length, ...kept } = answer.headers;
        response.writeHead(answer.statusCode ?? 502, kept);
        response.end(rewrite === undefined ? bytes : rewrite(bytes.toString('utf8')));
      });
    });
    outgoing.on('error', () => response.destroy());
    outgoing.end(body);
  }
}
