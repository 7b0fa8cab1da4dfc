import type { Cluster } from './cluster.ts';
import type { KubernetesObject } from './kubernetes-object.ts';
import type { ListMetadata } from './list-pages.ts';
import { apiVersionOf, type ResourceKind } from './resource-kind.ts';
import { fieldSelector, labelSelector } from './selectors.ts';

export interface ObjectList {
  apiVersion: string;
  kind: string;
  metadata: ListMetadata;
  items: KubernetesObject[];
}

/**
 * Lists the objects of a kind, in one namespace or (`namespace` empty) in all, as the query's `labelSelector`,
 * `fieldSelector`, `limit` and `continue` say. Raises a StatusError: 400 or 410.
 */
export function listObjects(
  { store, pages }: Cluster,
  kind: ResourceKind,
  namespace: string,
  query: URLSearchParams,
): ObjectList {
  const limit = Number(query.get('limit') ?? 0);
  const token = query.get('continue');
  const selectors = [
    labelSelector(query.get('labelSelector') ?? ''),
    fieldSelector(kind, query.get('fieldSelector') ?? ''),
  ];
  const { items, metadata } = token
    ? pages.next(token, limit)
    : pages.first(
        store.list(kind, namespace).filter((object) => selectors.every((selects) => selects(object))),
        store.revision,
        limit,
      );
  return { apiVersion: apiVersionOf(kind), kind: kind.listKind, metadata, items };
}
