import * as v from 'valibot';
import { formatBaseUrl, type BaseUrl } from '../receiver-path.ts';
import type { Receiver } from '../receiver.ts';
import { packRows, rowKey, type IndexRow, type RowChunk } from './index-rows.ts';

/** Age from which the index is not trusted: three runs of the reconciler. */
const MAX_INDEX_AGE_MS = 3 * 60_000;

/**
 * TTL of the head in the receiver. It names the revisions of all other pieces, so what a receiver knows is at most as old. The reconciler
 * waits as long after it has written an index, before it publishes a URL.
 */
export const HEAD_TTL_MS = 1_000;

/** Receivers in the head itself. More of them are in chunks of their own, so that the head stays quick to read. */
const MAX_HEAD_RECEIVER_BYTES = 64 * 1024;

/** Letters of a key by which a head without the receivers themselves tells known paths from unknown ones. */
const SHORT_KEY_CHARACTERS = 12;

/** A receiver in the index, by the key of one of its paths. */
export type ReceiverRow = v.InferOutput<typeof receiverRow>;

const chunkEntries = v.array(v.tuple([v.string(), v.string()]));
const receiverRow = v.tuple([v.string(), v.string(), v.string(), v.string()]);

const headSchema = v.object({
  indexedAt: v.pipe(v.string(), v.isoTimestamp()),
  receivers: v.array(receiverRow),
  receiverKeys: v.string(),
  receiverChunks: chunkEntries,
  warehouseChunks: v.record(v.string(), chunkEntries),
  listedProjects: v.array(v.string()),
});

/** The piece of the index that is read first. */
export interface IndexHead {
  /** When the run that wrote it began to read the cluster. */
  readonly indexedAt: string;
  /** The receivers, where they fit here. */
  readonly receivers: readonly ReceiverRow[];
  /** Otherwise the beginnings of their keys, sorted and joined. */
  readonly receiverKeys: string;
  readonly receiverChunks: v.InferOutput<typeof chunkEntries>;
  /** By shard. A shard that is absent has no rows. */
  readonly warehouseChunks: v.InferOutput<typeof headSchema>['warehouseChunks'];
  /** Projects whose Warehouses are too large for the index: they are listed. */
  readonly listedProjects: readonly string[];
}

/** Reads the content of a head. Returns undefined where it is none. */
export function readIndexHead(content: unknown): IndexHead | undefined {
  return v.is(headSchema, content) ? content : undefined;
}

/** Reads the content of a chunk of receivers. Returns undefined where it is none. */
export function readReceiverRows(content: unknown): readonly ReceiverRow[] | undefined {
  return v.is(v.array(receiverRow), content) ? content : undefined;
}

/** Checks whether the index is young enough to be used. One from the future was not written by a run either. */
export function isIndexFresh({ indexedAt }: Pick<IndexHead, 'indexedAt'>, now: Date): boolean {
  return Math.abs(now.getTime() - Date.parse(indexedAt)) < MAX_INDEX_AGE_MS;
}

/** Returns the key of a receiver's path in the index. */
export function receiverKeyOf(pathHash: string): string {
  return pathHash.slice(0, 16);
}

export function toReceiverRow(pathHash: string, { project, name, secretName }: Receiver): IndexRow {
  const key = receiverKeyOf(pathHash);
  return { key, text: JSON.stringify([key, project, name, secretName]) };
}

/** Returns the receiver of a row. */
export function receiverOf([, project, name, secretName]: ReceiverRow): Receiver {
  return { project, name, secretName };
}

/** Places the receivers: in the head, or in chunks with their keys in the head. */
export function placeReceivers(
  rows: readonly IndexRow[],
): Pick<IndexHead, 'receivers' | 'receiverKeys'> & { readonly chunks: readonly RowChunk[] } {
  const sorted = rows.toSorted((one, other) => (one.key < other.key ? -1 : 1));
  const bytes = sorted.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0);
  if (bytes <= MAX_HEAD_RECEIVER_BYTES) {
    const receivers = sorted.map(({ text }) => JSON.parse(text) as ReceiverRow);
    return { receivers, receiverKeys: '', chunks: [] };
  }
  const receiverKeys = sorted.map(({ key }) => key.slice(0, SHORT_KEY_CHARACTERS)).join('');
  return { receivers: [], receiverKeys, chunks: packRows(rows) };
}

/** Checks whether a head without the receivers themselves may know this key. */
export function mayHoldReceiver({ receiverKeys }: Pick<IndexHead, 'receiverKeys'>, key: string): boolean {
  const wanted = key.slice(0, SHORT_KEY_CHARACTERS);
  let low = 0;
  let high = receiverKeys.length / SHORT_KEY_CHARACTERS;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const start = middle * SHORT_KEY_CHARACTERS;
    const found = receiverKeys.slice(start, start + SHORT_KEY_CHARACTERS);
    if (found === wanted) return true;
    if (found < wanted) low = middle + 1;
    else high = middle;
  }
  return false;
}

/** The names of the pieces of one deployment's index. Deployments with different base URLs can share a cluster. */
export interface IndexNames {
  readonly head: string;
  /** Begins the names of all other pieces. */
  readonly prefix: string;
  /** The Warehouses that are still to be refreshed because they entered the index. */
  readonly entering: string;
  receiverChunk(position: number): string;
  warehouseChunk(shard: string, position: number): string;
}

export function indexNames(base: BaseUrl): IndexNames {
  const head = `index-${rowKey(formatBaseUrl(base)).slice(0, 8)}`;
  const prefix = `${head}-`;
  return {
    head,
    prefix,
    entering: `${prefix}entering`,
    receiverChunk: (position) => `${prefix}receivers-${position}`,
    warehouseChunk: (shard, position) => `${prefix}warehouses-${shard}-${position}`,
  };
}
