import { readCloudPullRequest, readCloudPush } from './cloud-payload.ts';
import { readDataCenterPullRequest, readRefsChanged } from './data-center-payload.ts';
import type { PayloadReader } from './payload-reading.ts';

/** The event that Data Center's "Test connection" button sends. It is not signed. */
export const PING_EVENT = 'diagnostics:ping';

/** The readers of the events that are handled, by the value of `X-Event-Key`. */
const READERS: ReadonlyMap<string, PayloadReader> = new Map([
  ['repo:push', readCloudPush],
  ['pullrequest:fulfilled', readCloudPullRequest],
  ['pullrequest:rejected', readCloudPullRequest],
  ['repo:refs_changed', readRefsChanged],
  ['pr:merged', readDataCenterPullRequest],
  ['pr:declined', readDataCenterPullRequest],
]);

/** Returns true for the key of an event that reports a push. */
export function isPush(eventKey: string): boolean {
  return eventKey === 'repo:push' || eventKey === 'repo:refs_changed';
}

/** Returns true for an event that is handled or answered as a ping, false for one that is ignored. */
export function isKnownEvent(eventKey: string): boolean {
  return READERS.has(eventKey) || eventKey === PING_EVENT;
}

/** Returns the reader of an event's payload, or undefined for an event that is not handled. */
export function payloadReaderOf(eventKey: string): PayloadReader | undefined {
  return READERS.get(eventKey);
}
