import type { KubernetesObject } from './kubernetes-object.ts';
import type { ResourceKind } from './resource-kind.ts';

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
    return this.#objects.get(keyOf(kind, namespace, name));
  }

  /** Keeps `object` under its own namespace and name, and gives it with its new resourceVersion. */
  put(kind: ResourceKind, object: KubernetesObject): KubernetesObject {
    const { name = '', namespace = '' } = object.metadata;
    this.#revision += 1;
    const kept = { ...object, metadata: { ...object.metadata, resourceVersion: this.revision } };
    this.#objects.set(keyOf(kind, namespace, name), kept);
    return kept;
  }

  remove(kind: ResourceKind, namespace: string, name: string): void {
    if (this.#objects.delete(keyOf(kind, namespace, name))) this.#revision += 1;
  }

  /** The objects of `kind`, of all namespaces where `namespace` is empty, in the order in which the API lists them. */
  list(kind: ResourceKind, namespace: string): KubernetesObject[] {
    const prefix = `${keyOf(kind, namespace, '')}`;
    const found = [...this.#objects].filter(([key]) => key.startsWith(prefix));
    return found.toSorted(([left], [right]) => (left < right ? -1 : 1)).map(([, object]) => object);
  }

  /** Removes everything that lives in a namespace, of whatever kind. */
  clear(kinds: ResourceKind[], namespace: string): void {
    for (const kind of kinds.filter(({ namespaced }) => namespaced)) {
      for (const { metadata } of this.list(kind, namespace))
        this.remove(kind, namespace, metadata.name ?? '');
    }
  }
}

/** Also the order of lists, which compares whole keys: a namespace `a-b` comes before `a`, as `-` is less than `/`. */
function keyOf(kind: ResourceKind, namespace: string, name: string): string {
  return `/${kind.group}/${kind.plural}/${namespace ? `${namespace}/` : ''}${name}`;
}
