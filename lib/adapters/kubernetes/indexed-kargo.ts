import { IndexReader, type IndexFault } from '../../app/lookup/index-reader.ts';
import type { Clock } from '../../app/ports.ts';
import { indexNames } from '../../core/kargo/lookup-index/index-head.ts';
import type { SecretsManager } from '../aws/secrets-manager.ts';
import type { Settings } from '../settings/settings.ts';
import { connectToCluster, type ConnectionOptions } from './cluster-connection.ts';
import { IndexConfigMaps } from './index-config-maps.ts';
import { KargoApi } from './kargo-api.ts';

/** Kargo on the cluster of a deployment: its API, and the lookup index. */
export interface IndexedKargo {
  readonly api: KargoApi;
  readonly index: IndexReader;
  /** Called with each reason why the index cannot be used. */
  readonly onFault: (fault: IndexFault) => void;
}

/**
 * Connects to Kargo; nothing is sent before the first use.
 *
 * @returns undefined where the deployment has no cluster
 */
export function connectToIndexedKargo(
  { cluster: settings, base }: Settings,
  store: SecretsManager,
  { clock, onFault, ...options }: ConnectionOptions & { clock: Clock; onFault: IndexedKargo['onFault'] },
): IndexedKargo | undefined {
  if (settings === undefined) return undefined;
  const cluster = connectToCluster(settings, store, options);
  const pieces = new IndexConfigMaps(cluster);
  const index = new IndexReader({ pieces, names: indexNames(base), clock, onFault });
  return { api: new KargoApi(cluster), index, onFault };
}
