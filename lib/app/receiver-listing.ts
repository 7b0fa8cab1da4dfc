import { hashInPath } from '../core/receiver-path.ts';
import { usableReceivers, type Receiver, type ReceiverConfig } from '../core/receiver.ts';

/** Every usable receiver of the cluster, and which one each hash in a status list is said to name. */
export interface ReceiverListing {
  readonly receivers: readonly Receiver[];
  /** By hash. A place to look first, never a proof: anyone who may write a status may write anything there. */
  readonly hinted: ReadonlyMap<string, Receiver>;
}

/** Gives the listing of these configs. */
export function listReceivers(configs: readonly ReceiverConfig[]): ReceiverListing {
  const receivers = configs.flatMap(usableReceivers);
  const hinted = new Map<string, Receiver>();
  for (const config of configs) {
    for (const receiver of usableReceivers(config)) {
      const entry = config.status.webhookReceivers.find(({ name }) => name === receiver.name);
      const hash = hashInPath(entry?.path ?? '');
      if (hash !== undefined) hinted.set(hash, receiver);
    }
  }
  return { receivers, hinted };
}
