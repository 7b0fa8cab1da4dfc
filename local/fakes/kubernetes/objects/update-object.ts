import { isDeepStrictEqual } from 'node:util';
import type { Cluster, Target } from '../cluster.ts';
import { requireNamespace } from './create-object.ts';
import type { KubernetesObject } from '../kubernetes-object.ts';
import { requireValid, requireValidStatus } from './object-faults.ts';
import { clientMetadata, serverMetadata } from './object-metadata.ts';
import { badRequest } from '../status-error.ts';
import { immutableFaults, requireUnchanged } from './update-preconditions.ts';

export interface UpdateOptions {
  /** `status`, or empty for the object without it. */
  subresource?: string;
  /** Only says what would come of it. */
  dryRun?: boolean;
  /** Refuses fields that are not of the kind, where they would be dropped otherwise. */
  strict?: boolean;
  /** The object was made by a patch of the existing one. */
  isPatch?: boolean;
}

/**
 * Puts `next` in the place of an existing object: all but its status, or, with the subresource `status`, only that.
 * An update that changes nothing writes nothing. Gives the object as it is kept.
 * Raises a StatusError: 404, 409 (`next` names another resourceVersion or uid than the latest), 400, 422.
 */
export function updateObject(
  cluster: Cluster,
  target: Target,
  next: KubernetesObject,
  { subresource = '', dryRun = false, isPatch = false }: UpdateOptions = {},
): KubernetesObject {
  const { kind, namespace, name } = target;
  requireName(name, next.metadata.name ?? '');
  requireNamespace(kind, namespace, next.metadata);
  const existing = cluster.existing(target);
  requireUnchanged(target, existing, next, isPatch);

  const isStatus = subresource === 'status';
  const updated = kind.complete(
    isStatus ? withStatusOf(existing, next) : withoutStatusOf(target, existing, next),
  );
  if (isStatus) requireValidStatus(kind, updated);
  else requireValid(kind, updated, existing, immutableFaults(existing, next));

  if (isDeepStrictEqual(updated, existing)) return existing;
  const object = kind.custom ? counted(existing, updated) : updated;
  if (dryRun) return object;
  const kept = cluster.store.put(kind, object);
  const isFinalized = kept.metadata.deletionTimestamp !== undefined && !kept.metadata.finalizers;
  if (isFinalized) cluster.store.remove(kind, namespace, name);
  return kept;
}

function requireName(name: string, own: string): void {
  if (own === name) return;
  if (own) throw badRequest(`the name of the object (${own}) does not match the name on the URL (${name})`);
  throw badRequest(`the name of the object (${name} based on URL) was undeterminable: name must be provided`);
}

function withStatusOf(existing: KubernetesObject, { status }: KubernetesObject): KubernetesObject {
  const { status: _replaced, ...rest } = existing;
  return { ...rest, ...(status !== undefined && { status }) };
}

function withoutStatusOf(
  { kind, namespace }: Target,
  existing: KubernetesObject,
  next: KubernetesObject,
): KubernetesObject {
  const { status, ...content } = next;
  const kept = kind.hasStatus ? existing.status : status;
  const metadata = {
    ...clientMetadata(next.metadata),
    ...(kind.namespaced && { namespace }),
    ...serverMetadata(existing.metadata),
  };
  return {
    ...content,
    apiVersion: next.apiVersion,
    kind: next.kind,
    metadata,
    ...(kept !== undefined && { status: kept }),
  };
}

/** The generation counts changes of what is wanted: of anything but metadata and status. */
function counted(existing: KubernetesObject, next: KubernetesObject): KubernetesObject {
  const { metadata: _before, status: _was, ...wanted } = existing;
  const { metadata, status: _is, ...wants } = next;
  if (isDeepStrictEqual(wanted, wants)) return next;
  return { ...next, metadata: { ...metadata, generation: (metadata.generation ?? 1) + 1 } };
}
