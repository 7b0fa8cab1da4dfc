import type { BitbucketEvent, PushEvent } from '../../core/bitbucket/event.ts';
import {
  addressKey,
  toWarehouseContent,
  type IndexedWarehouse,
} from '../../core/kargo/lookup-index/warehouse-rows.ts';
import { formatObjectName, type ObjectName } from '../../core/kargo/object-name.ts';
import type { ClusterObject, EventCandidates, ListedObjects } from '../ports.ts';
import { IndexError, type FoundWarehouses, type IndexFault, type IndexReader } from './index-reader.ts';

export interface IndexedCandidatesDeps {
  readonly index: Pick<IndexReader, 'warehousesOf'>;
  readonly objects: ListedObjects;
  readonly onFault: (fault: IndexFault) => void;
}

/**
 * Finds what an event may affect: Warehouses by the lookup index, and where it cannot be used by listing all; Promotions by their phase.
 */
export class IndexedCandidates implements EventCandidates {
  readonly #deps: IndexedCandidatesDeps;

  constructor(deps: IndexedCandidatesDeps) {
    this.#deps = deps;
  }

  pages(
    event: BitbucketEvent,
    project: string,
    signal: AbortSignal,
  ): AsyncIterable<readonly ClusterObject[]> {
    switch (event.kind) {
      case 'push':
        return this.#warehouses(event, project, signal);
      case 'pull-request-closed':
        return this.#deps.objects.runningPromotions(project, signal);
      default:
        return event satisfies never;
    }
  }

  async *#warehouses(
    { addresses }: PushEvent,
    project: string,
    signal: AbortSignal,
  ): AsyncGenerator<readonly ClusterObject[]> {
    const found = await this.#deps.index.warehousesOf(addresses.map(addressKey), signal);
    if (found === undefined) {
      yield* this.#deps.objects.pages('warehouse', project, signal);
      return;
    }
    const seen = new Set<string>();
    try {
      for await (const page of this.#indexed(found, project, signal)) {
        for (const object of page) seen.add(formatObjectName(object));
        yield page;
      }
    } catch (error) {
      if (!(error instanceof IndexError)) throw error;
      this.#deps.onFault(error.fault);
      // A Warehouse that was judged already must not be counted twice.
      for await (const page of this.#deps.objects.pages('warehouse', project, signal))
        yield page.filter((object) => !seen.has(formatObjectName(object)));
    }
  }

  async *#indexed(
    { listedProjects, pages }: FoundWarehouses,
    project: string,
    signal: AbortSignal,
  ): AsyncGenerator<readonly ClusterObject[]> {
    const isInScope = (namespace: string): boolean => project === '' || namespace === project;
    const isIndexed = ({ namespace }: IndexedWarehouse): boolean =>
      isInScope(namespace) && !listedProjects.includes(namespace);
    const unread = new Map<string, ObjectName>();
    for await (const page of pages()) {
      const rows = page.filter(isIndexed);
      for (const row of rows) if (row.subscriptions === null) unread.set(formatObjectName(row), toName(row));
      yield rows.flatMap((row) =>
        row.subscriptions === null || unread.has(formatObjectName(row))
          ? []
          : [{ ...toName(row), content: toWarehouseContent(row.subscriptions) }],
      );
    }
    const { objects } = this.#deps;
    yield* objects.read('warehouse', [...unread.values()], signal);
    for (const listed of listedProjects.filter(isInScope)) yield* objects.pages('warehouse', listed, signal);
  }
}

function toName({ namespace, name, uid }: IndexedWarehouse): ObjectName {
  return { namespace, name, uid };
}
