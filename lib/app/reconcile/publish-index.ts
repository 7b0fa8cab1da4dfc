import { setTimeout as sleep } from 'node:timers/promises';
import {
  HEAD_TTL_MS,
  isIndexFresh,
  receiverKeyOf,
  toReceiverRow,
  type IndexNames,
  type ReceiverRow,
} from '../../core/kargo/lookup-index/index-head.ts';
import type { IndexRow } from '../../core/kargo/lookup-index/index-rows.ts';
import { liveHashes, type ReceiverHashes } from '../../core/kargo/receiver-hashes.ts';
import type { Receiver } from '../../core/kargo/receiver.ts';
import type { Clock, IndexableWarehouses, Log, RefreshableObjects, WritableIndexPieces } from '../ports.ts';
import { readEntering, refreshEntering, writeEntering } from './entering-warehouses.ts';
import { IndexWriter } from './index-writer.ts';
import { KnownWarehouses, type Coverage, type EarlierIndex } from './known-warehouses.ts';

export interface IndexPublisherDeps {
  readonly pieces: WritableIndexPieces;
  readonly names: IndexNames;
  readonly warehouses: IndexableWarehouses;
  readonly objects: RefreshableObjects;
  /** Whether a receiver of this deployment may act on the Warehouses of a project. */
  readonly isServed: (project: string) => boolean;
  readonly clock: Clock;
  readonly log: Log;
}

/** The receivers of a run, for the index. */
export interface IndexedReceivers {
  readonly hashes: readonly ReceiverHashes[];
  /** Whether the hashes of a receiver are unknown at the moment, although it may have some: its earlier ones are kept. */
  readonly isUnknown: (receiver: Pick<Receiver, 'project' | 'name'>) => boolean;
}

/** Result of publishing an index. */
export interface PublishedIndex {
  /** Live hashes that the receivers may not know yet, while they use an earlier index. */
  readonly unindexed: ReadonlySet<string>;
  /** Why no index could be written. */
  readonly failure?: unknown;
}

/** The index as it was published last, by this process or by one before. */
interface LastIndex {
  readonly indexedAt: string;
  readonly receivers: readonly ReceiverRow[];
  readonly listedProjects: readonly string[];
}

/** Keeps the lookup index equal to the cluster. Kept between runs, so that only what was changed is read and written. */
export class IndexPublisher {
  readonly #deps: IndexPublisherDeps;
  readonly #store: IndexWriter;
  #known = new KnownWarehouses();
  #last: LastIndex | undefined;
  #isLoaded = false;
  /** When receivers know what was published last; on the clock of `performance`. */
  #settledAt = 0;

  constructor(deps: IndexPublisherDeps) {
    this.#deps = deps;
    this.#store = new IndexWriter(deps.pieces, deps.names);
  }

