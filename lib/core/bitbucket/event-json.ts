import * as v from 'valibot';
import type { BitbucketEvent, PushEvent } from './event.ts';

const ref = v.object({
  kind: v.picklist(['branch', 'tag']),
  name: v.string(),
  to: v.exactOptional(v.string()),
  from: v.exactOptional(v.string()),
});

/** Has every field of an event: one that is not listed here is lost in the queue. */
const event: v.GenericSchema<unknown, BitbucketEvent> = v.variant('kind', [
  v.object({ kind: v.literal('push'), addresses: v.array(v.string()), refs: v.array(ref) }),
  v.object({ kind: v.literal('pull-request-closed'), url: v.string() }),
]);

/** Reads an event from JSON that was stored before. Returns undefined where it is none. */
export function readEvent(json: unknown): BitbucketEvent | undefined {
  const { success, output } = v.safeParse(event, json);
  return success ? output : undefined;
}

/**
 * Splits an event whose JSON is too long to be stored in one piece. A push is as many pushes with some of its refs each: whoever handles
 * all of them has handled the whole. Other events are short.
 *
 * @param maxRefsBytes - of the refs of one part, as JSON in UTF-8; a longer ref is in a part of its own
 * @returns at least one event
 */
export function splitEvent(whole: BitbucketEvent, maxRefsBytes: number): BitbucketEvent[] {
  if (whole.kind !== 'push') return [whole];
  const parts: PushEvent[] = [];
  let refs: PushEvent['refs'][number][] = [];
  let bytes = 0;
  for (const one of whole.refs) {
    const size = Buffer.byteLength(JSON.stringify(one));
    if (refs.length > 0 && bytes + size > maxRefsBytes) {
      parts.push({ ...whole, refs });
      [refs, bytes] = [[], 0];
    }
    refs.push(one);
    bytes += size;
  }
  return [...parts, { ...whole, refs }];
}
