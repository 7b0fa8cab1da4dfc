import { connectToKargo } from '../lib/adapters/cluster.ts';
import { KargoReceiverConfigs } from '../lib/adapters/receiver-configs.ts';
import { SecretsManager } from '../lib/adapters/secrets-manager.ts';

/** A receiver's URL as it stands in a status. */
export interface ReceiverUrl {
  /** The project, or `cluster`. */
  readonly owner: string;
  readonly receiver: string;
  readonly url: string;
}

/** How long the cluster may take to tell. */
const WITHIN_MS = 5_000;

/** Reads every Bitbucket receiver's URL from the statuses of a cluster. Raises `Unavailable`. */
export async function receiverUrls(kubeconfig: string): Promise<ReceiverUrl[]> {
  const kargo = connectToKargo({ kind: 'kubeconfig-file', path: kubeconfig }, new SecretsManager());
  const { configs } = await new KargoReceiverConfigs(kargo).list(AbortSignal.timeout(WITHIN_MS));
  return configs.flatMap(({ name, status, declared }) =>
    status.webhookReceivers
      .filter((entry) =>
        declared.some((receiver) => receiver.kind === 'bitbucket' && receiver.name === entry.name),
      )
      .map((entry) => ({ owner: name, receiver: entry.name, url: String(entry['url']) })),
  );
}
