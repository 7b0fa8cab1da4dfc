import { clusterCredentials } from './cluster-credentials.ts';
import { ClusterConnection, type ConnectionOptions } from './cluster-connection.ts';
import { KargoApi } from './kargo-api.ts';
import type { SecretsManager } from '../aws/secrets-manager.ts';
import type { ClusterSettings } from '../settings/settings.ts';

/** Connects to the cluster that the settings name; nothing is sent before the first use. */
export function connectToKargo(
  settings: ClusterSettings,
  store: SecretsManager,
  options: ConnectionOptions,
): KargoApi {
  return new KargoApi(new ClusterConnection(clusterCredentials(settings, store), options));
}
