import { X509Certificate } from 'node:crypto';
import * as v from 'valibot';
import { parseBaseUrl, type BaseUrl } from '../core/receiver-path.ts';

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

/** Neither a namespace nor a Secret's name can hold a `/`: with one between them, two receivers never share a secret by accident. */
const TEMPLATE = /^[^{}]*\{(namespace|name)\}[^{}]*\/[^{}]*\{(?!\1\})(namespace|name)\}[^{}]*$/;

const NAMESPACE = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

/** An empty setting is one that is not set, as CloudFormation parameters can be no other way. */
const text = (fallback: string) =>
  v.pipe(
    v.optional(v.string(), fallback),
    v.transform((value) => value || fallback),
  );

const environmentSchema = v.object({
  RECEIVER_BASE_URL: v.pipe(
    text(''),
    v.transform(parseBaseUrl),
    v.custom<BaseUrl>(
      (base) => base !== undefined,
      'must be an http(s) URL without user, query and fragment, such as https://hooks.example.com/kargo',
    ),
  ),
  SECRET_NAME_TEMPLATE: v.pipe(
    text('kargo/{namespace}/{name}'),
    v.regex(TEMPLATE, 'must hold {namespace} and {name} once each, with a "/" between them'),
  ),
  SYSTEM_RESOURCES_NAMESPACE: v.pipe(
    text('kargo-system-resources'),
    v.regex(NAMESPACE, 'must be the name of a namespace'),
  ),
  ROTATION_GRACE_HOURS: v.pipe(
    text('168'),
    v.regex(/^\d+(\.\d+)?$/, 'must be a number of hours, 0 or more'),
    v.transform((hours) => Number(hours) * HOUR_MS),
  ),
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
  const faults = (parsed.issues ?? []).map((issue) => `${v.getDotPath(issue)} ${issue.message}`);
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
  const {
    EKS_CLUSTER_NAME: name,
    EKS_CLUSTER_ENDPOINT: endpoint,
    EKS_CLUSTER_CA: ca,
    AWS_REGION: region,
  } = environment;
  if (!name && !endpoint && !ca) {
    return [
      'KUBECONFIG, KUBECONFIG_SECRET_ID or EKS_CLUSTER_NAME with _ENDPOINT and _CA must say which cluster to use',
    ];
  }
  const faults: string[] = [];
  if (!name) faults.push('EKS_CLUSTER_NAME is missing');
  if (!endpoint || !endpoint.startsWith('https://') || !URL.canParse(endpoint)) {
    faults.push('EKS_CLUSTER_ENDPOINT must be an https URL');
  }
  if (!ca || !isCertificate(ca))
    faults.push('EKS_CLUSTER_CA must be a certificate in base64, as EKS gives it');
  if (!region) faults.push('AWS_REGION is missing');
  return name && endpoint && ca && region && faults.length === 0
    ? { kind: 'eks', name, endpoint, ca, region }
    : faults;
}

function isCertificate(base64: string): boolean {
  try {
    return new X509Certificate(Buffer.from(base64, 'base64')).subject !== undefined;
  } catch {
    return false;
  }
}
