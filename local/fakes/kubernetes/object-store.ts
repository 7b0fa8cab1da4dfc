import { randomUUID } from 'node:crypto';
import type { KubernetesObject } from './kubernetes-object.ts';
import type { ResourceKind } from './resource-kinds.ts';
import { StatusError } from './status-error.ts';

/** How many unfinished lists are held for their next page; a real API server holds those of the last five minutes. */
const MAX_UNFINISHED_LISTS = 1_000;

interface ObjectList {
  readonly items: readonly KubernetesObject[];
  readonly resourceVersion: string;
}

/** One page of a list, as the API returns it. */
interface ListPage {
  readonly items: readonly KubernetesObject[];
  readonly metadata: object;
}

/**
 * Stores the objects of one cluster, and counts writes in a revision as etcd does. An object is replaced, never changed, so
 * that what was read stays as it was.
 */
export class ObjectStore {
  readonly #objects = new Map<string, KubernetesObject>();
  readonly #unfinishedLists = new Map<string, ObjectList>();
  #revision = 1;

  /** Returns the object; `namespace` is empty for a cluster-scoped kind. */
  get(kind: ResourceKind, namespace: string, name: string): KubernetesObject | undefined {
    return this.#objects.get(keyOf(kind, namespace, name));
  }

  /** Returns every object, in the order of creation. */
  all(): KubernetesObject[] {
    return [...this.#objects.values()];
  }

  /** Stores an object under its own namespace and name. Returns it with the resourceVersion of this write. */
  put(kind: ResourceKind, object: KubernetesObject): KubernetesObject {
    this.#revision += 1;
    const stored = { ...object, metadata: { ...object.metadata, resourceVersion: String(this.#revision) } };
    const { namespace = '', name = '' } = object.metadata;
    this.#objects.set(keyOf(kind, namespace, name), stored);
    return stored;
  }

  delete(kind: ResourceKind, namespace: string, name: string): void {
    this.#revision += 1;
    this.#objects.delete(keyOf(kind, namespace, name));
  }

  /**
   * Returns the first page of a list.
   *
   * @param namespace - empty for all namespaces
   * @param limit - objects in the page; 0 for all
   */
  list(kind: ResourceKind, namespace: string, limit: number): ListPage {
    const prefix = keyOf(kind, namespace, '');
    const found = [...this.#objects].filter(([key]) => key.startsWith(prefix));
    // The order of whole keys: namespace "a-b" comes before "a", because "-" sorts before "/".
    const items = found.toSorted(([left], [right]) => (left < right ? -1 : 1)).map(([, object]) => object);
    return this.#cutPage({ items, resourceVersion: String(this.#revision) }, limit);
  }

  /**
   * Returns the next page of a list. It shows the objects as they were when the first page was read.
   *
   * @throws {StatusError} 410 for an unknown token
   */
  listNext(token: string, limit: number): ListPage {
    const list = this.#unfinishedLists.get(token);
    if (!list) throw new StatusError(410, 'Expired', 'The provided continue parameter is too old');
    return this.#cutPage(list, limit);
  }

  #cutPage({ items, resourceVersion }: ObjectList, limit: number): ListPage {
    if (limit === 0 || items.length <= limit) return { items, metadata: { resourceVersion, continue: '' } };
    const rest = items.slice(limit);
    const token = randomUUID();
    this.#unfinishedLists.set(token, { items: rest, resourceVersion });
    const [oldest = ''] = this.#unfinishedLists.keys();
    if (this.#unfinishedLists.size > MAX_UNFINISHED_LISTS) this.#unfinishedLists.delete(oldest);
    const metadata = { resourceVersion, continue: token, remainingItemCount: rest.length };
    return { items: items.slice(0, limit), metadata };
  }
}

function keyOf({ group, plural, namespaced }: ResourceKind, namespace: string, name: string): string {
  const prefix = `/${group}/${plural}/`;
  return namespaced && namespace !== '' ? `${prefix}${namespace}/${name}` : `${prefix}${name}`;
}
