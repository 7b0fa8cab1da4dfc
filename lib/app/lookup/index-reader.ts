import {
  HEAD_TTL_MS,
  isIndexFresh,
  mayHoldReceiver,
  readIndexHead,
  readReceiverRows,
  receiverKeyOf,
  receiverOf,
  type IndexHead,
  type IndexNames,
  type ReceiverRow,
} from '../../core/kargo/lookup-index/index-head.ts';
import { openPiece } from '../../core/kargo/lookup-index/index-piece.ts';
import { chunksOf, type ChunkEntry } from '../../core/kargo/lookup-index/index-rows.ts';
import {
  mergeRows,
  readWarehouseRows,
  shardOf,
  type IndexedWarehouse,
} from '../../core/kargo/lookup-index/warehouse-rows.ts';
import type { Receiver } from '../../core/kargo/receiver.ts';
import { RetryableError } from '../errors.ts';
import type { Clock, IndexPieces } from '../ports.ts';
import { ChunkCache } from './chunk-cache.ts';

/** Timeout for reading the head again before a delivery is authenticated. */
const REREAD_TIMEOUT_MS = 2_000;

/** Why the index cannot be used at the moment. */
export type IndexFault = 'absent' | 'other-format' | 'corrupted' | 'stale' | 'incomplete';

/** Thrown where a piece that the head names is missing or cannot be used: what was asked must be listed. */
export class IndexError extends Error {
  override readonly name = 'IndexError';
  readonly fault: IndexFault;

  constructor(fault: IndexFault, piece: string) {
    super(`the lookup index cannot be used: ${piece} is ${fault}`);
    this.fault = fault;
  }
}

export interface IndexReaderDeps {
  readonly pieces: IndexPieces;
  readonly names: IndexNames;
  readonly clock: Clock;
  /** Called each time that a delivery is served by a listing because the index cannot be used. */
  readonly onFault: (fault: IndexFault) => void;
}

type HeadReading =
  | {
      readonly kind: 'head';
      readonly head: IndexHead;
      /** Why no newer one could be read. */
      readonly unread?: RetryableError;
    }
  | { readonly kind: 'fault'; readonly fault: IndexFault };

/** Reads the lookup index that the reconciler writes. Pieces are cached by the revisions that the head names. */
export class IndexReader {
  readonly #deps: IndexReaderDeps;
  readonly #receiverChunks = new ChunkCache(readReceiverRows, ([key]: ReceiverRow) => key);
  readonly #warehouseChunks = new ChunkCache(readWarehouseRows, ({ key }: IndexedWarehouse) => key);
  #latest: { readonly reading: HeadReading; readonly at: number } | undefined;
  #failure: { readonly error: unknown; readonly at: number } | undefined;

  constructor(deps: IndexReaderDeps) {
    this.#deps = deps;
  }

