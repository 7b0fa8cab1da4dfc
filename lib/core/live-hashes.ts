import { hashInPath, receiverHash } from './receiver-path.ts';
import { acceptedSecrets, type SecretReading } from './receiver-secret.ts';
import { usableReceivers, type Receiver, type ReceiverConfig } from './receiver.ts';

/**
 * Gives every hash under which deliveries are to be let in: of each receiver with its current secret, with the previous one while the
 * grace of a rotation lasts, and, where the secret cannot be read just now, the one that its status names.
 */
export function liveHashes(
  configs: readonly ReceiverConfig[],
  secretOf: (receiver: Receiver) => SecretReading,
  now: Date,
  graceMs: number,
): Set<string> {
  const hashes = new Set<string>();
  for (const config of configs) {
    for (const receiver of usableReceivers(config)) {
      const reading = secretOf(receiver);
      const { project, name } = receiver;
      if (reading.kind === 'found') {
        for (const secret of acceptedSecrets(reading.versions, now, graceMs)) {
          hashes.add(receiverHash(project, name, secret));
        }
      } else if (reading.fault === 'unreadable') {
        const standing = config.status.webhookReceivers.find((entry) => entry.name === name);
        const hash = hashInPath(standing?.path ?? '');
        if (hash !== undefined) hashes.add(hash);
      }
    }
  }
  return hashes;
}
