import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** How long idle connections are kept, in milliseconds: as long as kube-apiserver keeps them, because clients rely on it. */
const IDLE_TIMEOUT_MS = 90_000;

/** One request to a fake, read to its end. */
export interface FakeRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface FakeResponse {
  readonly status: number;
  readonly type: string;
  readonly text: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An HTTP server on 127.0.0.1. */
export interface LoopbackServer {
  readonly url: string;
  /** Stops listening and closes the connections that clients keep open. */
  close(this: void): Promise<void>;
}

/**
 * Starts an HTTP server on 127.0.0.1.
 *
 * @param port - 0 selects a free port
 * @throws {Error} node's `EADDRINUSE` when the port is in use
 */
export async function startLoopbackServer(port: number, listener: RequestListener): Promise<LoopbackServer> {
  const server = createServer({ keepAliveTimeout: IDLE_TIMEOUT_MS }, listener);
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** Starts a server that answers each request with what `respond` returns or resolves to; it must not throw. */
export async function startFakeServer(
  port: number,
  respond: (request: FakeRequest) => FakeResponse | Promise<FakeResponse>,
): Promise<LoopbackServer> {
  return startLoopbackServer(port, (incoming, outgoing) => {
    const { method = '', url = '', headers } = incoming;
    const [path = '', query] = url.split('?');
    void text(incoming).then(
      async (body) => {
        const answer = await respond({ method, path, query: new URLSearchParams(query), headers, body });
        outgoing
          .writeHead(answer.status, { ...answer.headers, 'content-type': answer.type })
          .end(answer.text);
      },
      () => outgoing.destroy(),
    );
  });
}
