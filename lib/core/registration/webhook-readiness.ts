import {
  formatBaseUrl,
  hashInPath,
  receiverAddress,
  receiverHash,
  type BaseUrl,
} from '../kargo/receiver-path.ts';
import { publisherOf } from '../kargo/receiver-readiness.ts';
import { acceptedSecrets, type SecretReading } from '../kargo/receiver-secret.ts';
import type { Receiver, ReceiverConfig } from '../kargo/receiver.ts';
import type { WebhookFailure } from './webhook-failure.ts';

/** What a receiver's webhooks are made of, or why they stay as they are. */
export interface WebhookReadiness {
  /** Hashes of the secrets that verify deliveries now. */
  readonly hashes: readonly string[];
  readonly ready:
    | { readonly kind: 'ready'; readonly url: string; readonly secret: string }
    | { readonly kind: 'waiting'; readonly failure: WebhookFailure };
}

export interface ReceiverFacts {
  readonly reading: SecretReading;
  readonly base: BaseUrl;
  readonly now: Date;
  readonly graceMs: number;
}

/**
 * Decides whether a receiver's URL and secret may be written to Bitbucket: its status publishes the URL of the current secret, so that the route
 * serves. After a rotation that is so within a minute; until then the webhook keeps the previous URL, which still serves.
 */
export function judgeWebhookReadiness(
  { status }: ReceiverConfig,
  { project, name }: Receiver,
  { reading, base, now, graceMs }: ReceiverFacts,
): WebhookReadiness {
  const waiting = (hashes: readonly string[], why: string): WebhookReadiness => {
    const message = `receiver "${name}" is not ready: ${why}. Its webhooks stay as they are.`;
    return { hashes, ready: { kind: 'waiting', failure: { reason: 'ReceiverNotReady', message } } };
  };
  if (reading.kind === 'fault') return waiting([], reading.reason);
  const { current } = reading.versions;
  const hashes = acceptedSecrets(reading.versions, now, graceMs).map(({ value }) =>
    receiverHash(project, name, value),
  );
  if (current.kind !== 'secret') return waiting(hashes, `its secret ${current.reason}`);
  const entry = status.webhookReceivers.find((candidate) => candidate.name === name);
  const isHere = entry !== undefined && publisherOf(entry, base).kind === 'here';
  if (!isHere) return waiting(hashes, `its status does not publish a URL at ${formatBaseUrl(base)}`);
  const hash = receiverHash(project, name, current.value);
  if (hashInPath(entry.path ?? '') !== hash)
    return waiting(hashes, 'its status does not publish the URL of its current secret yet');
  return { hashes, ready: { kind: 'ready', url: receiverAddress(base, hash).url, secret: current.value } };
}
