import * as v from 'valibot';
import type { BaseUrl } from '../../core/kargo/receiver-path.ts';
import { readRegistrySettings, type RegistrySettings } from './registry-settings.ts';
import {
  baseUrlRule,
  clusterCaRule,
  clusterEndpointRule,
  findTemplateConflict,
  hoursRule,
  namespaceRule,
  projectsRule,
  queueUrlRule,
  receiverLimitRule,
  retryHoursRule,
  secretNameTemplateRule,
  secureUrlRule,
  switchRule,
  SYSTEM_SECRET_SETTINGS,
} from './setting-rules.ts';

/** The environment holds invalid settings. The message names every fault, so that one deployment corrects them all. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
}

/** How to reach the cluster. Of several settings, the first kind in this order wins. */
export type ClusterSettings =
  | { readonly kind: 'kubeconfig-file'; readonly path: string }
  | { readonly kind: 'kubeconfig-secret'; readonly secretId: string }
  | ({ readonly kind: 'eks' } & EksSettings);

/** Bitbucket's own API. */
interface BitbucketSettings {
  /** Name or ARN of the secret with the credentials. */
  readonly credentialsSecretId: string;
  readonly cloudApiUrl: string;
  /** Path filters decide by the files that a push changed. */
  readonly usesChangedFiles: boolean;
}

