import { readCloudPullRequest, readCloudPush } from './cloud-payload.ts';
import { readDataCenterPullRequest, readRefsChanged } from './data-center-payload.ts';
import type { PayloadReader } from './payload-reading.ts';

/** What Data Center's "Test connection" button sends, unsigned. */
export const PING_EVENT = 'diagnostics:ping';

/** The events that something is done for, by the value of `X-Event-Key`. */
const READERS: ReadonlyMap<string, PayloadReader> = new Map([
  ['repo:push', readCloudPush],
  ['pullrequest:fulfilled', readCloudPullRequest],
  ['pullrequest:rejected', readCloudPullRequest],
  ['repo:refs_changed', readRefsChanged],
  ['pr:merged', readDataCenterPullRequest],
  ['pr:declined', readDataCenterPullRequest],
]);

/** Tells whether an event is one that is answered otherwise than by ignoring it. */
export function isKnownEvent(eventKey: string): boolean {
  return READERS.has(eventKey) || eventKey === PING_EVENT;
}

/** Gives the reader of an event's payload, or undefined for an event that nothing is done for. */
export function payloadReaderOf(eventKey: string): PayloadReader | undefined {
  return READERS.get(eventKey);
}
