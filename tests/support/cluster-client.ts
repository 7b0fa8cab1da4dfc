import type { KubernetesObject } from '../../local/fakes/kubernetes/fake-kubernetes.ts';
import { callApi, type ApiTarget } from '../cluster/api-client.ts';

const REFRESH = 'kargo.akuity.io/refresh';

const PLURALS: Readonly<Record<string, string>> = {
  Namespace: 'namespaces',
  ConfigMap: 'configmaps',
  ProjectConfig: 'projectconfigs',
  ClusterConfig: 'clusterconfigs',
  Warehouse: 'warehouses',
  Promotion: 'promotions',
  Stage: 'stages',
};

/** Changes objects of the cluster as other clients do: developers, and Kargo's own controller. */
export class ClusterClient {
  readonly #target: ApiTarget;

  constructor(target: ApiTarget) {
    this.#target = target;
  }

  /** Creates objects in this order, their statuses included. */
  async create(...objects: readonly KubernetesObject[]): Promise<void> {
    for (const { status, ...object } of objects) {
      await this.#send('POST', collectionOf(object.kind, object.metadata.namespace), object);
      if (status !== undefined) await this.patchStatus({ ...object, status }, status);
    }
  }

  async get(kind: string, namespace: string, name: string): Promise<KubernetesObject> {
    return (await this.#send('GET', `${collectionOf(kind, namespace)}/${name}`)) as KubernetesObject;
  }

  async delete({ kind, metadata }: KubernetesObject): Promise<void> {
    await this.#send('DELETE', `${collectionOf(kind, metadata.namespace)}/${metadata.name}`);
  }

  /** Merge-patches the object, except its status. */
  async patch({ kind, metadata }: KubernetesObject, change: object): Promise<void> {
    await this.#send('PATCH', `${collectionOf(kind, metadata.namespace)}/${metadata.name}`, change);
  }

  /** Merge-patches the object's status. */
  async patchStatus({ kind, metadata }: KubernetesObject, status: unknown): Promise<void> {
    const path = `${collectionOf(kind, metadata.namespace)}/${metadata.name}/status`;
    await this.#send('PATCH', path, { status });
  }

  async list(kind: string, namespace: string): Promise<KubernetesObject[]> {
    return ((await this.#send('GET', collectionOf(kind, namespace))) as { items: KubernetesObject[] }).items;
  }

  /** Returns `Warehouse demo/shop` for each object of these kinds with the refresh annotation, and removes the annotations. */
  async takeRefreshed(kinds: readonly string[] = ['Promotion', 'Warehouse']): Promise<string[]> {
    const refreshed: string[] = [];
    for (const kind of kinds) {
      for (const { metadata } of await this.list(kind, '')) {
        const mark = metadata.annotations?.[REFRESH];
        if (mark === undefined) continue;
        if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(mark))
          throw new Error(`no RFC 3339 time: ${mark}`);
        refreshed.push(`${kind} ${metadata.namespace}/${metadata.name}`);
        await this.patch(
          { apiVersion: '', kind, metadata },
          { metadata: { annotations: { [REFRESH]: null } } },
        );
      }
    }
    return refreshed.toSorted();
  }

  async #send(method: string, path: string, body?: object): Promise<unknown> {
    const contentType = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
    const answer = await callApi(this.#target, { method, path, body, contentType });
    if (answer.code >= 300) throw new Error(`${method} ${path}: ${answer.text}`);
    return answer.body;
  }
}

/** Path of the objects of a kind, in a namespace or in none. */
export function collectionOf(kind: string, namespace = ''): string {
  const group = kind === 'Namespace' || kind === 'ConfigMap' ? '/api/v1' : '/apis/kargo.akuity.io/v1alpha1';
  return `${group}${namespace === '' ? '' : `/namespaces/${namespace}`}/${PLURALS[kind]}`;
}
