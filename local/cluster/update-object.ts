import { isDeepStrictEqual } from 'node:util';
import type { Cluster, Target } from './cluster.ts';
import type { KubernetesObject } from './kubernetes-object.ts';
import { metadataFaults } from './metadata-faults.ts';
import { badRequest, conflict, invalid } from './status-error.ts';

/** The metadata that only the API server writes; a client's values for it are passed over. */
const SERVER_OWNED = [
  'creationTimestamp',
  'generation',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'selfLink',
];

/**
 * Puts `next` in the place of an existing object: all but its status, or, with the subresource `status`, only that.
 * An update that changes nothing writes nothing. Gives the object as it is kept.
 * Raises a StatusError: 404, 409 (`next` names another resourceVersion or uid than the latest), 400, 422.
 */
export function updateObject(
  cluster: Cluster,
  target: Target,
  next: KubernetesObject,
  { subresource = '', dryRun = false } = {},
): KubernetesObject {
  const { kind, namespace, name } = target;
  const existing = cluster.existing(target);
  requirePreconditions(target, existing, next);

  const updated =
    subresource === 'status' ? withStatusOf(existing, next) : withoutStatusOf(target, existing, next);
  const complete = kind.custom ? kind.complete(updated) : { ...existing, ...updated };
  const faults = [...metadataFaults(kind, complete.metadata), ...kind.faults(complete)];
  if (faults.length > 0) throw invalid(kind, name, faults);
  if (isDeepStrictEqual(complete, existing)) return existing;
  const object = kind.custom ? counted(existing, complete) : complete;
  if (dryRun) return object;
  const kept = cluster.store.put(kind, object);
  const isGone =
    kept.metadata.deletionTimestamp !== undefined && (kept.metadata.finalizers ?? []).length === 0;
  if (isGone) cluster.store.remove(kind, namespace, name);
  return kept;
}

function requirePreconditions(
  { kind, namespace, name }: Target,
  existing: KubernetesObject,
  next: KubernetesObject,
): void {
  const { metadata } = next;
  if ((metadata.name ?? name) !== name) {
    throw badRequest(
      `the name of the object (${metadata.name}) does not match the name on the URL (${name})`,
    );
  }
  if ((metadata.namespace ?? namespace) !== namespace) {
    throw badRequest(
      `the namespace of the object (${metadata.namespace}) does not match the namespace on the URL (${namespace})`,
    );
  }
  if (metadata.uid !== undefined && metadata.uid !== existing.metadata.uid) {
    throw conflict(
      kind,
      name,
      `Precondition failed: UID in precondition: ${metadata.uid}, UID in object meta: ${existing.metadata.uid}`,
    );
  }
  if (
    metadata.resourceVersion !== undefined &&
    metadata.resourceVersion !== existing.metadata.resourceVersion
  ) {
    throw conflict(kind, name);
  }
}

function withStatusOf(existing: KubernetesObject, { status }: KubernetesObject): KubernetesObject {
  const { status: _replaced, ...rest } = existing;
  return { ...rest, ...(status !== undefined && { status }) } as KubernetesObject;
}

function withoutStatusOf(
  { kind }: Target,
  existing: KubernetesObject,
  next: KubernetesObject,
): KubernetesObject {
  const { status: _ignored, ...content } = next;
  const owned = SERVER_OWNED.filter((field) => existing.metadata[field] !== undefined);
  const { name, namespace, uid, resourceVersion } = existing.metadata;
  const clientOwned = Object.entries(next.metadata).filter(([field]) => !SERVER_OWNED.includes(field));
  return {
    ...(kind.hasStatus ? content : next),
    ...(kind.hasStatus && existing.status !== undefined && { status: existing.status }),
    metadata: {
      ...Object.fromEntries(clientOwned),
      ...Object.fromEntries(owned.map((field) => [field, existing.metadata[field]])),
      name,
      ...(namespace !== undefined && { namespace }),
      uid,
      resourceVersion,
    },
  } as KubernetesObject;
}

/** The generation counts changes of what is wanted: of anything but metadata and status. */
function counted(existing: KubernetesObject, next: KubernetesObject): KubernetesObject {
  const { metadata: _before, status: _was, ...wanted } = existing;
  const { metadata, status: _is, ...wants } = next;
  if (isDeepStrictEqual(wanted, wants)) return next;
  return { ...next, metadata: { ...metadata, generation: (metadata.generation ?? 1) + 1 } };
}
