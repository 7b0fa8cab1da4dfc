import * as v from 'valibot';
import { parseBaseUrl, type BaseUrl } from '../core/receiver-path.ts';

/** Something in the environment cannot be used. The message names every fault, so that one deployment mends them all. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
}

/** Where the cluster is and how to be let in, in the order in which they are looked for. */
export type ClusterSettings =
  | { readonly kind: 'kubeconfig-file'; readonly path: string }
  | { readonly kind: 'kubeconfig-secret'; readonly secretId: string };

const HOUR_MS = 3_600_000;

/** Neither a namespace nor a Secret's name can hold a `/`: with one between them, two receivers never share a secret by accident. */
const TEMPLATE = /^[^{}]*\{(namespace|name)\}[^{}]*\/[^{}]*\{(?!\1)(namespace|name)\}[^{}]*$/;

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
export function readSettings(environment: Readonly<Record<string, string | undefined>>): Settings {
  const parsed = v.safeParse(environmentSchema, environment);
  const faults = (parsed.issues ?? []).map((issue) => `${v.getDotPath(issue)} ${issue.message}`);
  const cluster = readClusterSettings(environment);
  if (cluster === undefined) faults.push('KUBECONFIG or KUBECONFIG_SECRET_ID must say which cluster to use');
  if (!parsed.success || cluster === undefined) throw new SettingsError(`bad settings: ${faults.join('; ')}`);
  const { output } = parsed;
  return Object.freeze({
    base: output.RECEIVER_BASE_URL,
    secretNameTemplate: output.SECRET_NAME_TEMPLATE,
    systemNamespace: output.SYSTEM_RESOURCES_NAMESPACE,
    graceMs: output.ROTATION_GRACE_HOURS,
    routesApiId: environment['ROUTES_API_ID'] || undefined,
    cluster,
  });
}

function readClusterSettings(
  environment: Readonly<Record<string, string | undefined>>,
): ClusterSettings | undefined {
  const { KUBECONFIG: path, KUBECONFIG_SECRET_ID: secretId } = environment;
  if (path) return { kind: 'kubeconfig-file', path };
  if (secretId) return { kind: 'kubeconfig-secret', secretId };
  return undefined;
}