  /**
   * Publishes an index of these receivers and of the cluster's Warehouses. Where it cannot be written, receivers use the earlier one until
   * it is stale, and then list.
   */
  async publish(receivers: IndexedReceivers, signal: AbortSignal): Promise<PublishedIndex> {
    try {
      return await this.#publish(receivers, signal);
    } catch (failure) {
      this.#deps.log.error('lookup index cannot be written', { error: failure });
      return { unindexed: this.#unindexed(receivers), failure };
    }
  }

  /** Finds the live hashes that the index in use lacks. Where that could not be read, it may lack each that no status publishes. */
  #unindexed({ hashes }: IndexedReceivers): Set<string> {
    const live = [...liveHashes(hashes)];
    if (!this.#isLoaded) {
      const published = new Set(hashes.map((of) => of.published));
      return new Set(live.filter((hash) => !published.has(hash)));
    }
    const last = this.#last;
    if (last === undefined || !isIndexFresh(last, this.#deps.clock())) return new Set();
    const indexed = new Set(last.receivers.map(([key]) => key));
    return new Set(live.filter((hash) => !indexed.has(receiverKeyOf(hash))));
  }

  /** The receivers of the index that was published last; undefined where none is known. */
  get receivers(): readonly ReceiverRow[] | undefined {
    return this.#last?.receivers;
  }

  /** Refreshes the Warehouses that entered, after `settle`. What is not done when the signal ends it, or fails, is left to the next run. */
  async refreshEntering(signal: AbortSignal): Promise<void> {
    if (this.#known.entering.length === 0) return;
    await refreshEntering(this.#deps, this.#known, signal);
    try {
      await writeEntering(this.#store, this.#deps.names, this.#known, signal);
    } catch (error) {
      // The next process refreshes them once more.
      this.#deps.log.warn('entering Warehouses cannot be written', { error });
    }
  }

  /** Waits until every receiver knows what was published. */
  async settle(signal: AbortSignal): Promise<void> {
    const waitMs = this.#settledAt - performance.now();
    if (waitMs <= 0) return;
    // Without time left, what follows ends by itself.
    await sleep(waitMs, undefined, { signal }).catch(() => undefined);
  }

  async #publish({ hashes, isUnknown }: IndexedReceivers, signal: AbortSignal): Promise<PublishedIndex> {
    const { warehouses, isServed, clock } = this.#deps;
    await this.#store.listVersions(signal);
    if (!this.#isLoaded) await this.#load(signal);
    const last = this.#last;
    // From here on, changes are those of the next run.
    const indexedAt = clock();
    await this.#known.update(warehouses, isServed, last && earlierIndexOf(last), signal);
    const rows = receiverRows(
      hashes,
      (last?.receivers ?? []).filter(([, project, name]) => isUnknown({ project, name })),
    );
    const { listedProjects } = this.#known;
    // First: what a crash leaves undone is known to the next process.
    if (this.#known.entering.length > 0)
      await writeEntering(this.#store, this.#deps.names, this.#known, signal);
    await this.#store.write(
      { indexedAt, receivers: rows, warehouses: this.#known.rows(), listedProjects },
      signal,
    );
    const hasNewReceivers = last !== undefined && hasNewRow(rows, last.receivers);
    if (hasNewReceivers || this.#known.entering.length > 0) this.#settledAt = performance.now() + HEAD_TTL_MS;
    const receivers = rows.map(({ text }) => JSON.parse(text) as ReceiverRow);
    this.#last = { indexedAt: indexedAt.toISOString(), receivers, listedProjects };
    return { unindexed: new Set() };
  }

  async #load(signal: AbortSignal): Promise<void> {
    const stored = await this.#store.load(signal);
    if (stored !== undefined) {
      const { head, receivers, warehouses } = stored;
      this.#known.load(warehouses);
      this.#last = { indexedAt: head.indexedAt, receivers, listedProjects: head.listedProjects };
      await readEntering(this.#store, this.#deps.names, this.#known, signal);
    }
    this.#isLoaded = true;
  }
}

/** Makes the rows of every hash under which deliveries are accepted, or may be. */
function receiverRows(hashes: readonly ReceiverHashes[], kept: readonly ReceiverRow[]): IndexRow[] {
  const rows = hashes.flatMap(({ receiver, current, previous, published }) => {
    // The secret cannot be used at the moment: deliveries to the published URL are answered 503, not 404.
    const own = current === undefined && previous === undefined ? [published] : [current, previous];
    return own.flatMap((hash) => (hash === undefined ? [] : [toReceiverRow(hash, receiver)]));
  });
  const all = [...rows, ...kept.map((row) => ({ key: row[0], text: JSON.stringify(row) }))];
  return [...new Map(all.map((row) => [row.text, row])).values()];
}

function hasNewRow(rows: readonly IndexRow[], last: readonly ReceiverRow[]): boolean {
  const known = new Set(last.map((row) => JSON.stringify(row)));
  return rows.some(({ text }) => !known.has(text));
}

function earlierIndexOf({ receivers, listedProjects }: LastIndex): EarlierIndex {
  const projects = new Set(receivers.map(([, project]) => project));
  const elsewhere: Coverage = projects.has('') ? 'cluster' : 'none';
  return {
    coverageOf: (project) => (projects.has(project) ? 'project' : elsewhere),
    listedProjects: new Set(listedProjects),
  };
}
