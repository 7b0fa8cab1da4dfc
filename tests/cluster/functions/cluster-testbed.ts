import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startFakeSecretsManager } from '../../../local/fakes/secrets-manager/fake-secrets-manager.ts';
import { ClusterClient } from '../../support/cluster-client.ts';
import {
  coldReceiver,
  coldReconciler,
  coldRegistrar,
  type ReconcilerHandler,
  type RegistrarHandler,
} from '../../support/cold-functions.ts';
import type { ReceiverHandler } from '../../support/deliver.ts';
import { LoopbackProxy } from '../../support/loopback-proxy.ts';
import { SecretClient } from '../../support/secret-client.ts';
import type { ApiTarget } from '../api-client.ts';
import { kubeconfigOf } from '../kubeconfig.ts';
import { startRealCluster, type RealCluster } from '../real-cluster.ts';
import { applyRbacManifests } from './manifests.ts';
import { bindRole, createServiceAccount, requestToken, type RoleName } from './service-account.ts';

export const RECEIVER: RoleName = 'kargo-front-door-receiver';
export const RECONCILER: RoleName = 'kargo-front-door-reconciler';
export const REGISTRAR: RoleName = 'kargo-front-door-registrar';

export interface ClusterTestbedOptions {
  readonly secrets?: Readonly<Record<string, string>>;
  readonly apiServerFlags?: readonly string[];
}

/** The dependencies of the functions: a real cluster API, and a fake of Secrets Manager. */
export interface ClusterTestbed {
  readonly cluster: RealCluster;
  /** Changes objects as administrator. */
  readonly objects: ClusterClient;
  /** Returns the cluster API with this token, by default the administrator's. */
  as(token?: string): ApiTarget;
  readonly secrets: SecretClient;
  /** The tokens of the functions' ServiceAccounts, whose only rights are those of infra/rbac. */
  readonly tokens: Readonly<Record<RoleName, string>>;
  /** Loads a receiver with its own ServiceAccount's token, as after a cold start. `url` replaces the address of the API. */
  receiver(url?: string): Promise<ReceiverHandler>;
  /** Loads a reconciler likewise. */
  reconciler(url?: string): Promise<ReconcilerHandler>;
  /** Loads a registrar likewise. */
  registrar(): Promise<RegistrarHandler>;
  /** Writes the kubeconfig that the functions of this role read. */
  writeKubeconfig(role: RoleName, token: string, url?: string): void;
  close(): Promise<void>;
}

/** Starts both, applies infra/rbac unchanged, and sets the environment for functions that are loaded afterwards. */
export async function startClusterTestbed(options: ClusterTestbedOptions = {}): Promise<ClusterTestbed> {
  const cluster = await startRealCluster(options.apiServerFlags);
  // The tests' own requests do not keep connections. The proxy does, which saves them a TLS handshake each.
  const proxy = new LoopbackProxy(cluster.url, cluster.ca);
  await proxy.start();
  const as = (token = cluster.token): ApiTarget => ({ url: proxy.url, token });
  const store = await startFakeSecretsManager({ port: 0, secrets: { ...options.secrets } });
  const secrets = new SecretClient(store.url);
  const folder = mkdtempSync(join(tmpdir(), 'front-door-test-'));
  const tokens = await createRoles(cluster);
  Object.assign(process.env, {
    RECEIVER_BASE_URL: 'https://hooks.example.com/kargo',
    AWS_ENDPOINT_URL: store.url,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    LOG_LEVEL: 'ERROR',
    POWERTOOLS_METRICS_DISABLED: 'true',
    // Log through the global console, so that a test can read the lines.
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
    registrar: async () => {
      writeKubeconfig(REGISTRAR, tokens[REGISTRAR]);
      return coldRegistrar();
    },
    writeKubeconfig,
    close: async () => {
      secrets.close();
      await Promise.all([proxy.stop(), cluster.stop(), store.close()]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function createRoles(cluster: RealCluster): Promise<Record<RoleName, string>> {
  await applyRbacManifests(cluster.kubeconfig);
  const createRole = async (role: RoleName): Promise<string> => {
    await createServiceAccount(cluster, role);
    await bindRole(cluster, role);
    return requestToken(cluster, role);
  };
  return {
    'kargo-front-door-receiver': await createRole(RECEIVER),
    'kargo-front-door-reconciler': await createRole(RECONCILER),
    'kargo-front-door-registrar': await createRole(REGISTRAR),
  };
}
