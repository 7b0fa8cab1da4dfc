import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { startFakeKubernetes, type KubernetesObject } from '../../local/fakes/kubernetes/fake-kubernetes.ts';
import { startFakeSecretsManager } from '../../local/fakes/secrets-manager/fake-secrets-manager.ts';
import { INDEX_NAMESPACE } from '../../lib/adapters/kubernetes/index-config-maps.ts';
import { ClusterClient } from './cluster-client.ts';
import { coldReceiver, coldReconciler, type ReconcilerHandler } from './cold-functions.ts';
import { lambdaContext, type ReceiverHandler } from './deliver.ts';
import { namespace } from './kargo-objects.ts';
import { LoopbackProxy } from './loopback-proxy.ts';
import { SecretClient } from './secret-client.ts';

export interface TestbedOptions {
  readonly objects?: readonly KubernetesObject[];
  /** Texts by name; by default `kargo/demo/bitbucket` with the secret `s3cret`. */
  readonly secrets?: Readonly<Record<string, string>>;
  /** Settings of the functions, in addition to those for the fakes. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** The dependencies of the functions, as fakes on loopback. Functions use the proxies `cluster` and `store`; tests use `objects` and `secrets`. */
export interface Testbed {
  readonly cluster: LoopbackProxy;
  readonly store: LoopbackProxy;
  readonly objects: ClusterClient;
  readonly secrets: SecretClient;
  /** Path of the functions' kubeconfig. */
  readonly kubeconfig: string;
  /** Loads a receiver, as after a cold start. */
  receiver(): Promise<ReceiverHandler>;
  /** Runs a reconciler once, after a cold start. */
  reconcile(): ReturnType<ReconcilerHandler>;
  /** Deletes the lookup index, so that a receiver lists. */
  removeIndex(): Promise<void>;
  close(): Promise<void>;
}

/** Starts the fakes and sets the environment for functions that are loaded afterwards. */
export async function startTestbed(options: TestbedOptions = {}): Promise<Testbed> {
  const fakeKubernetes = await startFakeKubernetes({
    port: 0,
    objects: [namespace(INDEX_NAMESPACE), ...(options.objects ?? [])],
  });
  const secrets = { ...(options.secrets ?? { 'kargo/demo/bitbucket': 's3cret' }) };
  const fakeSecretsManager = await startFakeSecretsManager({ port: 0, secrets });
  const cluster = new LoopbackProxy(fakeKubernetes.url);
  const store = new LoopbackProxy(fakeSecretsManager.url);
  await Promise.all([cluster.start(), store.start()]);
  const folder = mkdtempSync(join(tmpdir(), 'front-door-test-'));
  const kubeconfig = join(folder, 'kubeconfig');
  writeKubeconfig(kubeconfig, cluster.url);
  const secretClient = new SecretClient(fakeSecretsManager.url);
  const objects = new ClusterClient({ url: fakeKubernetes.url, token: 'token' });
  const environment = { ...process.env };
  Object.assign(process.env, {
    RECEIVER_BASE_URL: 'https://hooks.example.com/kargo',
    KUBECONFIG: kubeconfig,
    AWS_ENDPOINT_URL: store.url,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    LOG_LEVEL: 'SILENT',
    POWERTOOLS_METRICS_DISABLED: 'true',
    // Log through the global console, so that a test can read the lines.
    POWERTOOLS_DEV: 'true',
    ...options.settings,
  });
  // Concurrent deliveries share one metrics buffer here: all but the first to publish warn that it is empty.
  jest.spyOn(console, 'warn').mockImplementation(() => undefined);
  return {
    cluster,
    store,
    objects,
    secrets: secretClient,
    kubeconfig,
    receiver: coldReceiver,
    reconcile: async () => (await coldReconciler())({}, lambdaContext()),
    removeIndex: () => removeIndex(objects),
    close: async () => {
      secretClient.close();
      await Promise.all([cluster.stop(), store.stop(), fakeKubernetes.close(), fakeSecretsManager.close()]);
      rmSync(folder, { recursive: true, force: true });
      for (const name of Object.keys(process.env)) if (!(name in environment)) delete process.env[name];
      Object.assign(process.env, environment);
    },
  };
}

/** Deletes the ConfigMaps of the lookup index. */
export async function removeIndex(objects: ClusterClient): Promise<void> {
  const pieces = await objects.list('ConfigMap', INDEX_NAMESPACE);
  const index = pieces.filter(({ metadata }) => metadata.name?.startsWith('index-'));
  for (const { metadata } of index) await objects.delete({ apiVersion: 'v1', kind: 'ConfigMap', metadata });
}

/** Writes a kubeconfig for a cluster API without TLS, for which the client needs the flag. */
export function writeKubeconfig(path: string, server: string, token = 'token'): void {
  const kubeconfig = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster: { server, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'test', user: { token } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
    'current-context': 'test',
  };
  writeFileSync(path, JSON.stringify(kubeconfig));
}