  /**
   * Returns the receivers whose hash may be this one, or undefined where the index cannot be used. For an unknown hash, one piece is read
   * in a second at most.
   *
   * @throws {RetryableError} where the cluster API is unavailable, and the head that was read before does not know the hash: it may be new
   */
  async receiversOf(hash: string, signal: AbortSignal): Promise<readonly Receiver[] | undefined> {
    return this.#use(signal, 'once', async (head, unread) => {
      const key = receiverKeyOf(hash);
      const rows =
        head.receiverChunks.length === 0
          ? head.receivers.filter(([rowKey]) => rowKey === key)
          : await this.#chunkedReceivers(head, key, signal);
      if (rows.length === 0 && unread !== undefined) throw unread;
      return rows.map(receiverOf);
    });
  }

  /**
   * Finds the Warehouses that subscribe to the repository of one of these keys, chunk by chunk.
   *
   * @returns undefined where the index cannot be used
   * @throws {RetryableError} where the cluster API is unavailable: an earlier head could lack a Warehouse
   * @throws {IndexError} while it is iterated, where a chunk cannot be used
   */
  async warehousesOf(keys: readonly string[], signal: AbortSignal): Promise<FoundWarehouses | undefined> {
    return this.#use(signal, 'retried', async (head) => ({
      listedProjects: head.listedProjects,
      pages: () => this.#warehousePages(head, keys, signal),
    }));
  }

  async *#warehousePages(
    head: IndexHead,
    keys: readonly string[],
    signal: AbortSignal,
  ): AsyncGenerator<readonly IndexedWarehouse[]> {
    const [only, ...others] = new Set(keys);
    if (only === undefined) return;
    const pagesOf = (key: string): AsyncIterable<readonly IndexedWarehouse[]> =>
      this.#pagesOfKey(head, key, signal);
    if (others.length === 0) yield* pagesOf(only);
    else yield mergeRows(await Promise.all([only, ...others].map((key) => collect(pagesOf(key)))));
  }

  async *#pagesOfKey(
    head: IndexHead,
    key: string,
    signal: AbortSignal,
  ): AsyncGenerator<readonly IndexedWarehouse[]> {
    const shard = shardOf(key);
    const entries = head.warehouseChunks[shard] ?? [];
    for (const position of chunksOf(entries, key)) {
      const name = this.#deps.names.warehouseChunk(shard, position);
      yield await this.#rowsIn(this.#warehouseChunks, name, { entries, position, key }, 'retried', signal);
    }
  }

  async #chunkedReceivers(head: IndexHead, key: string, signal: AbortSignal): Promise<ReceiverRow[]> {
    if (!mayHoldReceiver(head, key)) return [];
    const entries = head.receiverChunks;
    const rows: ReceiverRow[] = [];
    for (const position of chunksOf(entries, key)) {
      const name = this.#deps.names.receiverChunk(position);
      const place = { entries, position, key };
      rows.push(...(await this.#rowsIn(this.#receiverChunks, name, place, 'once', signal)));
    }
    return rows;
  }

  async #rowsIn<Row>(
    cache: ChunkCache<Row>,
    name: string,
    { entries, position, key }: { entries: readonly ChunkEntry[]; position: number; key: string },
    attempts: 'once' | 'retried',
    signal: AbortSignal,
  ): Promise<readonly Row[]> {
    const revision = entries[position]?.[1] ?? '';
    const cached = cache.get(name, revision, key);
    if (cached !== undefined) return cached;
    const piece = openPiece(await this.#deps.pieces.read(name, attempts, signal));
    if (typeof piece === 'string') throw new IndexError(piece, name);
    // A run may have written this chunk and not yet the head. Alone it is newer; with others, a row may have moved between them.
    if (piece.revision !== revision && entries.length > 1) throw new IndexError('incomplete', name);
    const rows = cache.add(name, piece.revision, piece.content, key);
    if (rows === undefined) throw new IndexError('corrupted', name);
    return rows;
  }

  /** Applies `lookup` to a fresh head. Returns undefined, and reports it, where the index cannot be used. */
  async #use<T>(
    signal: AbortSignal,
    attempts: 'once' | 'retried',
    lookup: (head: IndexHead, unread: RetryableError | undefined) => Promise<T>,
  ): Promise<T | undefined> {
    const reading = await this.#head(attempts, signal);
    if (reading.kind === 'fault') {
      this.#deps.onFault(reading.fault);
      return undefined;
    }
    try {
      return await lookup(reading.head, reading.unread);
    } catch (error) {
      if (!(error instanceof IndexError)) throw error;
      this.#deps.onFault(error.fault);
      return undefined;
    }
  }

  async #head(attempts: 'once' | 'retried', signal: AbortSignal): Promise<HeadReading> {
    const now = this.#deps.clock();
    const latest = this.#latest;
    if (latest !== undefined && now.getTime() - latest.at < HEAD_TTL_MS) return checkAge(latest.reading, now);
    try {
      const reading = openHead(await this.#readHead(attempts, signal));
      this.#latest = { reading, at: now.getTime() };
      return checkAge(reading, now);
    } catch (error) {
      if (latest === undefined || signal.aborted || !(error instanceof RetryableError)) throw error;
      // An earlier head lacks Warehouses that entered since, so the push is retried later instead.
      if (attempts === 'retried') throw error;
      // A signature can be verified with a stale one, so that an authenticated caller is told which dependency is unavailable.
      return latest.reading.kind === 'head' ? { ...latest.reading, unread: error } : latest.reading;
    }
  }

  /** Reads the head. A read that failed a moment ago is not repeated for a caller that is not authenticated. */
  async #readHead(attempts: 'once' | 'retried', signal: AbortSignal): Promise<unknown> {
    const { pieces, names, clock } = this.#deps;
    const nowMs = clock().getTime();
    const hasFailed = this.#failure !== undefined && nowMs - this.#failure.at < HEAD_TTL_MS;
    if (hasFailed && attempts === 'once') throw this.#failure?.error;
    // Leaves time to use the earlier head, where there is one that may be used.
    const ending =
      attempts === 'once' && this.#latest !== undefined
        ? AbortSignal.any([signal, AbortSignal.timeout(REREAD_TIMEOUT_MS)])
        : signal;
    try {
      return await pieces.read(names.head, attempts, ending);
    } catch (error) {
      this.#failure = { error, at: clock().getTime() };
      throw error;
    }
  }
}

/** The Warehouses that an index has for a push. */
export interface FoundWarehouses {
  /** Projects that the index does not hold. */
  readonly listedProjects: readonly string[];
  readonly pages: () => AsyncIterable<readonly IndexedWarehouse[]>;
}

async function collect<T>(pages: AsyncIterable<readonly T[]>): Promise<T[]> {
  const rows: T[] = [];
  for await (const page of pages) rows.push(...page);
  return rows;
}

function openHead(data: unknown): HeadReading {
  if (data === undefined) return { kind: 'fault', fault: 'absent' };
  const piece = openPiece(data);
  if (typeof piece === 'string') return { kind: 'fault', fault: piece };
  const head = readIndexHead(piece.content);
  return head === undefined ? { kind: 'fault', fault: 'corrupted' } : { kind: 'head', head };
}

function checkAge(reading: HeadReading, now: Date): HeadReading {
  if (reading.kind === 'fault' || isIndexFresh(reading.head, now)) return reading;
  return { kind: 'fault', fault: 'stale' };
}
