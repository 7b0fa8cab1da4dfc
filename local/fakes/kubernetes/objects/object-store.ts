import type { KubernetesObject } from '../kubernetes-object.ts';
import type { ResourceKind } from '../kinds/resource-kind.ts';
import { unforeseen } from '../status-error.ts';

/** etcd's own limit of what is written at once, in bytes. */
const MAX_OBJECT_BYTES = 1.5 * 1024 * 1024;

/**
 * The objects of one cluster and the revision that counts its writes, as etcd keeps them. Objects are never changed in
 * place, so that what was read stays what it was.
 */
export class ObjectStore {
  readonly #objects = new Map<string, KubernetesObject>();
  #revision = 1;

  /** The revision of the last write; an object's resourceVersion is the revision that wrote it. */
  get revision(): string {
    return String(this.#revision);
  }

  get(kind: ResourceKind, namespace: string, name: string): KubernetesObject | undefined {
    return this.#objects.get(prefixOf(kind) + pathOf({ namespace, name }));
  }

  /**
   * Keeps `object` under its own namespace and name, and gives it with its new resourceVersion.
   * Raises a StatusError (500) for one that is too large.
   */
  put(kind: ResourceKind, object: KubernetesObject): KubernetesObject {
    if (Buffer.byteLength(JSON.stringify(object)) > MAX_OBJECT_BYTES)
      throw unforeseen('etcdserver: request is too large');
    this.#revision += 1;
    const kept = { ...object, metadata: { ...object.metadata, resourceVersion: this.revision } };
    this.#objects.set(prefixOf(kind) + pathOf(object.metadata), kept);
    return kept;
  }

  remove(kind: ResourceKind, namespace: string, name: string): void {
    if (this.#objects.delete(prefixOf(kind) + pathOf({ namespace, name }))) this.#revision += 1;
  }

  /** The objects of `kind`, of all namespaces where `namespace` is empty, in the order in which the API lists them. */
  list(kind: ResourceKind, namespace: string): KubernetesObject[] {
    const prefix = prefixOf(kind) + (namespace ? `${namespace}/` : '');
    const found = [...this.#objects].filter(([key]) => key.startsWith(prefix));
    return found.toSorted(([left], [right]) => (left < right ? -1 : 1)).map(([, object]) => object);
  }

  /** Removes all objects of a kind from a namespace. */
  clear(kind: ResourceKind, namespace: string): void {
    for (const { metadata } of this.list(kind, namespace)) this.remove(kind, namespace, metadata.name ?? '');
  }
}

function prefixOf({ group, plural }: ResourceKind): string {
  return `/${group}/${plural}/`;
}

/** Lists are in the order of whole paths: a namespace `a-b` comes before `a`, as `-` is less than `/`. */
export function pathOf({ namespace = '', name = '' }: { namespace?: string; name?: string }): string {
  return namespace ? `${namespace}/${name}` : name;
}
