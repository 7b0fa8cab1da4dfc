import type { Cluster } from './cluster.ts';
import { NAMESPACE } from './kinds/core-kinds.ts';
import { createObject } from './objects/create-object.ts';
import type { KubernetesObject } from './kubernetes-object.ts';
import { decodeObject } from './objects/object-decoding.ts';
import { updateObject } from './objects/update-object.ts';

/**
 * Puts manifests into a cluster as they stand, their status included; namespaces first, whatever their order.
 * Raises a StatusError for one that the API would refuse, and an Error for one of a kind that is not served.
 */
export function loadObjects(cluster: Cluster, manifests: KubernetesObject[]): void {
  const isNamespace = ({ kind }: KubernetesObject): boolean => kind === NAMESPACE.kind;
  const ordered = [
    ...manifests.filter(isNamespace),
    ...manifests.filter((manifest) => !isNamespace(manifest)),
  ];
  for (const manifest of ordered) {
    const kind = cluster.kindOf(manifest);
    if (!kind) throw new Error(`the fake cluster does not serve ${manifest.apiVersion} ${manifest.kind}`);
    const given = decodeObject(kind, structuredClone(manifest));
    const { namespace = '', name = '' } = createObject(
      cluster,
      kind,
      given.metadata.namespace ?? '',
      given,
    ).metadata;
    const { status } = given;
    if (!kind.custom || status === undefined) continue;
    const created = cluster.existing({ kind, namespace, name });
    updateObject(cluster, { kind, namespace, name }, { ...created, status }, { subresource: 'status' });
  }
}
