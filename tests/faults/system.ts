import { randomBytes } from 'node:crypto';
import { availableParallelism } from 'node:os';
import pLimit from 'p-limit';
import type { MessageQueue } from '../../local/fakes/sqs/message-queue.ts';
import {
  RECEIVER,
  RECONCILER,
  startClusterTestbed,
  type ClusterTestbed,
} from '../cluster/functions/cluster-testbed.ts';
import type { RoleName } from '../cluster/functions/service-account.ts';
import { bitbucket, clusterConfig, project, warehouse } from '../support/kargo-objects.ts';
import type { LoopbackProxy } from '../support/loopback-proxy.ts';
import { Environment } from './environment.ts';
import { startFakes, type Fakes, type RecordingQueue } from './fakes.ts';
import { RedeliveryPollers } from './redelivery-pollers.ts';
import { RefreshWatch } from './refresh-watch.ts';

/** Environments of the receiver: deliveries that are handled at the same time. They mostly wait while something is down. */
const RECEIVERS = 12;

/** A push to a Warehouse's own repository reads the Warehouses of its project: few, as in most projects. */
const WAREHOUSES_PER_PROJECT = 20;

/** Concurrent requests that create objects. */
const CREATING = 8 * availableParallelism();

/** Ids of the secrets with which the registry's deliveries are signed, and with which the functions call the registry. */
const REGISTRY_SECRETS = { webhook: 'kargo-front-door/webhook', token: 'kargo-front-door/token' } as const;
/** Id of the secret with the copy of the receivers. */
const RECEIVERS_SECRET = 'kargo-front-door/receivers';

/** Repository to which every Warehouse subscribes. */
export const SHARED_REPOSITORY = 'acme/platform';

export const projectOf = (index: number): string => `faults-${Math.floor(index / WAREHOUSES_PER_PROJECT)}`;
export const repositoryOf = (index: number): string => `acme/service-${index}`;
export const warehouseOf = (index: number): string => `warehouse-${index}`;

/** The functions as processes, a real cluster API, and fakes of the other systems. Faults are injected between them. */
export class FaultySystem {
  readonly testbed: ClusterTestbed;
  /** Between the functions and the cluster API. */
  readonly cluster: LoopbackProxy;
  /** Between the functions and the queue. */
  readonly queueProxy: LoopbackProxy;
  /** Between the functions and the package registry. */
  readonly registryProxy: LoopbackProxy;
  /** When each package was synced last, by name. */
  readonly syncedAt: ReadonlyMap<string, Date>;
  readonly queue: RecordingQueue;
  readonly deadLetters: MessageQueue;
  readonly receivers: readonly Environment[];
  readonly pollers: RedeliveryPollers;
  readonly refreshes: RefreshWatch;
  /** The current secret of each project; of the ClusterConfig's receiver under the empty name. */
  readonly secrets: Map<string, string>;
  /** The one signs the deliveries to the registry's path; the other authorizes the functions. */
  readonly registrySecrets: readonly [webhook: string, token: string];
  /** Output of all functions. */
  readonly logs: string[] = [];
  readonly #reconciler: Environment;
  readonly #fakes: Fakes;

  private constructor(testbed: ClusterTestbed, fakes: Fakes, secrets: Secrets) {
    this.testbed = testbed;
    this.#fakes = fakes;
    this.cluster = fakes.cluster;
    this.queueProxy = fakes.queueProxy;
    this.registryProxy = fakes.registryProxy;
    this.syncedAt = fakes.syncedAt;
    this.queue = fakes.queue;
    this.deadLetters = fakes.deadLetters;
    this.secrets = secrets.ofProjects;
    this.registrySecrets = [secrets.registryWebhook, secrets.registryToken];
    const settings = this.#settings(RECEIVER);
    this.receivers = Array.from(
      { length: RECEIVERS },
      () => new Environment('receiver', settings, this.logs),
    );
    this.pollers = new RedeliveryPollers(this.queue, settings, this.logs);
    this.refreshes = new RefreshWatch(testbed.cluster);
    this.#reconciler = new Environment('reconciler', this.#settings(RECONCILER), this.logs);
  }

