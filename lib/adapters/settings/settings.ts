import * as v from 'valibot';
import type { BaseUrl } from '../../core/kargo/receiver-path.ts';
import {
  baseUrlRule,
  clusterCaRule,
  clusterEndpointRule,
  hoursRule,
  namespaceRule,
  secretNameTemplateRule,
} from './setting-rules.ts';

/** Something in the environment cannot be used. The message names every fault, so that one deployment mends them all. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
}

/** Where the cluster is and how to be let in, in the order in which they are looked for. */
export type ClusterSettings =
  | { readonly kind: 'kubeconfig-file'; readonly path: string }
  | { readonly kind: 'kubeconfig-secret'; readonly secretId: string }
  | ({ readonly kind: 'eks' } & EksSettings);

export interface EksSettings {
  readonly name: string;
  readonly endpoint: string;
  /** The cluster's CA, PEM in base64, as EKS gives it. */
  readonly ca: string;
  readonly region: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

const HOUR_MS = 3_600_000;

/** An empty setting is one that is not set, as CloudFormation parameters can be no other way. */
const text = (fallback: string) =>
  v.pipe(
    v.optional(v.string(), fallback),
    v.transform((value) => value || fallback),
  );

const environmentSchema = v.object({
  RECEIVER_BASE_URL: v.pipe(text(''), baseUrlRule),
  SECRET_NAME_TEMPLATE: v.pipe(text('kargo/{namespace}/{name}'), secretNameTemplateRule),
  SYSTEM_RESOURCES_NAMESPACE: v.pipe(text('kargo-system-resources'), namespaceRule),
  ROTATION_GRACE_HOURS: v.pipe(
    text('168'),
    hoursRule,
    v.transform((hours) => Number(hours) * HOUR_MS),
  ),
});

/** What an EKS cluster needs once any of it is set. */
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
  /** The HTTP API whose receiver routes the reconciler keeps; undefined where it keeps none. */
  readonly routesApiId: string | undefined;
  readonly cluster: ClusterSettings;
}

/** Reads the settings of the functions (docs/settings.md), frozen. Raises `SettingsError` with all that is wrong at once. */
export function readSettings(environment: Environment): Settings {
  const parsed = v.safeParse(environmentSchema, environment);
  const faults = faultsOf(parsed.issues);
  const cluster = readClusterSettings(environment);
  if (Array.isArray(cluster)) faults.push(...cluster);
  if (!parsed.success || Array.isArray(cluster))
    throw new SettingsError(`bad settings: ${faults.join('; ')}`);
  const { output } = parsed;
  return Object.freeze({
    base: Object.freeze(output.RECEIVER_BASE_URL),
    secretNameTemplate: output.SECRET_NAME_TEMPLATE,
    systemNamespace: output.SYSTEM_RESOURCES_NAMESPACE,
    graceMs: output.ROTATION_GRACE_HOURS,
    routesApiId: environment['ROUTES_API_ID'] || undefined,
    cluster: Object.freeze(cluster),
  });
}

/** Gives the faults where the environment names no cluster that could be used. */
function readClusterSettings(environment: Environment): ClusterSettings | string[] {
  const { KUBECONFIG: path, KUBECONFIG_SECRET_ID: secretId } = environment;
  if (path) return { kind: 'kubeconfig-file', path };
  if (secretId) return { kind: 'kubeconfig-secret', secretId };
  if (!['EKS_CLUSTER_NAME', 'EKS_CLUSTER_ENDPOINT', 'EKS_CLUSTER_CA'].some((name) => environment[name])) {
    return [
      'KUBECONFIG, KUBECONFIG_SECRET_ID or EKS_CLUSTER_NAME with _ENDPOINT and _CA must say which cluster to use',
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
