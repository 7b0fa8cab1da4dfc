import type { BitbucketEvent } from '../bitbucket/event.ts';
import { loadGoRegex } from './commit-selection/go-regex.ts';
import { judgePromotion } from './promotion.ts';
import { concludeWith, type RefreshKind, type Verdict } from './verdict.ts';
import { judgeWarehouse } from './warehouse.ts';

/** Returns the kind of object that an event can affect. */
export function kindAffectedBy(event: BitbucketEvent): RefreshKind {
  switch (event.kind) {
    case 'push':
      return 'warehouse';
    case 'pull-request-closed':
      return 'promotion';
    default:
      return event satisfies never;
  }
}

/** Loads what `judgeObject` needs for this event; await it before. Patterns are compiled only where a tag was pushed. */
export async function prepareJudging(event: BitbucketEvent): Promise<void> {
  if (event.kind === 'push' && event.refs.some(({ kind }) => kind === 'tag')) await loadGoRegex();
}

/**
 * Decides whether the event affects an object. It never throws, whatever the object holds.
 *
 * Objects are written by tenants, and a tag pattern can be expensive to compile and to match. So the decision is taken in steps, each of
 * which is short: up to 50 ms in the worst case known, and far below 1 ms in most. The caller decides when to take the next one, or that it
 * takes too long.
 *
 * @param object - a Warehouse or Promotion as the cluster holds it
 * @returns the steps that lead to the verdict. Nothing expensive happens before the first one ends
 */
export function judgeObject(event: BitbucketEvent, object: unknown): Generator<void, Verdict> {
  switch (event.kind) {
    case 'push':
      return judgeWarehouse(event, object);
    case 'pull-request-closed':
      return concludeWith(judgePromotion(event, object));
    default:
      return event satisfies never;
  }
}
