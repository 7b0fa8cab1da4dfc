import { isUnreadable, type SecretReading } from '../core/kargo/receiver-secret.ts';
import { usableReceivers, type Receiver, type ReceiverConfig } from '../core/kargo/receiver.ts';
import type { ReceiverSecrets } from './ports.ts';

/** The secrets of all receivers. */
export interface SecretReadings {
  readonly secretOf: (receiver: Receiver) => SecretReading;
  /** Receivers whose secret may exist, but cannot be read. */
  readonly unreadable: readonly { readonly receiver: Receiver; readonly reason: string }[];
}

/**
 * Reads the secrets of every receiver that these configs declare.
 *
 * @throws {RetryableError} when the store is unavailable
 */
export async function readSecrets(
  secrets: ReceiverSecrets,
  configs: readonly ReceiverConfig[],
  from: 'cached' | 'store',
  signal: AbortSignal,
): Promise<SecretReadings> {
  const receivers = configs.flatMap(usableReceivers);
  const readings = await secrets.read(receivers, from, signal);
  const byReceiver = new Map(receivers.map((receiver, index) => [receiver, readings[index]]));
  return {
    secretOf: (receiver) => {
      const reading = byReceiver.get(receiver);
      if (reading === undefined) throw new Error(`the secret of receiver "${receiver.name}" was not read`);
      return reading;
    },
    unreadable: [...byReceiver].flatMap(([receiver, reading]) =>
      isUnreadable(reading) ? [{ receiver, reason: reading.reason }] : [],
    ),
  };
}