  /** Starts everything, with this many Warehouses in the cluster. */
  static async start(warehouses: number): Promise<FaultySystem> {
    const projects = [...new Set(Array.from({ length: warehouses }, (_, index) => projectOf(index)))];
    const secrets = {
      ofProjects: new Map(['', ...projects].map((name) => [name, randomSecret()])),
      registryWebhook: randomSecret(),
      registryToken: randomSecret(),
    };
    const testbed = await startClusterTestbed({
      secrets: {
        ...Object.fromEntries(Array.from(secrets.ofProjects, ([name, secret]) => [secretIdOf(name), secret])),
        [REGISTRY_SECRETS.webhook]: secrets.registryWebhook,
        [REGISTRY_SECRETS.token]: secrets.registryToken,
        [RECEIVERS_SECRET]: 'no copy yet',
      },
    });
    const fakes = await startFakes(testbed.cluster, secrets.registryToken);
    await createObjects(testbed, warehouses, projects);
    const system = new FaultySystem(testbed, fakes, secrets);
    await Promise.all(system.receivers.map((receiver) => receiver.start()));
    await system.reconcile();
    system.pollers.start();
    system.refreshes.start();
    return system;
  }

  /** Runs the reconciler once. */
  async reconcile(): Promise<void> {
    await this.#reconciler.invoke({});
  }

  /** Stores a new current secret for a project. */
  async rotate(projectName: string): Promise<void> {
    const secret = randomSecret();
    await this.testbed.secrets.rotate(secretIdOf(projectName), secret);
    this.secrets.set(projectName, secret);
  }

  async stop(): Promise<void> {
    await Promise.all([this.pollers.stop(), this.refreshes.stop()]);
    for (const environment of [...this.receivers, this.#reconciler]) environment.kill();
    await this.#fakes.stop();
    await this.testbed.close();
  }

  #settings(role: RoleName): Record<string, string> {
    this.testbed.writeKubeconfig(role, this.testbed.tokens[role], this.cluster.url);
    const names = ['RECEIVER_BASE_URL', 'KUBECONFIG', 'AWS_ENDPOINT_URL', 'AWS_REGION'];
    const credentials = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'];
    return {
      ...Object.fromEntries([...names, ...credentials].map((name) => [name, process.env[name] ?? ''])),
      AWS_ENDPOINT_URL_SQS: this.queueProxy.url,
      RETRY_QUEUE_URL: this.#fakes.queueUrl,
      CARGOMAN_URL: this.registryProxy.url,
      CARGOMAN_TOKEN_SECRET_ID: REGISTRY_SECRETS.token,
      BITBUCKET_WEBHOOK_SECRET_ID: REGISTRY_SECRETS.webhook,
      RECEIVERS_SECRET_ID: RECEIVERS_SECRET,
      LOG_LEVEL: 'DEBUG',
    };
  }
}

interface Secrets {
  /** By project. */
  readonly ofProjects: Map<string, string>;
  readonly registryWebhook: string;
  readonly registryToken: string;
}

function randomSecret(): string {
  return randomBytes(16).toString('hex');
}

function secretIdOf(projectName: string): string {
  return `kargo/${projectName || 'kargo-system-resources'}/bitbucket`;
}

async function createObjects(
  { objects }: ClusterTestbed,
  warehouses: number,
  projects: readonly string[],
): Promise<void> {
  const create = pLimit(CREATING);
  await Promise.all(projects.map((name) => create(() => objects.create(...project(name)))));
  const own = Array.from({ length: warehouses }, (_, index) =>
    warehouse(
      projectOf(index),
      warehouseOf(index),
      { repoURL: `https://bitbucket.org/${repositoryOf(index)}` },
      { repoURL: `https://bitbucket.org/${SHARED_REPOSITORY}` },
    ),
  );
  await Promise.all(own.map((object) => create(() => objects.create(object))));
  await objects.create(clusterConfig([bitbucket('bb')]));
}
