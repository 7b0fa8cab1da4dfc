import { createHmac, randomUUID } from 'node:crypto';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { KubeConfig } from '@kubernetes/client-node';
import { PING_EVENT } from '../lib/core/bitbucket/event-readers.ts';
import { REGISTRY_PATH } from '../lib/core/delivery/endpoint.ts';
import { readSecretContent } from '../lib/core/kargo/receiver-secret.ts';
import { loopbackKubeconfig, readChosenCluster } from './chosen-cluster.ts';
import { listPublishedReceivers, listRefreshes, type PublishedReceiver } from './cluster-view.ts';
import {
  applyLocalEnvironment,
  LocalError,
  readLocalSettings,
  type LocalSettings,
} from './local-settings.ts';
import { runMain } from './run-main.ts';
import { readSendOptions, type SendOptions } from './send-options.ts';

const START_HINT =
  'Is npm start running? Where it has other ports, set PORT, CLUSTER_PORT and SECRETS_PORT here too.';

/** Signs and sends one delivery, and prints the response and what was refreshed: `npm run send [-- options]`. */
await runMain(async () => {
  const options = readSendOptions(process.argv.slice(2));
  const settings = readLocalSettings(process.env);
  applyLocalEnvironment(settings);
  const send = options.target === 'registry' ? sendToRegistry : sendToReceiver;
  process.exit((await send(options, settings)) ? 0 : 1);
});

/** Sends to a receiver, and prints what was refreshed. Returns whether the delivery was accepted. */
async function sendToReceiver(options: SendOptions, settings: LocalSettings): Promise<boolean> {
  const kubeconfig = readLoopbackCluster(settings, options);
  const receiver = await findReceiver(kubeconfig, options);
  const url = options.url ?? receiver?.url ?? '';
  const secret = options.secret ?? (receiver && (await readReceiverSecret(receiver, options)));
  if (secret === undefined && options.event !== PING_EVENT)
    throw new LocalError(`the secret of receiver "${options.receiver}" is unknown. Set --secret.`);

  const before = await listRefreshes(kubeconfig).catch(() => undefined);
  const isAccepted = await deliver(options, url, secret);
  if (before !== undefined) {
    const after = [...(await listRefreshes(kubeconfig))];
    const refreshed = after.flatMap(([object, time]) => (before.get(object) === time ? [] : [object]));
    console.log(refreshed.length === 0 ? 'nothing was refreshed' : `refreshed ${refreshed.join(', ')}`);
  }
  return isAccepted;
}

/** Sends to the webhook of the package registry, unsigned where no secret is set. Returns whether the delivery was accepted. */
async function sendToRegistry(options: SendOptions): Promise<boolean> {
  const { RECEIVER_BASE_URL: base = '', BITBUCKET_WEBHOOK_SECRET: given } = process.env;
  const secretId = process.env['BITBUCKET_WEBHOOK_SECRET_ID'];
  const secret = options.secret ?? (given || (secretId && (await readSecret(secretId, options))));
  const url = options.url ?? `${base.replace(/\/$/, '')}${REGISTRY_PATH}`;
  return deliver(options, url, secret || undefined);
}

/**
 * Returns the cluster to look up receivers in: the one of `KUBECONFIG` if it is on this machine, or else the fake.
 *
 * @throws {LocalError} when `KUBECONFIG` selects a cluster elsewhere and there is no `--url`
 */
function readLoopbackCluster(settings: LocalSettings, { url }: SendOptions): KubeConfig {
  try {
    const chosen = readChosenCluster(settings, []);
    if (chosen) return chosen.kubeconfig;
  } catch (cause) {
    const message = `${(cause as Error).message} Or set --url and --secret.`;
    if (url === undefined) throw new LocalError(message, { cause });
  }
  return loopbackKubeconfig(`http://127.0.0.1:${settings.clusterPort}`, 'none');
}

/**
 * Finds the receiver in the status of its config. A front door that runs elsewhere, which `--url` names, needs no cluster on this machine.
 *
 * @throws {LocalError} when there is neither the receiver nor a `--url`
 */
async function findReceiver(
  kubeconfig: KubeConfig,
  options: SendOptions,
): Promise<PublishedReceiver | undefined> {
  const server = kubeconfig.getCurrentCluster()?.server;
  const receivers = await listPublishedReceivers(kubeconfig).catch((cause: unknown) => {
    if (options.url !== undefined) return [];
    throw new LocalError(`the cluster API at ${server} does not answer. ${START_HINT}`, { cause });
  });
  const found = receivers.find(({ name }) => name === options.receiver);
  if (found !== undefined || options.url !== undefined) return found;
  const names = receivers.map(({ project, name }) => `${name} (${project || 'of the ClusterConfig'})`);
  throw new LocalError(
    names.length === 0
      ? `no receiver at ${server} has a URL yet. The reconciler publishes them a few seconds after npm start.`
      : `no receiver "${options.receiver}" at ${server} has a URL. There are: ${names.join(', ')}.`,
  );
}

async function readReceiverSecret(
  { project, secretName }: PublishedReceiver,
  options: SendOptions,
): Promise<string | undefined> {
  const { SECRET_NAME_TEMPLATE: template, SYSTEM_RESOURCES_NAMESPACE: systemNamespace } = process.env;
  const SecretId = (template || 'kargo/{namespace}/{name}')
    .replaceAll('{namespace}', project || systemNamespace || 'kargo-system-resources')
    .replaceAll('{name}', secretName);
  return readSecret(SecretId, options);
}

/** @throws {LocalError} when it cannot be read and the delivery must be signed */
async function readSecret(SecretId: string, { event }: SendOptions): Promise<string | undefined> {
  try {
    const client = new SecretsManagerClient();
    const content = readSecretContent(
      (await client.send(new GetSecretValueCommand({ SecretId }))).SecretString,
    );
    return content.kind === 'secret' ? content.value : undefined;
  } catch (cause) {
    if (event === PING_EVENT) return undefined;
    throw new LocalError(
      `the secret "${SecretId}" cannot be read at ${process.env['AWS_ENDPOINT_URL']}: ${(cause as Error).message}. ${START_HINT} Or set --secret.`,
      { cause },
    );
  }
}

/** Sends the delivery with the headers that Bitbucket sets, and prints the response. Returns whether it was accepted. */
async function deliver(
  { event, body }: SendOptions,
  url: string,
  secret: string | undefined,
): Promise<boolean> {
  const hmac = event !== PING_EVENT && secret && createHmac('sha256', secret).update(body).digest('hex');
  const headers = {
    'content-type': 'application/json',
    'x-event-key': event,
    'x-request-uuid': randomUUID(),
    ...(hmac && { 'x-hub-signature': `sha256=${hmac}` }),
  };
  const request = { method: 'POST', body: new Uint8Array(body), headers };
  const response = await fetch(url, request).catch((cause: unknown) => {
    throw new LocalError(`no response from ${url}. ${START_HINT}`, { cause });
  });
  console.log(`POST ${url}\n${event} -> ${response.status} ${await response.text()}`);
  return response.ok;
}
