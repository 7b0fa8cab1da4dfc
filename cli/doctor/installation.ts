import { ApiGatewayRoutes } from '../../lib/adapters/aws/api-gateway-routes.ts';
import type { DeploymentReader } from '../../lib/adapters/aws/deployment-reader.ts';
import { StoredReceiverSecrets } from '../../lib/adapters/aws/receiver-secrets.ts';
import { compileSecretNameTemplate } from '../../lib/adapters/aws/secret-ids.ts';
import { SecretsManager } from '../../lib/adapters/aws/secrets-manager.ts';
import { ApiWebhooks } from '../../lib/adapters/bitbucket/api-webhooks.ts';
import { BitbucketClients } from '../../lib/adapters/bitbucket/bitbucket-clients.ts';
import { BitbucketCredentials } from '../../lib/adapters/bitbucket/bitbucket-credentials.ts';
import { ClusterConnection } from '../../lib/adapters/kubernetes/cluster-connection.ts';
import type { ClusterCredentials } from '../../lib/adapters/kubernetes/cluster-credentials.ts';
import { ClusterInspection } from '../../lib/adapters/kubernetes/cluster-inspection.ts';
import { KargoApi } from '../../lib/adapters/kubernetes/kargo-api.ts';
import { KargoReceiverConfigs } from '../../lib/adapters/kubernetes/receiver-configs.ts';
import { readSettings, type ClusterSettings, type Settings } from '../../lib/adapters/settings/settings.ts';
import type { GatewayRoutes, ListedConfigs } from '../../lib/app/ports.ts';
import type { BitbucketWebhooks } from '../../lib/app/register/bitbucket-ports.ts';
import { receiverHashes, type ReceiverHashes } from '../../lib/core/kargo/receiver-hashes.ts';
import type { SecretReading } from '../../lib/core/kargo/receiver-secret.ts';
import { usableReceivers, type Receiver, type ReceiverConfig } from '../../lib/core/kargo/receiver.ts';
import type { FunctionName } from '../../lib/functions.ts';
import { CannotCheckError } from './check.ts';

/** A person waits, and the cluster may be far. */
const ATTEMPT_TIMEOUT_MS = 10_000;

/** What a deployment has in AWS. */
export type Deployment = Pick<DeploymentReader, keyof DeploymentReader>;

/** The environment variables of a function. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Where an installation is found: a deployment in AWS, or the local run. */
export interface InstallationSource {
  /** The name of the deployment, for advice. */
  readonly name: string;
  /** Undefined for the local run, which has nothing in AWS. */
  readonly deployment: Deployment | undefined;
  /** Reads the environment of each function that is deployed. */
  environments(signal: AbortSignal): Promise<ReadonlyMap<FunctionName, Environment>>;
  clusterCredentials(cluster: ClusterSettings, store: SecretsManager): ClusterCredentials;
  /** Whether these credentials are the functions' own, so that their rights are the functions'. */
  areFunctionsOwn(cluster: ClusterSettings): boolean;
}

/** Names one receiver; `project` is empty for one of the ClusterConfig. */
export type ReceiverChoice = Pick<Receiver, 'project' | 'name'>;

/** A receiver with all that is known of it. */
export interface KnownReceiver {
  readonly receiver: Receiver;
  readonly config: ReceiverConfig;
  readonly reading: SecretReading;
  readonly hashes: ReceiverHashes;
}

/** What the checks look at. Everything is read once, when the first check needs it. */
export class Installation {
  readonly source: InstallationSource;
  readonly chosen: ReceiverChoice | undefined;
  readonly #store = new SecretsManager();
  readonly #read = new Map<string, Promise<unknown>>();

  /** @param chosen - the one receiver to look at; undefined for all */
  constructor(source: InstallationSource, chosen?: ReceiverChoice) {
    this.source = source;
    this.chosen = chosen;
  }

  environments(signal: AbortSignal): Promise<ReadonlyMap<FunctionName, Environment>> {
    return this.#once('environments', () => this.source.environments(signal));
  }

  /** @throws {SettingsError} where they are not valid, and {CannotCheckError} where no function is deployed */
  async settings(signal: AbortSignal): Promise<Settings> {
    const environments = await this.environments(signal);
    const environment = environments.get('reconciler') ?? environments.get('receiver');
    if (environment === undefined) throw new CannotCheckError('no function is deployed');
    return readSettings(environment);
  }

