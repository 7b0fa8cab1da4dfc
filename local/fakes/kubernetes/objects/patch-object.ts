import type { Cluster, Target } from '../cluster.ts';
import type { KubernetesObject } from '../kubernetes-object.ts';
import { decodePatched } from './object-decoding.ts';
import { updateObject, type UpdateOptions } from './update-object.ts';

/**
 * Puts what `patched` makes of an existing object in its place, and gives it as it is kept.
 * Raises a StatusError: 404, 422 where it makes no object of it, and what {@link updateObject} and `patched` raise.
 */
export function patchObject(
  cluster: Cluster,
  target: Target,
  patched: (existing: KubernetesObject) => unknown,
  options: UpdateOptions,
): KubernetesObject {
  const result = patched(cluster.existing(target));
  const next = decodePatched(target.kind, result, options.strict ?? false);
  return updateObject(cluster, target, next, { ...options, isPatch: true });
}
