import { randomUUID } from 'node:crypto';
import type { Cluster } from './cluster.ts';
import { NAMESPACE } from './core-kinds.ts';
import type { KubernetesObject } from './kubernetes-object.ts';
import { metadataFaults } from './metadata-faults.ts';
import type { ResourceKind } from './resource-kind.ts';
import { alreadyExists, badRequest, invalid, notFound } from './status-error.ts';

/**
 * Creates an object and gives it as it is kept.
 * Raises a StatusError: 400 (another namespace), 404 (no such namespace), 409 (it exists), 422 (it breaks a rule).
 */
export function createObject(
  { store }: Cluster,
  kind: ResourceKind,
  namespace: string,
  given: KubernetesObject,
  dryRun = false,
): KubernetesObject {
  if ((given.metadata.namespace ?? namespace) !== namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
  if (kind.namespaced && !store.get(NAMESPACE, '', namespace)) throw notFound(NAMESPACE, namespace);

  const { name = generatedName(given), labels, annotations, finalizers, ...rest } = given.metadata;
  const { status: _status, ...content } = given;
  const object = kind.complete({
    ...(kind.hasStatus ? content : given),
    apiVersion: given.apiVersion,
    kind: given.kind,
    metadata: {
      ...rest,
      name,
      ...(kind.namespaced && { namespace }),
      ...(labels && { labels }),
      ...(annotations && { annotations }),
      ...(finalizers && { finalizers }),
      uid: randomUUID(),
      creationTimestamp: timestamp(),
      ...(kind.custom && { generation: 1 }),
    },
  });
  const faults = [...metadataFaults(kind, object.metadata), ...kind.faults(object)];
  if (faults.length > 0) throw invalid(kind, name, faults);
  if (store.get(kind, namespace, name)) throw alreadyExists(kind, name);
  return dryRun ? object : store.put(kind, object);
}

function generatedName({ metadata: { generateName } }: KubernetesObject): string {
  return generateName ? `${generateName}${randomUUID().slice(0, 5)}` : '';
}

/** The API's times are whole seconds. */
function timestamp(): string {
  return `${new Date().toISOString().slice(0, 19)}Z`;
}
