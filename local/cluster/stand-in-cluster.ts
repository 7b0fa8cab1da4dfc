import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Cluster } from './cluster.ts';
import { discoveryAnswer } from './discovery.ts';
import type { KubernetesObject } from './kubernetes-object.ts';
import { loadObjects } from './load-objects.ts';
import { answerObjectRequest, type Answer } from './object-requests.ts';
import { routeOf } from './request-route.ts';
import { badRequest, StatusError, unauthorized } from './status-error.ts';

export type { KubernetesObject } from './kubernetes-object.ts';

export interface StandInClusterOptions {
  /** 0 takes a free one. */
  port: number;
  host?: string;
  /** Where set, requests without this bearer token are refused. */
  token?: string;
  /** Manifests that the cluster holds from the start. */
  objects?: KubernetesObject[];
}

export interface StandInCluster {
  url: string;
  /** Stops listening and ends the connections that clients keep open. */
  close(): Promise<void>;
}

/**
 * Starts a cluster API in this process's memory that serves namespaces, secrets and Kargo's kinds as kube-apiserver does.
 * Raises the server's error when it cannot listen (EADDRINUSE), and what {@link loadObjects} raises.
 */
export async function startStandInCluster(options: StandInClusterOptions): Promise<StandInCluster> {
  const cluster = new Cluster();
  loadObjects(cluster, options.objects ?? []);
  const server = createServer((request, response) => void serve(cluster, options.token, request, response));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host ?? '127.0.0.1', resolve);
  });
  const { address, port, family } = server.address() as AddressInfo;
  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`,
    close: async () => {
      const closed = new Promise<void>((resolve) => void server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

async function serve(
  cluster: Cluster,
  token: string | undefined,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { code, body } = await answer(cluster, token, request).catch(failure);
  const isText = typeof body === 'string';
  response.writeHead(code, {
    'content-type': isText ? 'text/plain; charset=utf-8' : 'application/json',
    // What is left of a body that was not read to its end would be taken for the next request.
    ...(!request.complete && { connection: 'close' }),
  });
  response.end(isText ? body : `${JSON.stringify(body)}\n`);
}

async function answer(
  cluster: Cluster,
  token: string | undefined,
  request: IncomingMessage,
): Promise<Answer> {
  if (token !== undefined && request.headers.authorization !== `Bearer ${token}`) throw unauthorized();
  const { pathname, searchParams } = urlOf(request);
  const discovered = discoveryAnswer(cluster.kinds, pathname);
  if (discovered !== undefined) return { code: 200, body: discovered };
  const route = routeOf(cluster.kinds, pathname);
  if (!route) return { code: 404, body: '404 page not found\n' };
  return answerObjectRequest(cluster, request, route, searchParams);
}

function urlOf({ url = '/' }: IncomingMessage): URL {
  try {
    const parsed = new URL(url, 'http://cluster');
    decodeURIComponent(parsed.pathname);
    return parsed;
  } catch {
    throw badRequest(`${url} is no path`);
  }
}

/** Whatever happens, the client gets a Status: also for what is our own mistake. */
function failure(error: unknown): Answer {
  const { status } =
    error instanceof StatusError ? error : new StatusError(500, 'InternalError', String(error));
  return { code: status.code, body: status };
}
