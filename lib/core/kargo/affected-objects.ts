import type { BitbucketEvent } from '../bitbucket/event.ts';
import { awaitsPullRequest } from './promotion.ts';
import type { RefreshKind } from './refresh-kind.ts';
import type { Verdict } from './verdict.ts';
import { subscribesToPush } from './warehouse.ts';

/** Gives the kind of object that an event can affect. */
export function kindAffectedBy(event: BitbucketEvent): RefreshKind {
  return event.kind === 'push' ? 'warehouse' : 'promotion';
}

/** Tells whether the event affects this object, a Warehouse or Promotion as the cluster holds it. Never throws on bad data. */
export function judgeObject(event: BitbucketEvent, object: unknown): Verdict {
  return event.kind === 'push' ? subscribesToPush(object, event) : awaitsPullRequest(object, event);
}
