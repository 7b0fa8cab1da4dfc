import { request as sendRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { pipeline } from 'node:stream';
import { startLoopbackServer, type LoopbackServer } from './fakes/loopback-server.ts';

/**
 * Starts a proxy in front of serverless-offline, which answers 200 where a function exceeds its time.
 *
 * @param port - 0 selects a free port
 * @param target - URL to forward to
 * @param timeoutMs - after this time, a request is answered with 504
 * @throws {Error} node's `EADDRINUSE` when the port is in use
 */
export async function startLocalGateway(
  port: number,
  target: string,
  timeoutMs: number,
): Promise<LoopbackServer> {
  return startLoopbackServer(port, (incoming, outgoing) => forward(target, timeoutMs, incoming, outgoing));
}

function forward(
  target: string,
  timeoutMs: number,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): void {
  const { method, url = '/', headers } = incoming;
  const request = sendRequest(`${target}${url}`, { method, headers }, (response) => {
    clearTimeout(timer);
    outgoing.writeHead(response.statusCode ?? 502, response.headers);
    pipeline(response, outgoing, () => undefined);
  });
  const fail = (status: number, message: string): void => {
    if (outgoing.headersSent) outgoing.destroy();
    else outgoing.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ message }));
  };
  const timer = setTimeout(() => {
    fail(504, 'Endpoint request timed out');
    request.destroy();
  }, timeoutMs);
  request.on('error', () => {
    clearTimeout(timer);
    if (!outgoing.writableEnded) fail(502, 'Bad Gateway');
  });
  outgoing.on('close', () => request.destroy());
  pipeline(incoming, request, () => undefined);
}
