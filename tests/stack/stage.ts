import { ClusterClient } from '../support/cluster-client.ts';
import { SecretClient } from '../support/secret-client.ts';
import { Account } from './account.ts';
import { startAvailableCluster, type AvailableCluster } from './available-cluster.ts';
import { Grants } from './grants.ts';
import { startEmulator, type Emulator } from './emulator.ts';
import { Queues } from './queues.ts';

/** The default of the functions' `KUBECONFIG_SECRET_ID`. */
const KUBECONFIG_SECRET = 'kargo-front-door/kubeconfig';

/** An empty account and an empty cluster to deploy into. */
export interface Stage {
  readonly emulator: Emulator;
  readonly account: Account;
  readonly grants: Grants;
  readonly queues: Queues;
  readonly secrets: SecretClient;
  readonly cluster: AvailableCluster;
  /** Acts on the cluster as its administrator. */
  readonly objects: ClusterClient;
  /** Writes the secret with the functions' kubeconfig. */
  createKubeconfig(): Promise<void>;
  deleteKubeconfig(): Promise<void>;
  close(): Promise<void>;
}

interface StageOptions {
  /** Whether IAM policies are enforced. */
  readonly auth: boolean;
  /** Whether the functions have the registrar's rights in the cluster too. Default: false. */
  readonly hasRegistrar?: boolean;
}

/** Starts both. */
export async function startStage(options: StageOptions): Promise<Stage> {
  const cluster = await startAvailableCluster(options);
  const emulator = await startEmulator(options).catch(async (error: unknown) => {
    await cluster.stop();
    throw error;
  });
  const account = new Account(emulator.clientConfig);
  const grants = new Grants(emulator.clientConfig);
  const secrets = new SecretClient(emulator.url);
  const queues = new Queues(emulator.clientConfig);
  return {
    emulator,
    account,
    grants,
    secrets,
    queues,
    cluster,
    objects: new ClusterClient(cluster.target),
    createKubeconfig: async () => secrets.create(KUBECONFIG_SECRET, await cluster.kubeconfig()),
    deleteKubeconfig: () => secrets.delete(KUBECONFIG_SECRET),
    close: async () => {
      account.close();
      grants.close();
      queues.close();
      secrets.close();
      await Promise.all([emulator.stop(), cluster.stop()]);
    },
  };
}
