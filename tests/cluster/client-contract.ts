import { expect, test } from '@jest/globals';
import {
  ApiException,
  CoreV1Api,
  CustomObjectsApi,
  KubeConfig,
  KubernetesObjectApi,
  PatchStrategy,
  setHeaderOptions,
} from '@kubernetes/client-node';
import { randomBytes } from 'node:crypto';
import type { ApiTarget } from './api-client.ts';
import { kubeconfigOf } from './kubeconfig.ts';

const apiVersion = 'kargo.akuity.io/v1alpha1';
const WAREHOUSES = { group: 'kargo.akuity.io', version: 'v1alpha1', plural: 'warehouses' };

/** The same contract through the client that the functions use, which finds its way by discovery and kubeconfig. */
export function describeClientContract(target: () => ApiTarget): void {
  function connect(): KubeConfig {
    const config = new KubeConfig();
    config.loadFromString(kubeconfigOf(target()));
    return config;
  }

  async function project(config: KubeConfig): Promise<string> {
    const name = `client-${randomBytes(4).toString('hex')}`;
    await config.makeApiClient(CoreV1Api).createNamespace({ body: { metadata: { name } } });
    return name;
  }

  test('objects of any kind are created, patched, read and deleted', async () => {
    const config = connect();
    const api = KubernetesObjectApi.makeApiClient(config);
    const metadata = { name: 'w', namespace: await project(config) };
    const head = { apiVersion, kind: 'Warehouse', metadata };
    await api.create({ ...head, spec: { subscriptions: [{ git: { repoURL: 'https://x/y' } }] } });
    const annotated = {
      ...head,
      metadata: { ...metadata, annotations: { 'kargo.akuity.io/refresh': 'now' } },
    };
    await api.patch(annotated, undefined, undefined, undefined, undefined, PatchStrategy.MergePatch);
    expect(await api.read(head)).toMatchObject({ ...annotated, spec: { interval: '5m0s' } });
    await api.delete(head);
    await expect(api.read(head)).rejects.toMatchObject({ code: 404 });
  });

  test('lists come in pages, and conflicts as exceptions', async () => {
    const config = connect();
    const api = config.makeApiClient(CustomObjectsApi);
    const at = { ...WAREHOUSES, namespace: await project(config) };
    for (const name of ['a', 'b', 'c']) {
      const body = { apiVersion, kind: 'Warehouse', metadata: { name }, spec: { subscriptions: [1] } };
      await api.createNamespacedCustomObject({ ...at, body });
    }
    const { metadata, items } = await api.listNamespacedCustomObject({ ...at, limit: 2 });
    expect(items).toMatchObject([{ metadata: { name: 'a' } }, { metadata: { name: 'b' } }]);
    const rest = await api.listNamespacedCustomObject({
      ...at,
      limit: 2,
      _continue: metadata.continue,
    });
    expect(rest.items).toMatchObject([{ metadata: { name: 'c' } }]);

    const body = { metadata: { resourceVersion: '1' }, status: { lastFreightID: 'x' } };
    const options = setHeaderOptions('Content-Type', PatchStrategy.MergePatch);
    const stale = api.patchNamespacedCustomObjectStatus({ ...at, name: 'a', body }, options);
    await expect(stale).rejects.toBeInstanceOf(ApiException);
    await expect(stale).rejects.toMatchObject({ code: 409 });
  });

  test('secrets come as bytes', async () => {
    const config = connect();
    const api = config.makeApiClient(CoreV1Api);
    const namespace = await project(config);
    await api.createNamespacedSecret({
      namespace,
      body: { metadata: { name: 's' }, stringData: { secret: 's3cret' } },
    });
    expect((await api.readNamespacedSecret({ namespace, name: 's' })).data).toEqual({ secret: 'czNjcmV0' });
  });
}
