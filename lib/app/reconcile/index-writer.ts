import pLimit from 'p-limit';
import {
  placeReceivers,
  readIndexHead,
  readReceiverRows,
  type IndexHead,
  type IndexNames,
  type ReceiverRow,
} from '../../core/kargo/lookup-index/index-head.ts';
import { openPiece, revisionOf, sealPiece } from '../../core/kargo/lookup-index/index-piece.ts';
import {
  packRows,
  type ChunkEntry,
  type IndexRow,
  type RowChunk,
} from '../../core/kargo/lookup-index/index-rows.ts';
import {
  readWarehouseRows,
  shardOf,
  type IndexedWarehouse,
} from '../../core/kargo/lookup-index/warehouse-rows.ts';
import type { WritableIndexPieces } from '../ports.ts';

/** Concurrent requests for pieces: few enough to leave the cluster API room for others. */
const CONCURRENCY = 8;

/** The stored index, as a cold start finds it. */
export interface StoredIndex {
  readonly head: IndexHead;
  readonly receivers: readonly ReceiverRow[];
  /** Rows of the chunks that can be read, with their JSON. */
  readonly warehouses: readonly (readonly [row: IndexedWarehouse, text: string])[];
}

/** What an index is made of. */
export interface IndexContent {
  readonly indexedAt: Date;
  readonly receivers: readonly IndexRow[];
  readonly warehouses: Iterable<IndexRow>;
  readonly listedProjects: readonly string[];
}

/** Reads and writes the pieces of the index. A piece is written only when it differs from what is stored. */
export class IndexWriter {
  readonly #pieces: WritableIndexPieces;
  readonly #names: IndexNames;
  /** By name: revision of the piece that is stored, and the version that the cluster gave it. */
  readonly #stored = new Map<string, { readonly revision: string; readonly version: string | undefined }>();
  /** Versions of the pieces in the cluster, as last listed. */
  #versions: ReadonlyMap<string, string> = new Map();
  /** Names of the pieces of the last index that was written or read. */
  #current = new Set<string>();

  constructor(pieces: WritableIndexPieces, names: IndexNames) {
    this.#pieces = pieces;
    this.#names = names;
  }

  /** Lists which pieces are stored, so that those which somebody changed or removed are written again. */
  async listVersions(signal: AbortSignal): Promise<void> {
    this.#versions = await this.#pieces.versions(signal);
  }

  /** Reads the stored index. Returns undefined where there is none that can be read; chunks that cannot be read are left out. */
  async load(signal: AbortSignal): Promise<StoredIndex | undefined> {
    const head = readIndexHead(await this.readPiece(this.#names.head, signal));
    if (head === undefined) return undefined;
    const limit = pLimit(CONCURRENCY);
    const readAll = async (names: readonly string[]): Promise<unknown[]> => {
      for (const name of names) this.#current.add(name);
      return Promise.all(names.map((name) => limit(() => this.readPiece(name, signal))));
    };
    const receiverNames = head.receiverChunks.map((_, position) => this.#names.receiverChunk(position));
    const warehouseNames = Object.entries(head.warehouseChunks).flatMap(([shard, entries]) =>
      entries.map((_, position) => this.#names.warehouseChunk(shard, position)),
    );
    const receivers = (await readAll(receiverNames)).flatMap((content) => readReceiverRows(content) ?? []);
    const warehouses = (await readAll(warehouseNames)).flatMap((content) =>
      (readWarehouseRows(content) ?? []).map(
        (row, index) => [row, JSON.stringify((content as unknown[])[index])] as const,
      ),
    );
    return { head, receivers: [...head.receivers, ...receivers], warehouses };
  }

  /**
   * Writes an index: chunks first, then the head that names them, so that a reader finds what the head names. Where one chunk becomes several,
   * the one that keeps its name is written last, because a reader with the previous head takes it for the whole.
   *
   * @returns the number of pieces that were written, besides the head
   */
  async write(content: IndexContent, signal: AbortSignal): Promise<number> {
    const chunks = new Map<string, string>();
    const divided = new Set<string>();
    const place = (packed: readonly RowChunk[], nameOf: (position: number) => string): void => {
      for (const [position, chunk] of packed.entries()) chunks.set(nameOf(position), chunk.content);
      const wasWhole = this.#current.has(nameOf(0)) && !this.#current.has(nameOf(1));
      if (wasWhole && packed.length > 1) divided.add(nameOf(0));
    };
    const { chunks: receiverChunks, receivers, receiverKeys } = placeReceivers(content.receivers);
    place(receiverChunks, (position) => this.#names.receiverChunk(position));
    const warehouseChunks: Record<string, ChunkEntry[]> = {};
    for (const [shard, rows] of Map.groupBy(content.warehouses, ({ key }) => shardOf(key))) {
      const packed = packRows(rows);
      warehouseChunks[shard] = packed.map(({ entry }) => entry);
      place(packed, (position) => this.#names.warehouseChunk(shard, position));
    }
    const limit = pLimit(CONCURRENCY);
    const writeAll = (isLate: boolean): Promise<boolean[]> =>
      Promise.all(
        [...chunks]
          .filter(([name]) => divided.has(name) === isLate)
          .map(([name, text]) => limit(() => this.writePiece(name, text, signal))),
      );
    const results = await writeAll(false);
    const head = {
      indexedAt: content.indexedAt.toISOString(),
      receivers,
      receiverKeys,
      receiverChunks: receiverChunks.map(({ entry }) => entry),
      warehouseChunks,
      listedProjects: content.listedProjects,
    };
    await this.#pieces.write(this.#names.head, sealPiece(JSON.stringify(head)), signal);
    results.push(...(await writeAll(true)));
    await this.#removeUnused(new Set(chunks.keys()), signal);
    return results.filter(Boolean).length;
  }

  /** Reads a piece's content; undefined where it does not exist or cannot be used. */
  async readPiece(name: string, signal: AbortSignal): Promise<unknown> {
    const piece = openPiece(await this.#pieces.read(name, 'retried', signal));
    if (typeof piece === 'string') return undefined;
    this.#stored.set(name, { revision: piece.revision, version: this.#versions.get(name) });
    return piece.content;
  }

  /** Writes a piece, unless it is stored as it is. Returns whether it was written. */
  async writePiece(name: string, content: string, signal: AbortSignal): Promise<boolean> {
    const revision = revisionOf(content);
    const stored = this.#stored.get(name);
    const isStored = stored?.version !== undefined && stored.version === this.#versions.get(name);
    if (isStored && stored.revision === revision) return false;
    const version = await this.#pieces.write(name, sealPiece(content), signal);
    this.#stored.set(name, { revision, version });
    return true;
  }

  /** Removes the pieces that neither this index nor the one before has: a reader may have read the previous head. */
  async #removeUnused(current: Set<string>, signal: AbortSignal): Promise<void> {
    const { head, entering, prefix } = this.#names;
    const unused = [...this.#versions.keys()].filter(
      (name) =>
        name.startsWith(prefix) &&
        ![head, entering].includes(name) &&
        !this.#current.has(name) &&
        !current.has(name),
    );
    const limit = pLimit(CONCURRENCY);
    await Promise.all(unused.map((name) => limit(() => this.#pieces.remove(name, signal))));
    for (const name of unused) this.#stored.delete(name);
    this.#current = current;
  }
}
