import { createHash } from 'node:crypto';
import * as v from 'valibot';

/** Version of the index's form. A reader of another version lists the cluster instead. */
const INDEX_FORMAT = '1';

/** Why a stored piece of the index cannot be used. */
export type PieceFault = 'other-format' | 'corrupted';

/** The stored form of one piece of the index: the data of a ConfigMap. */
export interface StoredPiece {
  readonly format: string;
  /** Digest of the content: it names the revision, and shows a change by another writer. */
  readonly checksum: string;
  /** JSON. */
  readonly content: string;
}

const storedPiece = v.object({ format: v.string(), checksum: v.string(), content: v.string() });

/** Computes the digest of a piece's content. Sixteen hex digits are enough to notice a change. */
export function revisionOf(content: string): string {
  return createHash('sha256').update(content).digest('hex').slice(0, 16);
}

/** Puts content into its stored form. */
export function sealPiece(content: string): StoredPiece {
  return { format: INDEX_FORMAT, checksum: revisionOf(content), content };
}

/**
 * Opens the stored form of a piece. It never throws.
 *
 * @param data - as it was read, from whoever wrote it
 * @returns the content, parsed, or why it cannot be used
 */
export function openPiece(
  data: unknown,
): { readonly kind: 'piece'; readonly content: unknown; readonly revision: string } | PieceFault {
  if (typeof data === 'object' && data !== null && 'format' in data && data.format !== INDEX_FORMAT)
    return 'other-format';
  if (!v.is(storedPiece, data) || revisionOf(data.content) !== data.checksum) return 'corrupted';
  try {
    return { kind: 'piece', content: JSON.parse(data.content), revision: data.checksum };
  } catch {
    return 'corrupted';
  }
}
