import { createHash } from 'node:crypto';
import { revisionOf } from './index-piece.ts';

/**
 * Size of one chunk of rows. A cluster API compresses answers from 128 KiB on, which takes longer than sending them; a ConfigMap may hold
 * 1 MiB.
 */
const MAX_CHUNK_BYTES = 96 * 1024;

/** One row of the index: what it is looked up by, and its JSON, an array that begins with the key. */
export interface IndexRow {
  readonly key: string;
  readonly text: string;
}

/** Rows that are stored together, sorted by key. */
export interface RowChunk {
  readonly content: string;
  readonly entry: ChunkEntry;
}

/** A chunk as the head lists it: the first key in it, and its revision. */
export type ChunkEntry = readonly [firstKey: string, revision: string];

/** Computes the key of a text: 64 bits of its SHA-256. Rows of two texts may share a key; the reader judges each row by its content. */
export function rowKey(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

/** Packs rows into chunks of bounded size. Rows of one key may continue in the next chunk. */
export function packRows(rows: readonly IndexRow[]): RowChunk[] {
  const sorted = rows.toSorted((one, other) => compare(one.key, other.key) || compare(one.text, other.text));
  const chunks: RowChunk[] = [];
  let texts: string[] = [];
  let bytes = 0;
  let firstKey = '';
  const close = (): void => {
    const content = `[${texts.join(',\n')}]`;
    chunks.push({ content, entry: [firstKey, revisionOf(content)] });
  };
  for (const { key, text } of sorted) {
    const size = Buffer.byteLength(text);
    if (texts.length > 0 && bytes + size > MAX_CHUNK_BYTES) {
      close();
      texts = [];
      bytes = 0;
    }
    if (texts.length === 0) firstKey = key;
    texts.push(text);
    bytes += size;
  }
  if (texts.length > 0) close();
  return chunks;
}

/** Returns the positions of the chunks that may hold rows of this key. */
export function chunksOf(entries: readonly ChunkEntry[], key: string): number[] {
  const positions: number[] = [];
  for (const [position, [firstKey]] of entries.entries()) {
    const next = entries[position + 1]?.[0];
    if (firstKey <= key && (next === undefined || next >= key)) positions.push(position);
  }
  return positions;
}

function compare(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}
