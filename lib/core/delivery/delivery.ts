import { MAX_BODY_BYTES, type Outcome } from './answer.ts';
import type { BitbucketEvent } from '../bitbucket/event.ts';
import { payloadReaderOf, PING_EVENT } from '../bitbucket/event-readers.ts';
import { verifiesSignature } from './signature.ts';

/** One webhook request as it came in, before anything in it is believed. */
export interface Delivery {
  /** `X-Event-Key`. */
  readonly eventKey?: string | undefined;
  /** `X-Hub-Signature`. */
  readonly signature?: string | undefined;
  /** The bytes that were signed. */
  readonly body: Uint8Array;
}

/** What to do with a delivery: answer at once, or act on its event. */
export type Judgement =
  | { readonly kind: 'answer'; readonly outcome: Outcome }
  | { readonly kind: 'act'; readonly event: BitbucketEvent };

/**
 * Gives the answer that needs no proof of the sender: too large, the unsigned connection test, or no signature at all. Undefined
 * where the signature decides.
 */
export function judgeUnproven(delivery: Delivery): Outcome | undefined {
  if (delivery.body.byteLength > MAX_BODY_BYTES) return { kind: 'body-too-large' };
  if (delivery.eventKey === PING_EVENT) return { kind: 'pong' };
  if (!delivery.signature) return { kind: 'missing-signature' };
  return undefined;
}

/** Tells whether the delivery was signed with any of the receiver's secrets. */
export function isSignedWith(delivery: Delivery, secrets: readonly string[]): boolean {
  return verifiesSignature(delivery.signature ?? '', delivery.body, secrets);
}

/** Reads a delivery whose signature has been verified. */
export function judgeProven(delivery: Delivery): Judgement {
  if (!delivery.eventKey) return answer({ kind: 'missing-event-key' });
  const readPayload = payloadReaderOf(delivery.eventKey);
  if (readPayload === undefined) return answer({ kind: 'ignored', eventKey: delivery.eventKey });
  let payload: unknown;
  try {
    payload = JSON.parse(Buffer.from(delivery.body).toString('utf8'));
  } catch {
    return answer({ kind: 'invalid-body' });
  }
  const reading = readPayload(payload);
  if (reading.kind === 'invalid') return answer({ kind: 'invalid-body', detail: reading.detail });
  return { kind: 'act', event: reading.event };
}

function answer(outcome: Outcome): Judgement {
  return { kind: 'answer', outcome };
}
