import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { ClusterState } from './cluster-state.ts';
import { startFakeCloud } from './fakes/bitbucket/fake-cloud.ts';
import { startFakeKubernetes, type KubernetesObject } from './fakes/kubernetes/fake-kubernetes.ts';
import type { LoopbackServer } from './fakes/loopback-server.ts';
import { startFakeRegistry, type ListedPackage } from './fakes/registry/fake-registry.ts';
import { startFakeSecretsManager } from './fakes/secrets-manager/fake-secrets-manager.ts';
import { startFakeSqs } from './fakes/sqs/fake-sqs.ts';
import { MessageQueue } from './fakes/sqs/message-queue.ts';
import {
  LOCAL_QUEUE,
  LOCAL_RECEIVERS_SECRET,
  LocalError,
  readLocalSettings,
  type LocalSettings,
} from './local-settings.ts';
import { runMain } from './run-main.ts';

const EXAMPLES = join(import.meta.dirname, 'examples');

/** As in the deployment (infra/constructs/retry-queue.ts). */
const MAX_RECEIVE_COUNT = 236;
const VISIBILITY_TIMEOUT_SECONDS = 180;

/** The packages of the repositories that the sample pushes report. */
const PACKAGES: readonly ListedPackage[] = [
  { name: 'acme/shop', repository_url: 'https://bitbucket.org/acme/shop.git', type: 'bitbucket' },
  { name: 'acme/web', repository_url: 'ssh://git@git.acme.example:7999/shop/web.git', type: 'monorepo' },
];

/** The token of the fake Bitbucket, and the secret that holds it for the functions. */
const BITBUCKET_TOKEN = 'local';
const CREDENTIALS_SECRET = 'kargo-front-door/bitbucket';

const FAKES: Readonly<Record<string, (settings: LocalSettings) => Promise<LoopbackServer>>> = {
  kubernetes: startCluster,
  'secrets-manager': ({ secretsPort }) =>
    startFakeSecretsManager({
      port: secretsPort,
      secrets: { ...exampleSecrets(), [LOCAL_RECEIVERS_SECRET]: 'no copy yet' },
    }),
  registry: ({ registryPort: port }) =>
    startFakeRegistry({ port, packages: PACKAGES, onSync: (name) => console.log(`synced ${name}`) }),
  sqs: ({ queuePort }) => startFakeSqs({ port: queuePort, queues: localQueues() }),
  bitbucket: ({ bitbucketPort }) =>
    startFakeCloud({
      port: bitbucketPort,
      repositories: ['acme/shop'],
      tokens: [{ authorization: `Bearer ${BITBUCKET_TOKEN}` }],
    }),
};

/** Runs one fake with the examples until it is stopped: `npm run fake kubernetes|secrets-manager|registry|sqs|bitbucket`. */
await runMain(async () => {
  const start = FAKES[process.argv[2] ?? ''];
  if (start === undefined) throw new LocalError(`usage: npm run fake ${Object.keys(FAKES).join('|')}`);
  const fake = await start(readLocalSettings(process.env));
  console.log(`ready ${fake.url}`);
  return () => fake.close();
});

/** Starts the cluster with the examples, or with what it held before where `npm start` still runs. */
async function startCluster({ clusterPort: port }: LocalSettings): Promise<LoopbackServer> {
  const state = new ClusterState(port);
  const saved = state.load();
  const fake = await startFakeKubernetes({ port, objects: saved.length > 0 ? saved : readExamples() });
  state.keep(fake);
  return fake;
}

function readExamples(): KubernetesObject[] {
  return readdirSync(EXAMPLES)
    .flatMap((file) => parseAllDocuments(readFileSync(join(EXAMPLES, file), 'utf8')))
    .map((document) => document.toJS() as KubernetesObject);
}

/** The retry queue and its dead-letter queue, as they are deployed. */
function localQueues(): MessageQueue[] {
  const deadLetterQueue = new MessageQueue({ name: `${LOCAL_QUEUE}-dead` });
  const redrive = { deadLetterQueue, maxReceiveCount: MAX_RECEIVE_COUNT };
  return [
    deadLetterQueue,
    new MessageQueue({ name: LOCAL_QUEUE, visibilityTimeoutSeconds: VISIBILITY_TIMEOUT_SECONDS, redrive }),
  ];
}

/** In a cluster, External Secrets Operator mirrors the secrets from Secrets Manager; here, both come from one file. */
function exampleSecrets(): Record<string, string> {
  const secrets = readExamples().filter(({ kind }) => kind === 'Secret');
  const ofReceivers = Object.fromEntries(
    secrets.map(({ metadata, ['stringData']: data }) => [
      `kargo/${metadata.namespace}/${metadata.name}`,
      JSON.stringify(data),
    ]),
  );
  return { ...ofReceivers, [CREDENTIALS_SECRET]: JSON.stringify([{ GIT_AUTH_TOKEN: BITBUCKET_TOKEN }]) };
}
