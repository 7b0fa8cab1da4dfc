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
const CONFIGS = `${KARGO}/namespaces/demo/projectconfigs`;
const NAMESPACE = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'demo' } };

function kargo(kind: string, content: object, namespace = 'demo'): KubernetesObject {
  return { apiVersion: 'kargo.akuity.io/v1alpha1', kind, metadata: { name: 'one', namespace }, ...content };
}

describe('the fake Kubernetes API', () => {
  const running: { close(): Promise<void> }[] = [];
  afterEach(async () => {
    for (const one of running.splice(0)) await one.close();
  });

  async function start(objects: KubernetesObject[] = []): Promise<{ url: string; token: string }> {
    const fake = await startFakeKubernetes({ port: 0, objects });
    running.push(fake);
    return { url: fake.url, token: '' };
  }

  test('holds manifests from the start with their status, a namespace before the objects in it', async () => {
    const status = { phase: 'Running', currentStep: 0 };
    const spec = { stage: 's', freight: 'f', steps: [{ uses: 'git-wait-for-pr' }] };
    const target = await start([kargo('Promotion', { spec, status }), NAMESPACE]);
    const { body } = await callApi(target, { path: `${KARGO}/namespaces/demo/promotions/one` });
    expect(body).toMatchObject({ metadata: { generation: 1 }, spec, status });
  });

  test.each([
    [
      'is invalid',
      kargo('ProjectConfig', { spec: { webhookReceivers: [{}] } }),
      /webhookReceivers\[0\].name: Required/,
    ],
    [
      'has an invalid status',
      kargo('ProjectConfig', { status: { conditions: [{}] } }),
      /conditions\[0\].type: Required/,
    ],
    [
      'is in a namespace that does not exist',
      kargo('ProjectConfig', {}, 'other'),
      /^namespaces "other" not found$/,
    ],
    [
      'is of a kind that is not served',
      kargo('Freight', {}),
      /^the fake does not serve kargo.akuity.io\/v1alpha1 Freight$/,
    ],
  ])('rejects a manifest that %s', async (_name, manifest, message) => {
    await expect(start([NAMESPACE, manifest])).rejects.toThrow(message);
  });

  test('throws EADDRINUSE when the port is in use', async () => {
    const { url } = await start();
    await expect(startFakeKubernetes({ port: Number(new URL(url).port) })).rejects.toThrow('EADDRINUSE');
  });

  test.each([
    ['a label selector', { path: `${CONFIGS}?labelSelector=a` }, 400],
    ['a watch', { path: `${CONFIGS}?watch=true` }, 400],
    ['delete options', { method: 'DELETE', path: `${CONFIGS}/one`, body: {} }, 400],
    ['a replacement', { method: 'PUT', path: `${CONFIGS}/one`, body: {} }, 405],
    ['an unknown continue token', { path: `${CONFIGS}?limit=1&continue=x` }, 410],
  ])('rejects %s', async (_name, request, code) => {
    const target = await start([NAMESPACE, kargo('ProjectConfig', {})]);
    expect(await callApi(target, request)).toMatchObject({ code });
  });

  test('closes connections that a client keeps open', async () => {
    const { url } = await start();
    const agent = new http.Agent({ keepAlive: true });
    const [response] = await once(http.get(`${url}/api/v1/namespaces`, { agent }), 'response');
    response.resume();
    await once(response, 'end');
    await running.pop()?.close();
    await expect(callApi({ url, token: '' }, { path: '/api/v1/namespaces' })).rejects.toThrow('ECONNREFUSED');
    agent.destroy();
  });

  test('answers any request without an internal error', async () => {
    const target = await start([NAMESPACE, kargo('ProjectConfig', {})]);
    const paths = [CONFIGS, `${CONFIGS}/one`, `${CONFIGS}/one/status`, '/api/v1/namespaces', '/api/v1/%zz'];
    const field = fc.constantFrom('metadata', 'name', 'labels', 'spec', 'status', '__proto__', 'constructor');
    const objects = fc.object({ key: field, values: [fc.string(), fc.integer(), fc.constant(null)] });
    const requests = fc.record({
      method: fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'DELETE'),
      path: fc.constantFrom(...paths),
      contentType: fc.constantFrom('application/json', 'application/merge-patch+json'),
      body: fc.oneof(
        fc.string(),
        objects,
        fc.array(objects),
        objects.map((object) => ({ ...kargo('ProjectConfig', {}), ...object })),
      ),
    });
    await fc.assert(
      fc.asyncProperty(requests, async (request) => {
        expect((await callApi(target, request)).code).toBeLessThan(500);
      }),
    );
  });
});
