import { randomUUID } from 'node:crypto';
import type { Cluster } from '../cluster.ts';
import { NAMESPACE } from '../kinds/core-kinds.ts';
import type { KubernetesObject, ObjectMeta } from '../kubernetes-object.ts';
import { requireValid } from './object-faults.ts';
import { clientMetadata } from './object-metadata.ts';
import type { ResourceKind } from '../kinds/resource-kind.ts';
import { alreadyExists, badRequest, notFound, unforeseen } from '../status-error.ts';

/**
 * Creates an object and gives it as it is kept.
 * Raises a StatusError: 400 (another namespace), 404 (no such namespace), 409 (it exists), 422 (it breaks a rule).
 */
export function createObject(
  { store }: Cluster,
  kind: ResourceKind,
  namespace: string,
  { status, ...given }: KubernetesObject,
  dryRun = false,
): KubernetesObject {
  requireNamespace(kind, namespace, given.metadata);
  if (kind.namespaced && !store.get(NAMESPACE, '', namespace)) throw notFound(NAMESPACE, namespace);
  if (given.metadata.resourceVersion)
    throw unforeseen('resourceVersion should not be set on objects to be created');

  const { name = '', generateName = '', namespace: _given, ...metadata } = clientMetadata(given.metadata);
  const object = kind.complete({
    ...given,
    ...(!kind.hasStatus && status !== undefined && { status }),
    apiVersion: given.apiVersion,
    kind: given.kind,
    metadata: {
      name: name || (generateName && `${generateName}${randomUUID().slice(0, 5)}`),
      ...(generateName && { generateName }),
      ...(kind.namespaced && { namespace }),
      ...metadata,
      uid: randomUUID(),
      creationTimestamp: now(),
      ...(kind.custom && { generation: 1 }),
    },
  });
  requireValid(kind, object);
  const { name: finalName = '' } = object.metadata;
  if (store.get(kind, namespace, finalName)) throw alreadyExists(kind, finalName);
  return dryRun ? object : store.put(kind, object);
}

/** Raises a StatusError (400) if the object itself names another namespace than the path does. */
export function requireNamespace(
  kind: ResourceKind,
  namespace: string,
  { namespace: own }: ObjectMeta,
): void {
  if (!kind.namespaced || !own || own === namespace) return;
  throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
}

/** The time as the API has it, in whole seconds. */
export function now(): string {
  return `${new Date().toISOString().slice(0, 19)}Z`;
}
