import { randomUUID } from 'node:crypto';
import http from 'node:http';
import https from 'node:https';
import { pipeline } from 'node:stream';
import type { KubeConfig } from '@kubernetes/client-node';
import { loopbackKubeconfig, type ChosenCluster } from './chosen-cluster.ts';
import { startLoopbackServer } from './fakes/loopback-server.ts';

/**
 * Starts a proxy on loopback that forwards requests to a cluster with the credentials of the user's kubeconfig. So these are
 * not copied, and a later change of the current context has no effect. Requests need the proxy's own token. In a dry run it
 * forwards reads only, so that nothing is written to the cluster.
 *
 * @returns the kubeconfig for the proxy, and the function that stops it
 */
export async function startClusterProxy(
  cluster: ChosenCluster,
  isDryRun: boolean,
): Promise<{ readonly kubeconfig: KubeConfig; readonly close: () => Promise<void> }> {
  const token = randomUUID();
  const { url, close } = await startLoopbackServer(0, (incoming, outgoing) => {
    if (incoming.headers.authorization !== `Bearer ${token}`) {
      refuse(outgoing, 401, 'Unauthorized', 'Unauthorized');
    } else if (isDryRun && incoming.method !== 'GET') {
      refuse(outgoing, 403, 'Forbidden', `dry run: ${incoming.method} ${incoming.url} was not forwarded`);
    } else forward(cluster, incoming, outgoing).catch(() => outgoing.destroy());
  });
  return { kubeconfig: loopbackKubeconfig(url, token), close };
}

async function forward(
  { kubeconfig, server }: ChosenCluster,
  incoming: http.IncomingMessage,
  outgoing: http.ServerResponse,
): Promise<void> {
  const options: https.RequestOptions = {};
  await kubeconfig.applyToHTTPSOptions(options);
  const { authorization: _token, host: _host, ...headers } = incoming.headers;
  const request = (server.startsWith('https:') ? https : http).request(
    `${server}${incoming.url}`,
    { ...options, method: incoming.method, headers: Object.assign(headers, options.headers) },
    (response) => {
      outgoing.writeHead(response.statusCode ?? 502, response.headers);
      pipeline(response, outgoing, () => undefined);
    },
  );
  request.on('error', () => outgoing.destroy());
  pipeline(incoming, request, () => undefined);
}

function refuse(outgoing: http.ServerResponse, code: number, reason: string, message: string): void {
  const status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code };
  outgoing.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(status));
}
