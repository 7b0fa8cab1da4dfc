import type { KargoApi } from '../lib/adapters/kubernetes/kargo-api.ts';
import { KargoReceiverConfigs } from '../lib/adapters/kubernetes/receiver-configs.ts';
import { usableReceivers, type Receiver } from '../lib/core/kargo/receiver.ts';

/** A receiver and its URL as it stands in a status. */
export interface ReceiverUrl {
  readonly receiver: Receiver;
  readonly url: string;
}

/** How long the cluster may take to tell. */
const WITHIN_MS = 5_000;

/** Reads every Bitbucket receiver's URL from the statuses of a cluster. Raises `RetryableError`. */
export async function receiverUrls(kargo: KargoApi): Promise<ReceiverUrl[]> {
  const { configs } = await new KargoReceiverConfigs(kargo).list(AbortSignal.timeout(WITHIN_MS));
  return configs.flatMap((config) =>
    usableReceivers(config).flatMap((receiver) => {
      const entry = config.status.webhookReceivers.find(({ name }) => name === receiver.name);
      return entry === undefined ? [] : [{ receiver, url: String(entry['url']) }];
    }),
  );
}
