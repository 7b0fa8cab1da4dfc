import type { BitbucketEvent } from '../bitbucket/event.ts';
import { judgePromotion } from './promotion.ts';
import type { RefreshKind, Verdict } from './verdict.ts';
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

/**
 * Decides whether the event affects an object. It never throws, whatever the object holds.
 *
 * @param object - a Warehouse or Promotion as the cluster holds it
 */
export function judgeObject(event: BitbucketEvent, object: unknown): Verdict {
  switch (event.kind) {
    case 'push':
      return judgeWarehouse(event, object);
    case 'pull-request-closed':
      return judgePromotion(event, object);
    default:
      return event satisfies never;
  }
}
