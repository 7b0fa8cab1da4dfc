import * as v from 'valibot';
import type { ClusterConnection } from './cluster-connection.ts';
import { AnswerTooLargeError } from './cluster-errors.ts';
import type { ClusterRequest } from './cluster-pool.ts';

/** Media types of a list without specs and statuses. */
export const METADATA_LIST =
  'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json';

/** Objects of the first page of a list: 350 KB of usual Warehouses of 7 KB. */
const FIRST_PAGE_OBJECTS = 50;

/** Objects of one page at most, so that a page of small ones does not hold up the event loop. */
const MAX_PAGE_OBJECTS = 500;

/** A page is at most this many times as long as the one before, whose objects may have been smaller. */
const MAX_PAGE_GROWTH = 4;

/** Intended size of a page: half of the limit for one answer, because objects differ in size. */
const PAGE_BYTES = 4 * 1024 * 1024;

export interface ListOptions extends Pick<ClusterRequest, 'accept' | 'maxAttempts'> {
  /** Objects of one page at most. */
  readonly maxObjects?: number;
  /** Parameters besides those of paging. */
  readonly query?: Readonly<Record<string, string>>;
}

const page = v.object({
  metadata: v.optional(v.object({ continue: v.optional(v.string()) })),
  // A list of metadata without objects is null.
  items: v.nullish(v.array(v.unknown())),
  rows: v.nullish(v.array(v.unknown())),
});

/**
 * Requests a list page by page. Pages are bounded by their bytes: one whose answer is too large is requested again with half as many
 * objects.
 *
 * @returns the bodies of the answers, parsed as JSON and not validated
 */
export async function* listPages(
  connection: ClusterConnection,
  { path, object }: Pick<ClusterRequest, 'path' | 'object'>,
  signal: AbortSignal,
  { maxObjects = MAX_PAGE_OBJECTS, query: more, ...options }: ListOptions = {},
): AsyncGenerator {
  let limit = FIRST_PAGE_OBJECTS;
  let next: string | undefined;
  for (;;) {
    const query = new URLSearchParams({ ...more, limit: String(limit), ...(next && { continue: next }) });
    const request = { method: 'GET', path: `${path}?${query.toString()}`, object, ...options } as const;
    const answer = await connection.request(request, signal).catch((error: unknown) => {
      if (error instanceof AnswerTooLargeError && limit > 1) return undefined;
      throw error;
    });
    if (answer === undefined) limit = Math.floor(limit / 2);
    else {
      yield answer.body;
      const { metadata, items, rows } = v.is(page, answer.body) ? answer.body : {};
      next = metadata?.continue || undefined;
      if (next === undefined) return;
      limit = nextLimit(limit, answer.bytes / Math.max(1, (items ?? rows ?? []).length), maxObjects);
    }
  }
}

function nextLimit(limit: number, bytesPerObject: number, maxObjects: number): number {
  const aim = Math.floor(PAGE_BYTES / bytesPerObject);
  return Math.max(1, Math.min(aim, limit * MAX_PAGE_GROWTH, maxObjects));
}
