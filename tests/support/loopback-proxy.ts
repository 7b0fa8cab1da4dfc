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

/** A request on its way to what stands behind the proxy. */
export interface PassingRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** The operation of an AWS JSON request: `GetSecretValue`; empty for others. */
  readonly operation: string;
}

/** What happens to a request instead of an undisturbed passage. */
export type ProxyFault =
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly headers?: Record<string, string>;
      readonly body?: unknown;
    }
  /** No answer ever comes. */
  | { readonly kind: 'hang' }
  /** The connection breaks before an answer. */
  | { readonly kind: 'cut' }
  /** The answer arrives changed. */
  | { readonly kind: 'rewrite'; readonly rewrite: (answer: string) => string };

/** A proxy on loopback that counts requests and makes trouble on demand. */
export class LoopbackProxy {
  /** What has come in since the start or the last `forget`, the oldest first. */
  readonly requests: PassingRequest[] = [];
  /** Asked for each request; undefined lets it pass. What it waits for happens before the request arrives. */
  fault: (request: PassingRequest) => ProxyFault | undefined | Promise<ProxyFault | undefined> = () =>
    undefined;
  readonly #target: URL;
  readonly #agent: Agent;
  #server: Server | undefined;
  #port = 0;

  /** `ca` is the PEM bundle that an https target's certificate is checked with. */
  constructor(target: string, ca?: string) {
    this.#target = new URL(target);
    this.#agent = ca === undefined ? new Agent({ keepAlive: true }) : new TlsAgent({ keepAlive: true, ca });
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Listens; after `stop`, where it listened before. */
  async start(): Promise<void> {
    this.#server = createServer((request, response) => void this.#pass(request, response));
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  /** Refuses connections from now on and cuts those there are. */
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

  /** Forgets the requests so far and makes no more fault. */
  forget(): void {
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
    // Who came with a connection for one request does not end the one kept to the target.
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
