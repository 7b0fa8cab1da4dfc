import * as v from 'valibot';
import type { ObjectName, ObjectVersion } from '../../core/kargo/object-name.ts';
import type {
  ClusterObject,
  IndexableWarehouses,
  ListedObjects,
  RefreshableObjects,
  WarehouseContent,
} from '../../app/ports.ts';
import type { RefreshKind } from '../../core/kargo/verdict.ts';
import { readAnswer } from './cluster-errors.ts';
import type { KargoApi, KargoPlural } from './kargo-api.ts';

/** A new value makes Kargo's controller run a Warehouse's discovery again, or read a Promotion's pull request again. */
export const REFRESH_ANNOTATION = 'kargo.akuity.io/refresh';

/** Objects that are read concurrently, one by one: enough to hide the latency, few enough for the memory, at 1.5 MB for the largest. */
const READ_CONCURRENCY = 16;

const PLURALS: Readonly<Record<RefreshKind, KargoPlural>> = {
  warehouse: 'warehouses',
  promotion: 'promotions',
};

const objectRead = v.object({
  metadata: v.object({ uid: v.optional(v.string()), generation: v.optional(v.number()) }),
});
const discovered = v.object({ status: v.object({ discoveredArtifacts: v.record(v.string(), v.unknown()) }) });

/** The Warehouses and Promotions of the cluster. */
export class KargoRefreshableObjects implements RefreshableObjects, ListedObjects {
  readonly #api: KargoApi;

  constructor(api: KargoApi) {
    this.#api = api;
  }

  pages(kind: RefreshKind, project: string, signal: AbortSignal): AsyncIterable<readonly ClusterObject[]> {
    return this.#api.pages(PLURALS[kind], project, signal);
  }

  async *runningPromotions(project: string, signal: AbortSignal): AsyncGenerator<readonly ClusterObject[]> {
    const running = { column: 'Phase', value: 'Running' };
    const names = await this.#api.namesByCell('promotions', project, running, signal);
    if (names === undefined) yield* this.#api.pages('promotions', project, signal);
    else yield* this.read('promotion', takeTurns(names), signal);
  }

  async *read(
    kind: RefreshKind,
    names: readonly ObjectName[],
    signal: AbortSignal,
  ): AsyncGenerator<readonly ClusterObject[]> {
    yield* readPages(this.#api, PLURALS[kind], names, signal);
  }

  async refresh(
    kind: RefreshKind,
    { namespace, name }: ObjectName,
    at: Date,
    signal: AbortSignal,
  ): Promise<'refreshed' | 'gone'> {
    const body = { metadata: { annotations: { [REFRESH_ANNOTATION]: at.toISOString() } } };
    const result = await this.#api.patch(PLURALS[kind], namespace, name, body, signal);
    return result === 'gone' ? 'gone' : 'refreshed';
  }
}

/** The Warehouses of the cluster, for the index. */
export class KargoIndexableWarehouses implements IndexableWarehouses {
  readonly #api: KargoApi;

  constructor(api: KargoApi) {
    this.#api = api;
  }

  versions(signal: AbortSignal): AsyncIterable<readonly ObjectVersion[]> {
    return this.#api.versions('warehouses', '', signal);
  }

  async *pages(signal: AbortSignal): AsyncGenerator<readonly WarehouseContent[]> {
    const options = { fields: ['metadata', 'spec', 'status'] };
    for await (const page of this.#api.pages('warehouses', '', signal, options)) yield page.map(withVersion);
  }

  async *read(
    names: readonly ObjectName[],
    signal: AbortSignal,
  ): AsyncGenerator<readonly WarehouseContent[]> {
    for await (const page of readPages(this.#api, 'warehouses', names, signal)) yield page.map(withVersion);
  }
}

async function* readPages(
  api: KargoApi,
  plural: KargoPlural,
  names: readonly ObjectName[],
  signal: AbortSignal,
): AsyncGenerator<ClusterObject[]> {
  for (let start = 0; start < names.length; start += READ_CONCURRENCY) {
    const page = names.slice(start, start + READ_CONCURRENCY);
    const contents = await Promise.all(
      page.map(({ namespace, name }) => api.get(plural, namespace, name, signal)),
    );
    yield page.flatMap(({ namespace, name, uid }, index) => {
      const content = contents[index];
      if (content === undefined) return [];
      const { metadata } = readAnswer(objectRead, `${plural} ${namespace}/${name}`, content);
      return [{ namespace, name, uid: metadata.uid ?? uid, content }];
    });
  }
}

function withVersion({ content, ...name }: ClusterObject): WarehouseContent {
  const generation = v.is(objectRead, content) ? (content.metadata.generation ?? 0) : 0;
  return { ...name, generation, content, isDiscovered: v.is(discovered, content) };
}

/** Orders names so that projects take turns: one with many objects does not delay those of the others. */
function takeTurns(names: readonly ObjectName[]): ObjectName[] {
  const counts = new Map<string, number>();
  const ranked = names.map((name) => {
    const rank = counts.get(name.namespace) ?? 0;
    counts.set(name.namespace, rank + 1);
    return { name, rank };
  });
  return ranked.toSorted((one, other) => one.rank - other.rank).map(({ name }) => name);
}
