import { createHmac, randomUUID } from 'node:crypto';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { KubeConfig } from '@kubernetes/client-node';
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
  const kubeconfig = readLoopbackCluster(settings, options);
  // A front door that runs elsewhere, which --url names, needs no cluster on this machine.
  const receivers = await listPublishedReceivers(kubeconfig).catch(() => []);
  const receiver = receivers.find(({ name }) => name === options.receiver);
  const url = options.url ?? receiver?.url;
  if (url === undefined)
    throw new LocalError(`receiver "${options.receiver}" has no URL. Is npm start running?`);
  const secret = options.secret ?? (receiver && (await readSecret(receiver).catch(() => undefined)));
  if (secret === undefined && options.event !== PING_EVENT)
    throw new LocalError(`the secret of receiver "${options.receiver}" is unknown. Set --secret.`);

  const before = await listRefreshes(kubeconfig).catch(() => undefined);
  const response = await deliver(options, url, secret).catch((cause: unknown) => {
    throw new LocalError(`no response from ${url}. Is npm start running?`, { cause });
  });
  console.log(`POST ${url}\n${options.event} -> ${response.status} ${await response.text()}`);
  if (before !== undefined) {
    const after = [...(await listRefreshes(kubeconfig))];
    const refreshed = after.flatMap(([object, time]) => (before.get(object) === time ? [] : [object]));
    console.log(refreshed.length === 0 ? 'nothing was refreshed' : `refreshed ${refreshed.join(', ')}`);
  }
  process.exit(response.ok ? 0 : 1);
});

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

async function readSecret({ project, secretName }: PublishedReceiver): Promise<string | undefined> {
  const { SECRET_NAME_TEMPLATE: template, SYSTEM_RESOURCES_NAMESPACE: systemNamespace } = process.env;
  const SecretId = (template || 'kargo/{namespace}/{name}')
    .replaceAll('{namespace}', project || systemNamespace || 'kargo-system-resources')
    .replaceAll('{name}', secretName);
  const { SecretString } = await new SecretsManagerClient().send(new GetSecretValueCommand({ SecretId }));
  const content = readSecretContent(SecretString);
  return content.kind === 'secret' ? content.value : undefined;
}

/** Sends the delivery with the headers that Bitbucket sets. */
function deliver({ event, body }: SendOptions, url: string, secret: string | undefined): Promise<Response> {
  const hmac = event !== PING_EVENT && secret && createHmac('sha256', secret).update(body).digest('hex');
  const headers = {
    'content-type': 'application/json',
    'x-event-key': event,
    'x-request-uuid': randomUUID(),
    ...(hmac && { 'x-hub-signature': `sha256=${hmac}` }),
  };
  return fetch(url, { method: 'POST', body: new Uint8Array(body), headers });
}
