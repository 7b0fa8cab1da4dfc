import type { SecretReading } from '../../core/kargo/receiver-secret.ts';
import { usableReceivers, type Receiver, type ReceiverConfig } from '../../core/kargo/receiver.ts';
import type { ReceiverSecrets } from '../ports.ts';

export type SecretOf = (receiver: Receiver) => SecretReading;

/** Reads the secrets of every receiver that these configs declare, past any cache. Raises `RetryableError`. */
export async function readSecrets(
  secrets: ReceiverSecrets,
  configs: readonly ReceiverConfig[],
  signal: AbortSignal,
): Promise<SecretOf> {
  const receivers = configs.flatMap(usableReceivers);
  const readings = await secrets.read(receivers, 'store', signal);
  const byReceiver = new Map(receivers.map((receiver, index) => [receiver, readings[index]]));
  return (receiver) => {
    const reading = byReceiver.get(receiver);
    if (reading === undefined) throw new Error(`the secret of receiver "${receiver.name}" was not read`);
    return reading;
  };
}
