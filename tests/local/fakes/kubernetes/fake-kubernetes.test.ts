import { afterEach, describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { once } from 'node:events';
import http from 'node:http';
import {
  startFakeKubernetes,
  type KubernetesObject,
} from '../../../../local/fakes/kubernetes/fake-kubernetes.ts';
import { callApi } from '../../../cluster/api-client.ts';

const KARGO = '/apis/kargo.akuity.io/v1alpha1';

const NAMESPACE = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'demo' } };

function kargo(kind: string, content: object, namespace?: string): KubernetesObject {
  const metadata = { name: 'one', ...(namespace && { namespace }) };
  return { apiVersion: 'kargo.akuity.io/v1alpha1', kind, metadata, ...content };
}

describe('the fake cluster', () => {
  const running: { close(): Promise<void> }[] = [];
  afterEach(async () => {
    for (const one of running.splice(0)) await one.close();
  });

  async function start(objects: KubernetesObject[] = []): Promise<{ url: string; token: string }> {
    const cluster = await startFakeKubernetes({ port: 0, objects });
    running.push(cluster);
    return { url: cluster.url, token: '' };
  }

  test('holds manifests from the start, with their status, and a namespace before what is in it', async () => {
    const status = { phase: 'Running', currentStep: 0 };
    const spec = { stage: 's', freight: 'f', steps: [{ uses: 'git-wait-for-pr' }] };
    const target = await start([kargo('Promotion', { spec, status }, 'demo'), NAMESPACE]);
    const { body } = await callApi(target, { path: `${KARGO}/namespaces/demo/promotions/one` });
    expect(body).toMatchObject({ metadata: { generation: 1 }, spec, status });
  });

  test.each([
    [
      'breaks a rule',
      kargo('ProjectConfig', { spec: { webhookReceivers: [{}] } }, 'demo'),
      /webhookReceivers\[0\].name: Required/,
    ],
    [
      'has a status that breaks a rule',
      kargo('ProjectConfig', { status: { conditions: [{}] } }, 'demo'),
      /conditions\[0\].type: Required/,
    ],
    [
      'is in no namespace that is there',
      kargo('ProjectConfig', {}, 'other'),
      /^namespaces "other" not found$/,
    ],
    [
      'is of a kind that is not served',
      kargo('Freight', {}, 'demo'),
      /^the fake cluster does not serve kargo.akuity.io\/v1alpha1 Freight$/,
    ],
  ])('refuses a manifest that %s', async (_name, manifest, message) => {
    await expect(start([NAMESPACE, manifest])).rejects.toThrow(message);
  });

  test('says when its port is taken', async () => {
    const { url } = await start();
    await expect(startFakeKubernetes({ port: Number(new URL(url).port) })).rejects.toThrow('EADDRINUSE');
  });

  test('lets everybody in where it has no token', async () => {
    const { url } = await start();
    expect(await callApi({ url, token: 'any' }, { path: '/api/v1/namespaces' })).toMatchObject({ code: 200 });
  });

  test('ends connections that a client keeps open when it is closed', async () => {
    const { url } = await start();
    const agent = new http.Agent({ keepAlive: true });
    const [response] = await once(http.get(`${url}/version`, { agent }), 'response');
    response.resume();
    await once(response, 'end');
    await running.pop()?.close();
    await expect(callApi({ url, token: '' }, { path: '/version' })).rejects.toThrow('ECONNREFUSED');
    agent.destroy();
  });

  test('goes on with a list whose beginning it has forgotten, if it is told to', async () => {
    const namespaces = ['a', 'b', 'c'].map((name) => ({ ...NAMESPACE, metadata: { name } }));
    const target = await start(namespaces);
    const forgotten = Buffer.from(JSON.stringify({ v: 'meta.k8s.io/v1', rv: 1, start: 'a' })).toString(
      'base64url',
    );
    const { body: expired } = await callApi(target, {
      path: `/api/v1/namespaces?limit=1&continue=${forgotten}`,
    });
    expect(expired).toMatchObject({ code: 410, reason: 'Expired' });
    const { body } = await callApi(target, {
      path: `/api/v1/namespaces?continue=${expired.metadata.continue}`,
    });
    expect(body.items?.map(({ metadata }) => metadata.name)).toEqual(['b', 'c']);
  });

  test('answers whatever it is sent, and never with a mistake of its own', async () => {
    const target = await start([NAMESPACE, kargo('ProjectConfig', {}, 'demo')]);
    const collection = `${KARGO}/namespaces/demo/projectconfigs`;
    const paths = [
      collection,
      `${collection}/one`,
      `${collection}/one/status`,
      '/api/v1/namespaces',
      '/api/v1/namespaces/demo/secrets',
    ];
    const types = ['json', 'yaml', 'merge-patch+json', 'json-patch+json', 'strategic-merge-patch+json'];
    const field = fc.constantFrom(
      'metadata',
      'name',
      'labels',
      'spec',
      'status',
      'data',
      'op',
      'path',
      '__proto__',
      'constructor',
    );
    const objects = fc.object({ key: field, values: [fc.string(), fc.integer(), fc.constant(null)] });
    const requests = fc.record({
      method: fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'DELETE'),
      path: fc
        .tuple(fc.constantFrom(...paths), fc.webQueryParameters())
        .map(([path, query]) => `${path}?${query}`),
      contentType: fc.constantFrom(...types).map((type) => `application/${type}`),
      body: fc.oneof(
        fc.string(),
        objects,
        fc.array(objects),
        objects.map((object) => ({ ...kargo('ProjectConfig', {}, 'demo'), ...object })),
      ),
    });
    await fc.assert(
      fc.asyncProperty(requests, async (request) => {
        expect((await callApi(target, request)).code).toBeLessThan(500);
      }),
    );
    expect(await callApi(target, { path: '/readyz' })).toMatchObject({ code: 200, text: 'ok' });
  });
});