export interface EksSettings {
  readonly name: string;
  readonly endpoint: string;
  /** The cluster's CA, PEM in base64, as EKS returns it. */
  readonly ca: string;
  readonly region: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

const HOUR_MS = 3_600_000;

const DEFAULT_SECRET_NAME_TEMPLATE = 'kargo/{namespace}/{name}';

/** An empty setting is one that is not set: CloudFormation parameters cannot be left out. */
const text = (fallback: string) =>
  v.pipe(
    v.optional(v.string(), fallback),
    v.transform((value) => value || fallback),
  );

const flag = v.pipe(
  text('false'),
  switchRule,
  v.transform((value) => value === 'true'),
);

const environmentSchema = v.object({
  RECEIVER_BASE_URL: v.pipe(text(''), baseUrlRule),
  SECRET_NAME_TEMPLATE: v.pipe(text(DEFAULT_SECRET_NAME_TEMPLATE), secretNameTemplateRule),
  SYSTEM_RESOURCES_NAMESPACE: v.pipe(text('kargo-system-resources'), namespaceRule),
  ROTATION_GRACE_HOURS: v.pipe(
    text('168'),
    hoursRule,
    v.transform((hours) => Number(hours) * HOUR_MS),
  ),
  MAX_RECEIVERS_PER_PROJECT: v.pipe(text('20'), receiverLimitRule, v.transform(Number)),
  PROJECTS: v.pipe(text(''), projectsRule),
  DRY_RUN: flag,
  BITBUCKET_CLOUD_API_URL: v.pipe(text('https://api.bitbucket.org'), secureUrlRule),
  RETRY_QUEUE_URL: v.pipe(text(''), queueUrlRule),
  RETRY_MAX_AGE_HOURS: v.pipe(
    text('6'),
    retryHoursRule,
    v.transform((hours) => Number(hours) * HOUR_MS),
  ),
  CHANGED_FILES: flag,
  RECEIVERS_SECRET_ID: text(''),
});

/** Settings of an EKS cluster; all of them are required once any is set. */
const eksSchema = v.object({
  EKS_CLUSTER_NAME: v.pipe(text(''), v.nonEmpty('is missing')),
  EKS_CLUSTER_ENDPOINT: v.pipe(text(''), clusterEndpointRule),
  EKS_CLUSTER_CA: v.pipe(text(''), clusterCaRule),
  AWS_REGION: v.pipe(text(''), v.nonEmpty('is missing')),
});

export interface Settings {
  readonly base: BaseUrl;
  readonly secretNameTemplate: string;
  readonly systemNamespace: string;
  readonly graceMs: number;
  /** Bitbucket receivers that a ProjectConfig may have; those after them are not served. */
  readonly maxReceiversPerProject: number;
  /** Names and `*` patterns of the projects that this deployment serves; undefined where it serves all, and the ClusterConfig. */
  readonly projects: readonly string[] | undefined;
  /** The reconciler logs what it would write, and writes nothing. */
  readonly dryRun: boolean;
  /** The HTTP API whose receiver routes the reconciler manages; undefined where it manages none. */
  readonly routesApiId: string | undefined;
  /** Undefined where there is a package registry alone. */
  readonly cluster: ClusterSettings | undefined;
  /** Undefined where there is no package registry. */
  readonly registry: RegistrySettings | undefined;
  /** Where the receiver queues what a target has not finished; undefined without a queue. */
  readonly retryQueueUrl: string | undefined;
  /** Name or ARN of the secret with the copy of the receivers; undefined without a copy. */
  readonly receiversSecretId: string | undefined;
  /** An older message of that queue is not handled. */
  readonly retryMaxAgeMs: number;
  /** Undefined where Bitbucket's own API is not used. */
  readonly bitbucket: BitbucketSettings | undefined;
}

/**
 * Reads the settings of the functions (docs/settings.md), frozen.
 *
 * @throws {SettingsError} with every fault at once
 */
export function readSettings(environment: Environment): Settings {
  const parsed = v.safeParse(environmentSchema, environment);
  const faults = faultsOf(parsed.issues);
  const conflict = findTemplateConflict(
    environment['SECRET_NAME_TEMPLATE'] || DEFAULT_SECRET_NAME_TEMPLATE,
    [...SYSTEM_SECRET_SETTINGS, 'RECEIVERS_SECRET_ID'].map((name) => environment[name]),
  );
  if (conflict !== undefined) faults.push(`SECRET_NAME_TEMPLATE ${conflict}`);
  const registry = readRegistrySettings(environment);
  if (Array.isArray(registry)) faults.push(...registry);
  const cluster = readClusterSettings(environment);
  if (Array.isArray(cluster)) faults.push(...cluster);
  if (!parsed.success || Array.isArray(cluster) || Array.isArray(registry) || conflict !== undefined)
    throw new SettingsError(`invalid settings: ${faults.join('; ')}`);
  const { output } = parsed;
  return Object.freeze({
    base: Object.freeze(output.RECEIVER_BASE_URL),
    secretNameTemplate: output.SECRET_NAME_TEMPLATE,
    systemNamespace: output.SYSTEM_RESOURCES_NAMESPACE,
    graceMs: output.ROTATION_GRACE_HOURS,
    maxReceiversPerProject: output.MAX_RECEIVERS_PER_PROJECT,
    projects: output.PROJECTS && Object.freeze(output.PROJECTS),
    dryRun: output.DRY_RUN,
    routesApiId: environment['ROUTES_API_ID'] || undefined,
    cluster: Object.freeze(cluster),
    registry: Object.freeze(registry),
    retryQueueUrl: output.RETRY_QUEUE_URL,
    receiversSecretId: output.RECEIVERS_SECRET_ID || undefined,
    retryMaxAgeMs: output.RETRY_MAX_AGE_HOURS,
    bitbucket: bitbucketSettings(environment['BITBUCKET_CREDENTIALS_SECRET_ID'], output),
  });
}

function bitbucketSettings(
  credentialsSecretId: string | undefined,
  output: v.InferOutput<typeof environmentSchema>,
): BitbucketSettings | undefined {
  if (!credentialsSecretId) return undefined;
  const { BITBUCKET_CLOUD_API_URL: cloudApiUrl, CHANGED_FILES: usesChangedFiles } = output;
  return Object.freeze({ credentialsSecretId, cloudApiUrl, usesChangedFiles });
}

/**
 * Returns the cluster of a function that needs one.
 *
 * @throws {SettingsError} where there is none
 */
export function requireCluster({ cluster }: Settings): ClusterSettings {
  if (cluster === undefined)
    throw new SettingsError(
      'invalid settings: this function needs a cluster. Set KUBECONFIG_SECRET_ID, or EKS_CLUSTER_NAME with EKS_CLUSTER_ENDPOINT and EKS_CLUSTER_CA',
    );
  return cluster;
}

/** Reads the settings of the cluster, or returns their faults. A package registry needs no cluster. */
function readClusterSettings(environment: Environment): ClusterSettings | undefined | string[] {
  const { KUBECONFIG: path, KUBECONFIG_SECRET_ID: secretId } = environment;
  if (path) return { kind: 'kubeconfig-file', path };
  if (secretId) return { kind: 'kubeconfig-secret', secretId };
  if (!['EKS_CLUSTER_NAME', 'EKS_CLUSTER_ENDPOINT', 'EKS_CLUSTER_CA'].some((name) => environment[name])) {
    if (environment['CARGOMAN_URL']) return undefined;
    return [
      'KUBECONFIG, KUBECONFIG_SECRET_ID, or EKS_CLUSTER_NAME with EKS_CLUSTER_ENDPOINT and EKS_CLUSTER_CA must be set',
    ];
  }
  const { success, output, issues } = v.safeParse(eksSchema, environment);
  if (!success) return faultsOf(issues);
  const {
    EKS_CLUSTER_NAME: name,
    EKS_CLUSTER_ENDPOINT: endpoint,
    EKS_CLUSTER_CA: ca,
    AWS_REGION: region,
  } = output;
  return { kind: 'eks', name, endpoint, ca, region };
}

function faultsOf(issues: readonly v.GenericIssue[] = []): string[] {
  return issues.map((issue) => `${v.getDotPath(issue)} ${issue.message}`);
}