  /** @throws {CannotCheckError} where the deployment serves a package registry only */
  async clusterSettings(signal: AbortSignal): Promise<ClusterSettings> {
    const { cluster } = await this.settings(signal);
    if (cluster === undefined) throw new CannotCheckError('this deployment has no cluster');
    return cluster;
  }

  cluster(signal: AbortSignal): Promise<ClusterInspection> {
    return this.#once('cluster', async () => new ClusterInspection(await this.#connection(signal)));
  }

  kargo(signal: AbortSignal): Promise<KargoApi> {
    return this.#once('kargo', async () => new KargoApi(await this.#connection(signal)));
  }

  /** The configs that this deployment serves. */
  listed(signal: AbortSignal): Promise<ListedConfigs> {
    return this.#once('configs', async () => {
      const settings = await this.settings(signal);
      return new KargoReceiverConfigs(await this.kargo(signal), settings).list(signal);
    });
  }

  /** @throws {CannotCheckError} where the chosen receiver does not exist */
  receivers(signal: AbortSignal): Promise<readonly KnownReceiver[]> {
    return this.#once('receivers', async () => {
      const settings = await this.settings(signal);
      const { configs } = await this.listed(signal);
      const pairs = configs
        .flatMap((config) => usableReceivers(config).map((receiver) => ({ config, receiver })))
        .filter(({ receiver }) => this.#isChosen(receiver));
      if (this.chosen !== undefined && pairs.length === 0)
        throw new CannotCheckError('there is no such receiver');
      const readings = await this.#secrets(settings).read(
        pairs.map(({ receiver }) => receiver),
        'store',
        signal,
      );
      const now = new Date();
      return pairs.flatMap(({ config, receiver }, index) => {
        const reading = readings[index];
        if (reading === undefined) return [];
        const alone = onlyReceiver(config, receiver);
        const [hashes] = receiverHashes([alone], () => reading, now, settings.graceMs);
        return hashes === undefined ? [] : [{ config, receiver, reading, hashes }];
      });
    });
  }

  /** The gateway's receiver routes; undefined where the reconciler manages none. */
  async routes(signal: AbortSignal): Promise<GatewayRoutes | undefined> {
    const { routesApiId } = await this.settings(signal);
    return routesApiId === undefined ? undefined : new ApiGatewayRoutes(routesApiId);
  }

  /** Bitbucket's own API with the registrar's credentials, to read only; undefined where there is no registrar. */
  async bitbucket(signal: AbortSignal): Promise<Pick<BitbucketWebhooks, 'servers' | 'list'> | undefined> {
    const environment = (await this.environments(signal)).get('registrar');
    const settings = environment && readSettings(environment).bitbucket;
    if (settings === undefined) return undefined;
    const { credentialsSecretId: secretId, cloudApiUrl } = settings;
    const clock = (): Date => new Date();
    const credentials = new BitbucketCredentials({ store: this.#store, secretId, cloudApiUrl, clock });
    return new ApiWebhooks(new BitbucketClients(credentials, clock));
  }

  #isChosen({ project, name }: Receiver): boolean {
    const { chosen } = this;
    return chosen === undefined || (chosen.project === project && chosen.name === name);
  }

  #secrets({ secretNameTemplate, systemNamespace, graceMs }: Settings): StoredReceiverSecrets {
    const secretIdOf = compileSecretNameTemplate(secretNameTemplate, systemNamespace);
    return new StoredReceiverSecrets({ store: this.#store, secretIdOf, clock: () => new Date(), graceMs });
  }

  #connection(signal: AbortSignal): Promise<ClusterConnection> {
    return this.#once('connection', async () => {
      const credentials = this.source.clusterCredentials(await this.clusterSettings(signal), this.#store);
      return new ClusterConnection(credentials, { attemptTimeoutMs: ATTEMPT_TIMEOUT_MS });
    });
  }

  #once<T>(what: string, read: () => Promise<T>): Promise<T> {
    const known = this.#read.get(what) ?? read();
    this.#read.set(what, known);
    return known as Promise<T>;
  }
}

function onlyReceiver(config: ReceiverConfig, { name }: Receiver): ReceiverConfig {
  return { ...config, declared: config.declared.filter((declared) => declared.name === name) };
}

/** Formats the name of a receiver as `--receiver` takes it. */
export function nameOf({ project, name }: ReceiverChoice): string {
  return project === '' ? name : `${project}/${name}`;
}
