import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

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

/** The response of a fake. */
export interface FakeResponse {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

/** A fake that runs in this process. */
export interface RunningFake {
  readonly url: string;
  /** Stops listening and closes the connections that clients keep open. */
  close(): Promise<void>;
}

/**
 * Starts an HTTP server on 127.0.0.1.
 *
 * @param port - 0 selects a free port
 * @param respond - returns the response of one request; must not throw
 * @throws {Error} node's `EADDRINUSE` when the port is in use
 */
export async function startLoopbackServer(
  port: number,
  respond: (request: FakeRequest) => FakeResponse,
): Promise<RunningFake> {
  const server = createServer({ keepAliveTimeout: IDLE_TIMEOUT_MS }, (incoming, outgoing) => {
    serve(incoming, outgoing, respond).catch(() => outgoing.destroy());
  });
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

async function serve(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  respond: (request: FakeRequest) => FakeResponse,
): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const { method = '', url = '', headers } = incoming;
  const [path = '', query] = url.split('?');
  const body = Buffer.concat(chunks).toString();
  const { status, type, text } = respond({ method, path, query: new URLSearchParams(query), headers, body });
  outgoing.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(text) });
  outgoing.end(text);
}
