import { ClusterConnection } from '../lib/adapters/kubernetes/cluster-connection.ts';
import { clusterCredentials, parseKubeconfig } from '../lib/adapters/kubernetes/cluster-credentials.ts';
import { KargoApi } from '../lib/adapters/kubernetes/kargo-api.ts';
import { StoredReceiverSecrets } from '../lib/adapters/aws/receiver-secrets.ts';
import { secretIds } from '../lib/adapters/aws/secret-ids.ts';
import { SecretsManager } from '../lib/adapters/aws/secrets-manager.ts';
import type { LocalSettings } from './local-settings.ts';
import { kubeconfigFor } from './kubeconfig.ts';

/** The cluster is on this machine, or is one that a person waits for. */
const ATTEMPT_TIMEOUT_MS = 3_000;

/** Gives the environment in which the functions, and whoever looks over their shoulder, reach what `npm start` serves. */
export function localEnvironment(settings: LocalSettings): NodeJS.ProcessEnv {
  const { env } = process;
  return {
    ...env,
    RECEIVER_BASE_URL: env['RECEIVER_BASE_URL'] || `http://127.0.0.1:${settings.port}`,
    ROUTES: 'shared',
    POWERTOOLS_METRICS_DISABLED: env['POWERTOOLS_METRICS_DISABLED'] || 'true',
    AWS_REGION: env['AWS_REGION'] || 'us-east-1',
    ...(settings.awsEndpointUrl === undefined && {
      AWS_ENDPOINT_URL: `http://127.0.0.1:${settings.secretsPort}`,
      AWS_ACCESS_KEY_ID: env['AWS_ACCESS_KEY_ID'] || 'local',
      AWS_SECRET_ACCESS_KEY: env['AWS_SECRET_ACCESS_KEY'] || 'local',
    }),
  };
}

/** Connects to the cluster of the local run: the one of `KUBECONFIG`, or the fake. */
export function localKargo({ kubeconfig, clusterPort }: LocalSettings): KargoApi {
  const fake = `http://127.0.0.1:${clusterPort}`;
  const credentials =
    kubeconfig === undefined
      ? () => Promise.resolve({ kubeconfig: parseKubeconfig(kubeconfigFor(fake), fake) })
      : clusterCredentials({ kind: 'kubeconfig-file', path: kubeconfig }, new SecretsManager());
  return new KargoApi(new ClusterConnection(credentials, { attemptTimeoutMs: ATTEMPT_TIMEOUT_MS }));
}

/**
 * Connects to the secret store of the local run, under the names that the functions use. The SDK takes its endpoint and credentials
 * from this process's environment, which must be `localEnvironment`.
 */
export function localSecrets(environment: NodeJS.ProcessEnv): StoredReceiverSecrets {
  const { SECRET_NAME_TEMPLATE: template, SYSTEM_RESOURCES_NAMESPACE: systemNamespace } = environment;
  return new StoredReceiverSecrets({
    store: new SecretsManager(),
    secretIdOf: secretIds(
      template || 'kargo/{namespace}/{name}',
      systemNamespace || 'kargo-system-resources',
    ),
    clock: () => new Date(),
    graceMs: 0,
  });
}
