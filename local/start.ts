import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { KubeConfig } from '@kubernetes/client-node';
import { startChild, type ChildProcess } from './child-process.ts';
import { loopbackKubeconfig, readChosenCluster, type ChosenCluster } from './chosen-cluster.ts';
import { ClusterState } from './cluster-state.ts';
import { startClusterProxy } from './cluster-proxy.ts';
import { REGISTRY_PATH } from '../lib/core/delivery/endpoint.ts';
import { listPublishedReceivers, type PublishedReceiver } from './cluster-view.ts';
import {
  applyLocalEnvironment,
  localEnvironment,
  readLocalSettings,
  type LocalSettings,
} from './local-settings.ts';
import { startOfflineFunctions, type OfflineFunctions } from './offline-functions.ts';
import { pollQueue } from './queue-poller.ts';
import { runMain } from './run-main.ts';

/** How long to wait for the receivers' URLs before reporting that there are none, in milliseconds. */
const URLS_TIMEOUT_MS = 15_000;

const DRY_RUN =
  'dry run: nothing is written to this cluster. The reconciler logs what it would write; refreshes of deliveries are refused. ' +
  'To write: set DRY_RUN=false.';
const NO_DRY_RUN = 'DRY_RUN=false: the reconciler and deliveries write to this cluster.';

/** Serves the functions on this machine until it is stopped: `npm start [-- --cluster CONTEXT]`. */
await runMain(async () => {
  const settings = readLocalSettings(process.env);
  const chosen = readChosenCluster(settings, process.argv.slice(2));
  const isDryRun = chosen?.isNamed === true && process.env['DRY_RUN'] !== 'false';
  const environment = localEnvironment(settings, process.env);
  if (isDryRun) environment['DRY_RUN'] = 'true';
  const stops: Stops = [];
  const stopping = new AbortController();
  const stop = async (): Promise<void> => {
    stopping.abort();
    await Promise.all(stops.map((stopOne) => stopOne()));
  };
  try {
    const isRegistryAlone = settings.hasRegistryAlone && chosen === undefined;
    const kubeconfig = isRegistryAlone ? undefined : await openCluster(chosen, isDryRun, settings, stops);
    if (kubeconfig !== undefined) environment['KUBECONFIG'] = writeKubeconfig(kubeconfig, stops);
    if (settings.registryUrl === undefined) stops.push((await startFake('registry')).stop);
    if (settings.awsEndpointUrl === undefined) stops.push((await startFake('secrets-manager')).stop);
    if (settings.retryQueueUrl === undefined) stops.push((await startFake('sqs')).stop);
    if (settings.usesFakeBitbucket) stops.push((await startFake('bitbucket')).stop);
    const functions = await startOfflineFunctions(settings.port, environment, () => {
      console.error('the functions have stopped');
      void stop().finally(() => process.exit(1));
    });
    stops.push(functions.stop);
    if (kubeconfig !== undefined) void runRepeatedly(functions, settings, stopping.signal);
    redeliverFrom(settings, environment, functions, stopping.signal);
    const receivers = isDryRun || kubeconfig === undefined ? [] : await waitForReceivers(kubeconfig);
    console.log(`ready ${functions.url}`);
    for (const { project, name, url } of receivers)
      console.log(`  ${project || 'cluster'} / ${name}: ${url}`);
    console.log(`  package registry: ${functions.url}${REGISTRY_PATH}`);
    if (!chosen?.isNamed)
      console.log(`next, in another shell: npm run send${isRegistryAlone ? ' -- --target registry' : ''}`);
    return stop;
  } catch (error) {
    await stop();
    throw error;
  }
});

type Stops = (() => Promise<void>)[];

/** Starts the fake, or the proxy to the chosen cluster. Returns the kubeconfig that leads to it. */
async function openCluster(
  chosen: ChosenCluster | undefined,
  isDryRun: boolean,
  { clusterPort }: LocalSettings,
  stops: Stops,
): Promise<KubeConfig> {
  if (chosen === undefined) {
    const state = new ClusterState(clusterPort);
    state.begin();
    stops.push(async () => state.end());
    const fake = await startFake('kubernetes');
    stops.push(fake.stop);
    console.log(`fake cluster: process ${fake.pid}`);
    return loopbackKubeconfig(`http://127.0.0.1:${clusterPort}`, 'none');
  }
  console.log(`cluster: context "${chosen.context}" (${chosen.server})`);
  if (chosen.isNamed) console.log(isDryRun ? DRY_RUN : NO_DRY_RUN);
  const proxy = await startClusterProxy(chosen, isDryRun);
  stops.push(proxy.close);
  return proxy.kubeconfig;
}

async function startFake(
  name: 'kubernetes' | 'secrets-manager' | 'registry' | 'sqs' | 'bitbucket',
): Promise<ChildProcess> {
  return startChild({
    name: `the fake ${name}`,
    arguments: [`${import.meta.dirname}/fake.ts`, name],
    environment: process.env,
    isReady: (line) => line.startsWith('ready '),
    onLine: (line) => console.log(`the fake ${name}: ${line}`),
    onExit: () => console.error(`the fake ${name} has stopped. Start it again: npm run fake ${name}`),
  });
}

/** Writes the functions' kubeconfig to a folder that only this user can read, and that is removed at the end. */
function writeKubeconfig(kubeconfig: KubeConfig, stops: Stops): string {
  const folder = mkdtempSync(join(tmpdir(), 'kargo-front-door-'));
  stops.push(async () => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'kubeconfig');
  writeFileSync(path, kubeconfig.exportConfig());
  return path;
}

/** Runs the reconciler, and the registrar where there is one, at one interval. */
async function runRepeatedly(
  { invoke }: OfflineFunctions,
  { reconcileMs, hasRegistrar }: LocalSettings,
  stopping: AbortSignal,
): Promise<void> {
  const names = hasRegistrar ? (['reconciler', 'registrar'] as const) : (['reconciler'] as const);
  while (!stopping.aborted) {
    for (const name of names) {
      const failure = await invoke(name).catch((error: unknown) => String(error));
      if (failure !== undefined && !stopping.aborted) console.error(`${name}: ${failure}`);
    }
    await sleep(reconcileMs);
  }
}

/** Polls the retry queue, if there is one. */
function redeliverFrom(
  settings: LocalSettings,
  environment: NodeJS.ProcessEnv,
  functions: OfflineFunctions,
  stopping: AbortSignal,
): void {
  const { RETRY_QUEUE_URL: queueUrl } = environment;
  if (!queueUrl) return;
  // The SDK in this process reads where the queue is, and with which credentials, from its environment.
  applyLocalEnvironment(settings);
  void pollQueue(queueUrl, functions.redeliver, stopping);
}

async function waitForReceivers(kubeconfig: KubeConfig): Promise<PublishedReceiver[]> {
  const deadline = Date.now() + URLS_TIMEOUT_MS;
  for (;;) {
    const receivers = await listPublishedReceivers(kubeconfig);
    if (receivers.length > 0 || Date.now() > deadline) return receivers;
    await sleep(200);
  }
}
