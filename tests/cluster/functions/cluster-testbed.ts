import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startFakeSecretsManager } from '../../../local/fakes/secrets-manager/fake-secrets-manager.ts';
import { ClusterClient } from '../../support/cluster-client.ts';
import { coldReceiver, coldReconciler, type ReconcilerHandler } from '../../support/cold-functions.ts';
import type { ReceiverHandler } from '../../support/deliver.ts';
import { LoopbackProxy } from '../../support/loopback-proxy.ts';
import { SecretClient } from '../../support/secret-client.ts';
import type { ApiTarget } from '../api-client.ts';
import { kubeconfigOf } from '../kubeconfig.ts';
import { startRealCluster, type RealCluster } from '../real-cluster.ts';
import { applyRbacManifests } from './manifests.ts';
import {
  bindRole,
  createNamespace,
  createServiceAccount,
  requestToken,
  type RoleName,
} from './service-account.ts';

export const RECEIVER: RoleName = 'kargo-front-door-receiver';
export const RECONCILER: RoleName = 'kargo-front-door-reconciler';

export interface ClusterTestbedOptions {
  /** Text by name. */
  readonly secrets?: Readonly<Record<string, string>>;
  readonly apiServerFlags?: readonly string[];
}

/** What the functions have to do with: a real cluster API of their own, and a fake for the secret store. */
export interface ClusterTestbed {
  readonly cluster: RealCluster;
  /** Acts on the cluster as its administrator. */
  readonly objects: ClusterClient;
  /** The cluster as whoever has this token; the administrator where none is given. */
  as(token?: string): ApiTarget;
  readonly secrets: SecretClient;
  /** The tokens of the functions' ServiceAccounts, whose only rights are those of infra/rbac. */
  readonly tokens: Readonly<Record<RoleName, string>>;
  /** Gives a receiver after a cold start that has nothing but its own ServiceAccount's token, for the API itself or what is at `url`. */
  receiver(url?: string): Promise<ReceiverHandler>;
  /** The same of a reconciler. */
  reconciler(url?: string): Promise<ReconcilerHandler>;
  /** Writes the kubeconfig that the functions of this role read. */
  writeKubeconfig(role: RoleName, token: string, url?: string): void;
  close(): Promise<void>;
}

/** Starts both, applies infra/rbac as it is, and sets the environment for functions that are imported from now on. */
export async function startClusterTestbed(options: ClusterTestbedOptions = {}): Promise<ClusterTestbed> {
  const cluster = await startRealCluster(options.apiServerFlags);
  // Keeps connections, as a test's own requests do not: a TLS handshake for each would cost more than all the rest.
  const door = new LoopbackProxy(cluster.url, cluster.ca);
  await door.start();
  const as = (token = cluster.token): ApiTarget => ({ url: door.url, token });
  const store = await startFakeSecretsManager({ port: 0, secrets: { ...options.secrets } });
  const secrets = new SecretClient(store.url);
  const folder = mkdtempSync(join(tmpdir(), 'front-door-test-'));
  const tokens = await giveRights(cluster);
  Object.assign(process.env, {
    RECEIVER_BASE_URL: 'https://hooks.example.com/kargo',
    AWS_ENDPOINT_URL: store.url,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    LOG_LEVEL: 'ERROR',
    POWERTOOLS_METRICS_DISABLED: 'true',
    // Log through the global console, where a test can listen.
    POWERTOOLS_DEV: 'true',
  });
  const writeKubeconfig = (role: RoleName, token: string, url?: string): void => {
    const { url: server, ca } = cluster;
    const target = url === undefined ? { url: server, ca, token } : { url, token };
    const file = join(folder, url === undefined ? role : `${role}-elsewhere`);
    writeFileSync(file, kubeconfigOf(target));
    process.env['KUBECONFIG'] = file;
  };
  return {
    cluster,
    objects: new ClusterClient(as()),
    as,
    secrets,
    tokens,
    receiver: async (url) => {
      writeKubeconfig(RECEIVER, tokens[RECEIVER], url);
      return coldReceiver();
    },
    reconciler: async (url) => {
      writeKubeconfig(RECONCILER, tokens[RECONCILER], url);
      return coldReconciler();
    },
    writeKubeconfig,
    close: async () => {
      secrets.close();
      await Promise.all([door.stop(), cluster.stop(), store.close()]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function giveRights(cluster: RealCluster): Promise<Record<RoleName, string>> {
  await applyRbacManifests(cluster.kubeconfig);
  await createNamespace(cluster);
  const give = async (role: RoleName): Promise<string> => {
    await createServiceAccount(cluster, role);
    await bindRole(cluster, role);
    return requestToken(cluster, role);
  };
  return {
    'kargo-front-door-receiver': await give(RECEIVER),
    'kargo-front-door-reconciler': await give(RECONCILER),
  };
}
