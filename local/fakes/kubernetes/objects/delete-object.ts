import type { Cluster, Target } from '../cluster.ts';
import { NAMESPACE } from '../kinds/core-kinds.ts';
import { now } from './create-object.ts';
import type { KubernetesObject } from '../kubernetes-object.ts';
import { conflict, type Status } from '../status-error.ts';

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
  options: DeleteOptions,
): KubernetesObject | Status {
  const { kind, namespace, name } = target;
  const existing = cluster.existing(target);
  requirePreconditions(target, existing, options.preconditions ?? {});
  if (existing.metadata.finalizers) return marked(cluster, target, existing);
  cluster.store.remove(kind, namespace, name);
  if (kind === NAMESPACE) {
    for (const inside of cluster.kinds.filter(({ namespaced }) => namespaced))
      cluster.store.clear(inside, name);
    return { ...withDeletionTime(existing), status: { phase: 'Terminating' } };
  }
  const { uid = '' } = existing.metadata;
  const details = { name, ...(kind.group && { group: kind.group }), kind: kind.plural, uid };
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details };
}

function requirePreconditions(
  { kind, name }: Target,
  { metadata }: KubernetesObject,
  { uid, resourceVersion }: NonNullable<DeleteOptions['preconditions']>,
): void {
  const fail = (title: string, wanted: string, actual = '', guess = ''): never => {
    const because = `the ${title} in the precondition (${wanted}) does not match the ${title} in record (${actual}). ${guess}`;
    throw conflict(kind.kind, kind.group, name, because);
  };
  if (uid !== undefined && uid !== metadata.uid) {
    fail('UID', uid, metadata.uid, 'The object might have been deleted and then recreated');
  }
  if (resourceVersion !== undefined && resourceVersion !== metadata.resourceVersion) {
    fail('ResourceVersion', resourceVersion, metadata.resourceVersion, 'The object might have been modified');
  }
}

function marked({ store }: Cluster, { kind }: Target, existing: KubernetesObject): KubernetesObject {
  if (existing.metadata.deletionTimestamp !== undefined) return existing;
  const object = withDeletionTime(existing);
  const { generation = 0 } = existing.metadata;
  const counted = kind.custom ? { generation: generation + 1 } : {};
  return store.put(kind, {
    ...object,
    metadata: { ...object.metadata, deletionGracePeriodSeconds: 0, ...counted },
  });
}

function withDeletionTime(object: KubernetesObject): KubernetesObject {
  return { ...object, metadata: { ...object.metadata, deletionTimestamp: now() } };
}
