import type { BitbucketEvent } from '../bitbucket/event.ts';
import { isPush, payloadReaderOf, PING_EVENT } from '../bitbucket/event-readers.ts';
import type { Endpoint } from './endpoint.ts';

/** A webhook request, not yet verified. */
export interface Delivery {
  /** `X-Event-Key`. */
  readonly eventKey?: string | undefined;
  /** `X-Hub-Signature`. */
  readonly signature?: string | undefined;
  /** The bytes that were signed. */
  readonly body: Uint8Array;
}

/** Limit of Kargo's own server. Bitbucket's payloads stay well below it. */
export const MAX_BODY_BYTES = 2 * 1024 * 1024;

/** The result of a delivery that ends before its signature is verified. */
export type UnverifiedOutcome =
  { readonly kind: 'body-too-large' } | { readonly kind: 'pong' } | { readonly kind: 'missing-signature' };

/** The result of a verified delivery that holds no event to act on. */
export type UnusableDelivery =
  | { readonly kind: 'missing-event-key' }
  | { readonly kind: 'ignored'; readonly eventKey: string }
  | { readonly kind: 'invalid-body'; readonly detail?: string };

/** A verified delivery, parsed. */
export type ParsedDelivery = { readonly kind: 'event'; readonly event: BitbucketEvent } | UnusableDelivery;

/**
 * Finds the outcome that needs no signature: body too large, Data Center's unsigned connection test, or no signature at all.
 *
 * @param isSigned - false where deliveries are accepted unsigned
 * @returns undefined where the signature decides, or none is needed
 */
export function checkUnverified(delivery: Delivery, isSigned: boolean): UnverifiedOutcome | undefined {
  if (delivery.body.byteLength > MAX_BODY_BYTES) return { kind: 'body-too-large' };
  if (delivery.eventKey === PING_EVENT) return { kind: 'pong' };
  if (isSigned && !delivery.signature) return { kind: 'missing-signature' };
  return undefined;
}

/** Parses a verified delivery to an endpoint of this kind. The package registry handles pushes only. */
export function parseDelivery({ eventKey, body }: Delivery, endpoint: Endpoint['kind']): ParsedDelivery {
  if (!eventKey) return { kind: 'missing-event-key' };
  const isHandled = endpoint === 'receiver' || isPush(eventKey);
  const readPayload = isHandled ? payloadReaderOf(eventKey) : undefined;
  if (readPayload === undefined) return { kind: 'ignored', eventKey };
  let payload: unknown;
  try {
    payload = JSON.parse(Buffer.from(body).toString('utf8'));
  } catch {
    return { kind: 'invalid-body' };
  }
  const reading = readPayload(payload);
  return reading.kind === 'invalid' ? { kind: 'invalid-body', detail: reading.detail } : reading;
}
