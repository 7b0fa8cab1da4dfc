import type { Cluster } from '../cluster.ts';
import type { KubernetesObject } from '../kubernetes-object.ts';
import type { ListMetadata } from './list-pages.ts';
import { apiVersionOf, type ResourceKind } from '../kinds/resource-kind.ts';
import { fieldSelector, labelSelector } from './selectors.ts';
import { badRequest } from '../status-error.ts';

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
  cluster: Cluster,
  kind: ResourceKind,
  namespace: string,
  query: URLSearchParams,
): ObjectList {
  const { store, pages } = cluster;
  const limit = query.get('limit') ?? '';
  if (!/^-?\d*$/.test(limit))
    throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(limit)}: invalid syntax`);
  const texts = { labels: query.get('labelSelector') ?? '', fields: query.get('fieldSelector') ?? '' };
  const selectors = [labelSelector(texts.labels), fieldSelector(texts.fields)];
  const selected = store
    .list(kind, namespace)
    .filter((object) => selectors.every((selects) => selects(object)));
  const token = query.get('continue');
  const { items, metadata } = token
    ? pages.next(token, selected, store.revision, Number(limit))
    : pages.first(selected, store.revision, Number(limit));
  // Nobody has counted what a selector leaves of the rest.
  if (texts.labels || texts.fields) delete metadata.remainingItemCount;
  return {
    apiVersion: apiVersionOf(kind),
    kind: kind.listKind,
    metadata: { ...(kind.custom && { continue: '' }), ...metadata },
    items,
  };
}
