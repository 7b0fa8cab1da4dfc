import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { chooseCluster } from '../../local/chosen-cluster.ts';
import { startClusterProxy } from '../../local/cluster-proxy.ts';
import { startFakeKubernetes } from '../../local/fakes/kubernetes/fake-kubernetes.ts';
import type { LoopbackServer } from '../../local/fakes/loopback-server.ts';
import { callApi, type ApiTarget } from '../cluster/api-client.ts';
import { kubeconfigOf } from '../cluster/kubeconfig.ts';
import { LoopbackProxy } from '../support/loopback-proxy.ts';

const NAMESPACES = '/api/v1/namespaces';
const demo = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'demo' } };

describe('the proxy to a cluster of the local run', () => {
  let fake: LoopbackServer;
  let cluster: LoopbackProxy;
  let stop: () => Promise<void>;

  beforeEach(async () => {
    fake = await startFakeKubernetes({ port: 0, objects: [demo] });
    cluster = new LoopbackProxy(fake.url);
    await cluster.start();
  });
  afterEach(async () => {
    await Promise.all([stop(), cluster.stop(), fake.close()]);
  });

  async function startProxy(isDryRun: boolean): Promise<ApiTarget> {
    const kubeconfig = kubeconfigOf({ url: cluster.url, token: 'of the user' });
    const proxy = await startClusterProxy(chooseCluster(kubeconfig, 'config'), isDryRun);
    stop = proxy.close;
    const url = proxy.kubeconfig.getCurrentCluster()?.server ?? '';
    return { url, token: proxy.kubeconfig.getCurrentUser()?.token ?? '' };
  }

  test("forwards reads with the user's credentials", async () => {
    const target = await startProxy(true);
    const answer = await callApi(target, { path: `${NAMESPACES}?limit=5` });
    expect(answer).toMatchObject({ code: 200, body: { items: [{ metadata: { name: 'demo' } }] } });
    expect(cluster.requests).toMatchObject([
      { method: 'GET', path: `${NAMESPACES}?limit=5`, headers: { authorization: 'Bearer of the user' } },
    ]);
  });

  test.each(['POST', 'PUT', 'PATCH', 'DELETE'])('refuses %s in a dry run', async (method) => {
    const target = await startProxy(true);
    expect(await callApi(target, { method, path: `${NAMESPACES}/demo`, body: {} })).toMatchObject({
      code: 403,
      body: { reason: 'Forbidden', message: `dry run: ${method} ${NAMESPACES}/demo was not forwarded` },
    });
    expect(cluster.requests).toEqual([]);
  });

  test('forwards writes otherwise', async () => {
    const target = await startProxy(false);
    const body = { metadata: { labels: { a: 'b' } } };
    const contentType = 'application/merge-patch+json';
    const request = { method: 'PATCH', path: `${NAMESPACES}/demo`, body, contentType };
    expect(await callApi(target, request)).toMatchObject({
      code: 200,
      body: { metadata: { labels: { a: 'b' } } },
    });
  });

  test('rejects requests without its own token', async () => {
    const { url } = await startProxy(false);
    expect(await callApi({ url, token: 'wrong' }, { path: NAMESPACES })).toMatchObject({ code: 401 });
    expect(cluster.requests).toEqual([]);
  });

  test('closes the connection when the cluster does not answer', async () => {
    const target = await startProxy(false);
    cluster.fault = () => ({ kind: 'cut' });
    await expect(callApi(target, { path: NAMESPACES })).rejects.toThrow('socket hang up');
  });
});
