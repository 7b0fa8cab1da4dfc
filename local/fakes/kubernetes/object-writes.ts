import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { isRecord, type KubernetesObject, type ObjectMeta } from './kubernetes-object.ts';
import type { ObjectStore } from './object-store.ts';
import { apiVersionOf, NAMESPACE, RESOURCE_KINDS, type ResourceKind } from './resource-kinds.ts';
import { alreadyExists, badRequest, conflict, invalid, notFound, StatusError } from './status-error.ts';

/** The object that a request names. `namespace` is empty for a cluster-scoped kind. */
export interface ObjectKey {
  readonly kind: ResourceKind;
  readonly namespace: string;
  readonly name: string;
}

/** @throws {StatusError} 404 */
export function getObject(store: ObjectStore, { kind, namespace, name }: ObjectKey): KubernetesObject {
  const object = store.get(kind, namespace, name);
  if (!object) throw notFound(kind, name);
  return object;
}

/**
 * Creates an object. Returns it as stored. A status is ignored where the kind has the status subresource.
 *
 * @param identity - of an object that another fake has held
 * @throws {StatusError} 400 (another kind or namespace), 404 (no such namespace), 409 (it exists), 422 (it is invalid)
 */
export function createObject(
  store: ObjectStore,
  kind: ResourceKind,
  namespace: string,
  body: unknown,
  identity: Required<Pick<ObjectMeta, 'uid' | 'creationTimestamp'>> = {
    uid: randomUUID(),
    creationTimestamp: now(),
  },
): KubernetesObject {
  const { metadata, status: _ignored, ...content } = requireObject(kind, namespace, body);
  if (kind.namespaced && !store.get(NAMESPACE, '', namespace)) throw notFound(NAMESPACE, namespace);
  if (metadata.resourceVersion !== undefined)
    throw new StatusError(500, '', 'resourceVersion should not be set on objects to be created');
  const { name = '' } = metadata;
  const object = kind.complete({
    ...content,
    metadata: {
      ...(name !== '' && { name }),
      ...(kind.namespaced && { namespace }),
      ...clientMetadata(metadata),
      ...identity,
      ...(kind.hasGeneration && { generation: 1 }),
    },
  });
  requireValid(kind, object);
  if (store.get(kind, namespace, name)) throw alreadyExists(kind, name);
  return store.put(kind, object);
}

/**
 * Merge-patches an object (RFC 7386): everything but its status or, with `isStatus`, nothing but its status. A patch that
 * changes nothing writes nothing. Returns the object as stored.
 *
 * @throws {StatusError} 400 (the patch changes name or kind), 404, 409 (it names another resourceVersion than the latest), 422
 */
export function patchObject(
  store: ObjectStore,
  key: ObjectKey,
  patch: unknown,
  isStatus: boolean,
): KubernetesObject {
  const { kind, namespace, name } = key;
  const existing = getObject(store, key);
  if (!isRecord(patch)) throw badRequest('error decoding patch: it is not a JSON object');
  const patched = requireObject(kind, namespace, mergePatch(existing, patch));
  const { name: given, resourceVersion } = patched.metadata;
  if (given !== name)
    throw badRequest(`the name of the object (${given}) does not match the name on the URL (${name})`);
  if (resourceVersion !== undefined && resourceVersion !== existing.metadata.resourceVersion)
    throw conflict(kind, name);

  const next = kind.complete(isStatus ? withStatus(existing, patched) : withoutStatus(existing, patched));
  requireValid(kind, next);
  if (isDeepStrictEqual(next, existing)) return existing;
  const { generation = 0 } = existing.metadata;
  if (kind.hasGeneration && !isDeepStrictEqual(contentOf(next), contentOf(existing)))
    next.metadata.generation = generation + 1;
  return store.put(kind, next);
}

/** Deletes an object, and a namespace with everything in it, at once. Returns the body of the response. */
export function deleteObject(store: ObjectStore, key: ObjectKey): object {
  const { kind, namespace, name } = key;
  const existing = getObject(store, key);
  store.delete(kind, namespace, name);
  if (kind === NAMESPACE) {
    for (const inside of RESOURCE_KINDS.filter(({ namespaced }) => namespaced))
      for (const { metadata } of store.list(inside, name, 0).items)
        store.delete(inside, name, metadata.name ?? '');
    return { ...existing, status: { phase: 'Terminating' } };
  }
  const details = { name, ...(kind.group && { group: kind.group }), kind: kind.plural };
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details };
}

function requireObject(kind: ResourceKind, namespace: string, body: unknown): KubernetesObject {
  if (!isRecord(body)) throw badRequest('the object provided is unrecognized: it is not a JSON object');
  const { apiVersion, kind: given, metadata = {} } = body;
  if (apiVersion !== apiVersionOf(kind) || given !== kind.kind)
    throw badRequest(`the object provided is not of kind ${apiVersionOf(kind)} ${kind.kind}`);
  if (!isRecord(metadata)) throw badRequest('metadata is not a JSON object');
  if (kind.namespaced && metadata['namespace'] !== undefined && metadata['namespace'] !== namespace)
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  return { ...body, apiVersion, kind: given, metadata };
}

function requireValid(kind: ResourceKind, object: KubernetesObject): void {
  const faults = kind.validate(object);
  if (faults.length > 0) throw invalid(kind, object.metadata.name ?? '', faults);
}

function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isRecord(patch)) return patch;
  const merged = new Map(Object.entries(isRecord(target) ? target : {}));
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) merged.delete(name);
    else merged.set(name, mergePatch(merged.get(name), value));
  }
  return Object.fromEntries(merged);
}

function withStatus(existing: KubernetesObject, { status }: KubernetesObject): KubernetesObject {
  const { status: _replaced, ...rest } = existing;
  return { ...rest, metadata: { ...rest.metadata }, ...(status !== undefined && { status }) };
}

function withoutStatus(existing: KubernetesObject, patched: KubernetesObject): KubernetesObject {
  const {
    labels: _labels,
    annotations: _annotations,
    ownerReferences: _owners,
    ...server
  } = existing.metadata;
  const { status: _ignored, ...content } = patched;
  const metadata = { ...server, ...clientMetadata(patched.metadata) };
  return { ...content, metadata, ...(existing.status !== undefined && { status: existing.status }) };
}

/** Returns the metadata that a client may set, without empty fields, which the API server leaves out. */
function clientMetadata({ labels, annotations, ownerReferences }: ObjectMeta): ObjectMeta {
  const fields = Object.entries({ labels, annotations, ownerReferences });
  const isSet = ([, value]: [string, unknown]): boolean =>
    value !== undefined && value !== null && !isDeepStrictEqual(value, {}) && !isDeepStrictEqual(value, []);
  return Object.fromEntries(fields.filter(isSet));
}

/** Returns the part of an object whose changes count as a generation. */
function contentOf({ metadata: _metadata, status: _status, ...content }: KubernetesObject): object {
  return content;
}

/** The API server's timestamps are in whole seconds. */
function now(): string {
  return `${new Date().toISOString().slice(0, 19)}Z`;
}
