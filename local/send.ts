import { createHmac, randomUUID } from 'node:crypto';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { KubeConfig } from '@kubernetes/client-node';
import { REGISTRY_PATH } from '../lib/core/delivery/endpoint.ts';
import { readSecretContent } from '../lib/core/kargo/receiver-secret.ts';
import { loopbackKubeconfig, readChosenCluster } from './chosen-cluster.ts';
import { listPublishedReceivers, listRefreshes, type PublishedReceiver } from './cluster-view.ts';
import { LocalError, localEnvironment, readLocalSettings, type LocalSettings } from './local-settings.ts';
import { runMain } from './run-main.ts';
import { readSendOptions, type SendOptions } from './send-options.ts';

/** The event that Data Center's "Test connection" sends unsigned. */
const PING_EVENT = 'diagnostics:ping';

/** Signs and sends one delivery, and prints the response and what was refreshed: `npm run send [-- options]`. */
await runMain(async () => {
  const options = readSendOptions(process.argv.slice(2));
  const settings = readLocalSettings(process.env);
  Object.assign(process.env, localEnvironment(settings, process.env));
  const send = options.target === 'registry' ? sendToRegistry : sendToReceiver;
  process.exit((await send(options, settings)) ? 0 : 1);
});

/** Sends to a receiver, and prints what was refreshed. Returns whether the delivery was accepted. */
async function sendToReceiver(options: SendOptions, settings: LocalSettings): Promise<boolean> {
  const kubeconfig = readLoopbackCluster(settings, options);
  // A front door that runs elsewhere, which --url names, needs no cluster on this machine.
  const receivers = await listPublishedReceivers(kubeconfig).catch(() => []);
  const receiver = receivers.find(({ name }) => name === options.receiver);
  const url = options.url ?? receiver?.url;
  if (url === undefined)
    throw new LocalError(`receiver "${options.receiver}" has no URL. Is npm start running?`);
  const secret = options.secret ?? (receiver && (await readReceiverSecret(receiver).catch(() => undefined)));
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
  const secret = options.secret ?? (given || (secretId && (await readSecret(secretId))));
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

async function readReceiverSecret({ project, secretName }: PublishedReceiver): Promise<string | undefined> {
  const { SECRET_NAME_TEMPLATE: template, SYSTEM_RESOURCES_NAMESPACE: systemNamespace } = process.env;
  const SecretId = (template || 'kargo/{namespace}/{name}')
    .replaceAll('{namespace}', project || systemNamespace || 'kargo-system-resources')
    .replaceAll('{name}', secretName);
  return readSecret(SecretId);
}

async function readSecret(SecretId: string): Promise<string | undefined> {
  const { SecretString } = await new SecretsManagerClient().send(new GetSecretValueCommand({ SecretId }));
  const content = readSecretContent(SecretString);
  return content.kind === 'secret' ? content.value : undefined;
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
    throw new LocalError(`no response from ${url}. Is npm start running?`, { cause });
  });
  console.log(`POST ${url}\n${event} -> ${response.status} ${await response.text()}`);
  return response.ok;
}
