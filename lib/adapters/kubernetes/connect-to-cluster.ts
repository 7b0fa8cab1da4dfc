import type { SecretsManager } from '../aws/secrets-manager.ts';
import type { ClusterSettings } from '../settings/settings.ts';
import { ClusterConnection, type ConnectionOptions } from './cluster-connection.ts';
import { clusterCredentials } from './cluster-credentials.ts';

/** Connects to the cluster that the settings name; nothing is sent before the first use. */
export function connectToCluster(
  settings: ClusterSettings,
  store: SecretsManager,
  options: ConnectionOptions,
): ClusterConnection {
  return new ClusterConnection(clusterCredentials(settings, store), options);
}
