import { NAMESPACE, SECRET } from './kinds/core-kinds.ts';
import { customKinds } from './kinds/custom-kinds.ts';
import type { KubernetesObject } from './kubernetes-object.ts';
import { ListPages } from './lists/list-pages.ts';
import { ObjectStore } from './objects/object-store.ts';
import { apiVersionOf, type ResourceKind } from './kinds/resource-kind.ts';
import { notFound } from './status-error.ts';

/** All that a fake cluster consists of: its kinds, its objects, and the lists that are being read page by page. */
export class Cluster {
  readonly kinds: ResourceKind[] = [NAMESPACE, SECRET, ...customKinds()];
  readonly store = new ObjectStore();
  readonly pages = new ListPages();

  kindOf(object: Pick<KubernetesObject, 'apiVersion' | 'kind'>): ResourceKind | undefined {
    return this.kinds.find((kind) => kind.kind === object.kind && apiVersionOf(kind) === object.apiVersion);
  }

  /** Raises a StatusError (404) when there is no such object. */
  existing({ kind, namespace, name }: Target): KubernetesObject {
    const object = this.store.get(kind, namespace, name);
    if (!object) throw notFound(kind, name);
    return object;
  }
}

/** The object that a request is about. `namespace` is empty for cluster-scoped kinds. */
export interface Target {
  kind: ResourceKind;
  namespace: string;
  name: string;
}
