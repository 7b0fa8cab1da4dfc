import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Cluster } from './cluster.ts';
import type { KubernetesObject } from './kubernetes-object.ts';
import { loadObjects } from './load-objects.ts';
import { answerRequest } from './http/request-answer.ts';

export type { KubernetesObject } from './kubernetes-object.ts';

/** How long the API server keeps connections that nobody uses; clients keep theirs in reliance on it. */
const IDLE_TIMEOUT_MS = 90_000;

export interface FakeKubernetesOptions {
  /** 0 takes a free one. */
  port: number;
  host?: string;
  /** Where set, requests without this bearer token are refused. */
  token?: string;
  /** Manifests that the cluster holds from the start. */
  objects?: KubernetesObject[];
}

export interface FakeKubernetes {
  url: string;
  /** Stops listening and ends the connections that clients keep open. */
  close(): Promise<void>;
}

/**
 * Starts a cluster API in this process's memory that serves namespaces, secrets and Kargo's kinds as kube-apiserver does.
 * Raises the server's error when it cannot listen (EADDRINUSE), and what {@link loadObjects} raises.
 */
export async function startFakeKubernetes(options: FakeKubernetesOptions): Promise<FakeKubernetes> {
  const cluster = new Cluster();
  loadObjects(cluster, options.objects ?? []);
  const server = createServer(
    { keepAliveTimeout: IDLE_TIMEOUT_MS },
    (request, response) => void serve(cluster, options.token, request, response),
  );
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
  const { code, type, text } = await answerRequest(cluster, token, request);
  // What is left of a body that was not read to its end would be taken for the next request.
  const connection = request.complete ? {} : { connection: 'close' };
  response.writeHead(code, {
    'content-type': type,
    'content-length': Buffer.byteLength(text),
    ...connection,
  });
  response.end(text);
}
