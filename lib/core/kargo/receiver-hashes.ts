import { hashInPath, receiverHash } from './receiver-path.ts';
import { acceptedSecrets, type SecretReading } from './receiver-secret.ts';
import { usableReceivers, type Receiver, type ReceiverConfig } from './receiver.ts';

/**
 * Gives every hash under which deliveries are to be let in: of each receiver with its current secret, and with the previous one while
 * the grace of a rotation lasts. A receiver whose secret cannot be read has hashes that nobody knows just now.
 */
export function liveHashes(
  configs: readonly ReceiverConfig[],
  secretOf: (receiver: Receiver) => SecretReading,
  now: Date,
  graceMs: number,
): Set<string> {
  const hashes = configs.flatMap(usableReceivers).flatMap((receiver) => {
    const reading = secretOf(receiver);
    const secrets = reading.kind === 'found' ? acceptedSecrets(reading.versions, now, graceMs) : [];
    return secrets.map((secret) => receiverHash(receiver.project, receiver.name, secret));
  });
  return new Set(hashes);
}

/** Gives every hash that a status list names. */
export function publishedHashes(configs: readonly ReceiverConfig[]): Set<string> {
  const paths = configs.flatMap(({ status }) => status.webhookReceivers.map(({ path }) => path));
  return new Set(paths.map((path) => hashInPath(path ?? '')).filter((hash) => hash !== undefined));
}
