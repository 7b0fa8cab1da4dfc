import type { Cluster, Target } from './cluster.ts';
import { NAMESPACE } from './core-kinds.ts';
import type { KubernetesObject } from './kubernetes-object.ts';
import { conflict, type Status } from './status-error.ts';

/** The conditions under which an object is to be deleted, from the request's body. */
export interface DeleteOptions {
  preconditions?: { uid?: string; resourceVersion?: string };
}

/**
 * Deletes an object; a namespace with all that is in it, at once. One with finalizers is only marked, and goes when the
 * last of them is taken off. Gives what the API answers.
 * Raises a StatusError: 404, or 409 where a precondition does not hold.
 */
export function deleteObject(
  cluster: Cluster,
  target: Target,
  options: DeleteOptions = {},
): KubernetesObject | Status {
  const { kind, namespace, name } = target;
  const existing = cluster.existing(target);
  const { uid, finalizers = [] } = existing.metadata;
  for (const [field, wanted] of Object.entries(options.preconditions ?? {})) {
    const actual = existing.metadata[field];
    if (wanted === actual) continue;
    const title = field === 'uid' ? 'UID' : 'ResourceVersion';
    throw conflict(
      kind,
      name,
      `Precondition failed: ${title} in precondition: ${wanted}, ${title} in object meta: ${actual}`,
    );
  }
  if (finalizers.length > 0) return marked(cluster, target, existing);
  cluster.store.remove(kind, namespace, name);
  if (kind === NAMESPACE) {
    cluster.store.clear(cluster.kinds, name);
    return { ...deleting(existing), status: { phase: 'Terminating' } };
  }
  const details = { name, ...(kind.group && { group: kind.group }), kind: kind.plural, ...(uid && { uid }) };
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details };
}

function marked({ store }: Cluster, { kind }: Target, existing: KubernetesObject): KubernetesObject {
  if (existing.metadata.deletionTimestamp !== undefined) return existing;
  const generation = (existing.metadata.generation ?? 0) + 1;
  const { metadata, ...content } = deleting(existing);
  return store.put(kind, {
    ...content,
    metadata: { ...metadata, ...(kind.custom && { generation }) },
  } as KubernetesObject);
}

function deleting(object: KubernetesObject): KubernetesObject {
  const deletionTimestamp = `${new Date().toISOString().slice(0, 19)}Z`;
  return { ...object, metadata: { ...object.metadata, deletionTimestamp, deletionGracePeriodSeconds: 0 } };
}
