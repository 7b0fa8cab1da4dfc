import { expect, test } from '@jest/globals';
import {
  ApiException,
  CustomObjectsApi,
  KubeConfig,
  PatchStrategy,
  setHeaderOptions,
} from '@kubernetes/client-node';
import { randomBytes } from 'node:crypto';
import { callApi, type ApiTarget } from './api-client.ts';
import { kubeconfigOf } from './kubeconfig.ts';

const KARGO = { group: 'kargo.akuity.io', version: 'v1alpha1', plural: 'warehouses' };

/** Declares the test that the client library, configured by a kubeconfig, works with the API. */
export function describeClientContract(target: () => ApiTarget): void {
  test('serves the client of @kubernetes/client-node: creates, patches, pages, conflicts, deletes', async () => {
    const config = new KubeConfig();
    config.loadFromString(kubeconfigOf(target()));
    const api = config.makeApiClient(CustomObjectsApi);
    const namespace = `client-${randomBytes(4).toString('hex')}`;
    const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } };
    await callApi(target(), { method: 'POST', path: '/api/v1/namespaces', body });
    const warehouses = { ...KARGO, namespace };
    for (const name of ['a', 'b', 'c']) {
      await api.createNamespacedCustomObject({
        ...warehouses,
        body: {
          apiVersion: 'kargo.akuity.io/v1alpha1',
          kind: 'Warehouse',
          metadata: { name },
          spec: { subscriptions: [1] },
        },
      });
    }

    const first = await api.listNamespacedCustomObject({ ...warehouses, limit: 2 });
    expect(first.items).toMatchObject([{ metadata: { name: 'a' } }, { metadata: { name: 'b' } }]);
    const next = { ...warehouses, limit: 2, _continue: first.metadata.continue };
    const rest = await api.listNamespacedCustomObject(next);
    expect(rest.items).toMatchObject([{ metadata: { name: 'c' } }]);

    const mergePatch = setHeaderOptions('Content-Type', PatchStrategy.MergePatch);
    const annotations = { 'kargo.akuity.io/refresh': 'now' };
    const patch = { ...warehouses, name: 'a', body: { metadata: { annotations } } };
    expect(await api.patchNamespacedCustomObject(patch, mergePatch)).toMatchObject({
      metadata: { annotations },
    });
    const staleBody = { metadata: { resourceVersion: '1' }, status: { lastFreightID: 'x' } };
    const stale = api.patchNamespacedCustomObjectStatus({ ...patch, body: staleBody }, mergePatch);
    await expect(stale).rejects.toBeInstanceOf(ApiException);
    await expect(stale).rejects.toMatchObject({ code: 409 });

    await api.deleteNamespacedCustomObject({ ...warehouses, name: 'a' });
    await expect(api.getNamespacedCustomObject({ ...warehouses, name: 'a' })).rejects.toMatchObject({
      code: 404,
    });
  });
}
