import * as v from 'valibot';
import type { BitbucketEvent } from '../../core/bitbucket/event.ts';
import { readEvent, splitEvent } from '../../core/bitbucket/event-json.ts';

/** Of the format below; a message of another one is not handled. */
const VERSION = 1;

/** Names in one message: done in about a second, so that little is done again where the function ends before. */
const MAX_NAMES_PER_MESSAGE = 100;

/** JSON of the refs in one message: the queue takes 256 KiB, and names and addresses need less than 100 KiB. */
const MAX_REFS_BYTES = 128 * 1024;

/** Characters that JSON leaves as they are and SQS rejects. */
const REJECTED_CHARACTERS = /[\uFFFE\uFFFF]/g;

/** A verified event that one target has not finished. It holds what is still to do: never a body, a signature or a secret. */
export interface RetryMessage {
  /** Name of the target. */
  readonly target: string;
  readonly event: BitbucketEvent;
  /** The project whose objects the receiver acts on; empty for all projects. */
  readonly project: string;
  /** Name of the receiver, for people. */
  readonly receiver: string;
  /** Names of the objects still to do; undefined where they are unknown, so that the whole event is to be handled. */
  readonly only?: readonly string[] | undefined;
  /** Why the last attempt did not finish it. */
  readonly reason: string;
  /** When the delivery was received. */
  readonly since: Date;
  /** When it was queued first, or sent back by hand: its age counts from here. */
  readonly queuedAt: Date;
  /** Bitbucket's identifier of the delivery. */
  readonly requestUuid?: string | undefined;
}

const isoDate = v.pipe(
  v.string(),
  v.isoTimestamp(),
  v.transform((text) => new Date(text)),
);

const storedMessage = v.object({
  version: v.literal(VERSION),
  target: v.string(),
  event: v.pipe(
    v.unknown(),
    v.transform(readEvent),
    v.custom<BitbucketEvent>((event) => event !== undefined, 'is not an event'),
  ),
  project: v.string(),
  receiver: v.string(),
  only: v.optional(v.array(v.string())),
  reason: v.string(),
  since: isoDate,
  queuedAt: isoDate,
  requestUuid: v.optional(v.string()),
});

/** The message, or why the text is none: names a field, and quotes nothing. */
export type RetryMessageReading =
  | { readonly kind: 'read'; readonly message: RetryMessage }
  | { readonly kind: 'unreadable'; readonly reason: string };

/** Splits what is left of an event into messages of bounded size. Handling all of them handles what is left. */
export function splitUnfinished(unfinished: RetryMessage): RetryMessage[] {
  const events = splitEvent(unfinished.event, MAX_REFS_BYTES);
  const { only } = unfinished;
  if (only === undefined) return events.map((event) => ({ ...unfinished, event }));
  // Its objects were judged before, so the refs are for people only.
  const [event = unfinished.event] = events;
  const messages: RetryMessage[] = [];
  for (let start = 0; start < only.length; start += MAX_NAMES_PER_MESSAGE)
    messages.push({ ...unfinished, event, only: only.slice(start, start + MAX_NAMES_PER_MESSAGE) });
  return messages;
}

/** Writes a message as the text that is queued. */
export function writeRetryMessage(message: RetryMessage): string {
  return JSON.stringify({ version: VERSION, ...message }).replaceAll(
    REJECTED_CHARACTERS,
    (character) => String.raw`\u${character.charCodeAt(0).toString(16)}`,
  );
}

/** Reads the text of a queued message. */
export function readRetryMessage(text: string): RetryMessageReading {
  let stored: unknown;
  try {
    stored = JSON.parse(text);
  } catch {
    return { kind: 'unreadable', reason: 'it is not JSON' };
  }
  const { success, output, issues } = v.safeParse(storedMessage, stored, { abortEarly: true });
  if (success) {
    const { version: _version, ...message } = output;
    return { kind: 'read', message };
  }
  return { kind: 'unreadable', reason: `${v.getDotPath(issues[0]) ?? 'it'} is missing or of another kind` };
}
