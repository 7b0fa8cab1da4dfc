import * as v from 'valibot';
import { values } from './values.ts';

/** How the functions reach and enter the cluster. */
export type ClusterAccess =
  | { readonly kind: 'eks'; readonly name: string; readonly endpoint: string; readonly ca: string }
  | { readonly kind: 'kubeconfig-secret'; readonly secretId: string };

/** Where in a VPC the functions run. Without security groups, one is made that may call out on port 443 and be called by nobody. */
export interface Network {
  readonly vpcId: string;
  readonly subnetIds: readonly string[];
  readonly securityGroupIds: readonly string[];
  readonly clusterSecurityGroupId: string | undefined;
}

/** A name of the team's own for the API; `basePath` is without slashes at its ends, and may be empty. */
export interface CustomDomain {
  readonly domainName: string;
  readonly certificateArn: string;
  readonly basePath: string;
}

/** What a team chooses about its deployment (docs/settings.md). */
export interface Deployment {
  readonly routes: 'per-receiver' | 'shared';
  /** Undefined: the custom domain's address, or else the API's own. */
  readonly receiverBaseUrl: string | undefined;
  readonly domain: CustomDomain | undefined;
  readonly secretNameTemplate: string;
  readonly systemResourcesNamespace: string;
  readonly rotationGraceHours: string;
  readonly cluster: ClusterAccess;
  readonly network: Network | undefined;
  readonly secretsKeyArn: string | undefined;
  readonly alarmTopicArn: string | undefined;
  readonly memorySize: number;
  readonly logRetentionDays: number;
  readonly tracing: boolean;
  readonly logLevel: string;
}

/** The settings cannot be deployed. The message names every fault. */
class DeploymentError extends Error {
  override readonly name = 'DeploymentError';
}

const { defaults } = values;

/** An empty setting is one that is not set. */
const optional = v.pipe(
  v.optional(v.string(), ''),
  v.transform((value) => value.trim() || undefined),
);
const withDefault = (fallback: string) =>
  v.pipe(
    optional,
    v.transform((value) => value ?? fallback),
  );
const whole = (fallback: number) =>
  v.pipe(withDefault(String(fallback)), v.regex(/^\d+$/, 'must be a whole number'), v.transform(Number));
const list = v.pipe(
  withDefault(''),
  v.transform((value) => value.split(',').flatMap((item) => item.trim() || [])),
);

const schema = v.object({
  ROUTES: v.pipe(
    withDefault(defaults.routes),
    v.picklist(['per-receiver', 'shared'], 'must be per-receiver or shared'),
  ),
  RECEIVER_BASE_URL: optional,
  DOMAIN_NAME: optional,
  CERTIFICATE_ARN: optional,
  BASE_PATH: v.pipe(
    withDefault(''),
    v.transform((path) => path.replaceAll(/^\/+|\/+$/g, '')),
  ),
  SECRET_NAME_TEMPLATE: v.pipe(
    withDefault(`${defaults.secretPrefix}{namespace}/{name}`),
    v.check(
      (template) => secretPrefixOf(template) !== '',
      'must begin with a fixed part, to which the roles are confined',
    ),
  ),
  SYSTEM_RESOURCES_NAMESPACE: withDefault(defaults.systemResourcesNamespace),
  ROTATION_GRACE_HOURS: withDefault(String(defaults.rotationGraceHours)),
  KUBECONFIG_SECRET_ID: withDefault(defaults.kubeconfigSecret),
  EKS_CLUSTER_NAME: optional,
  EKS_CLUSTER_ENDPOINT: optional,
  EKS_CLUSTER_CA: optional,
  VPC_ID: optional,
  SUBNET_IDS: list,
  SECURITY_GROUP_IDS: list,
  CLUSTER_SECURITY_GROUP_ID: optional,
  SECRETS_KEY_ARN: optional,
  ALARM_TOPIC_ARN: optional,
  MEMORY_SIZE: whole(defaults.memorySize),
  LOG_RETENTION_DAYS: whole(defaults.logRetentionDays),
  TRACING: v.pipe(withDefault('false'), v.picklist(['true', 'false'], 'must be true or false')),
  LOG_LEVEL: withDefault(defaults.logLevel),
});

type Read = v.InferOutput<typeof schema>;

/** The names of the settings. */
export const deploymentSettings = Object.keys(schema.entries);

/** Reads a deployment's settings by their names; `get` gives undefined or '' where one is not set. Raises `DeploymentError`. */
export function readDeployment(get: (name: string) => string | undefined): Deployment {
  const given = Object.fromEntries(deploymentSettings.map((name) => [name, get(name)]));
  const parsed = v.safeParse(schema, given);
  const faults = (parsed.issues ?? []).map((issue) => `${v.getDotPath(issue)} ${issue.message}`);
  if (!parsed.success) throw new DeploymentError(faults.join('; '));
  const read = parsed.output;
  faults.push(
    ...togetherFaults(read, ['EKS_CLUSTER_NAME', 'EKS_CLUSTER_ENDPOINT', 'EKS_CLUSTER_CA']),
    ...togetherFaults(read, ['DOMAIN_NAME', 'CERTIFICATE_ARN']),
    ...togetherFaults(read, ['VPC_ID', 'SUBNET_IDS']),
  );
  if (faults.length > 0) throw new DeploymentError(faults.join('; '));
  return {
    routes: read.ROUTES,
    receiverBaseUrl: read.RECEIVER_BASE_URL?.replace(/\/+$/, ''),
    domain: domainOf(read),
    secretNameTemplate: read.SECRET_NAME_TEMPLATE,
    systemResourcesNamespace: read.SYSTEM_RESOURCES_NAMESPACE,
    rotationGraceHours: read.ROTATION_GRACE_HOURS,
    cluster: clusterOf(read),
    network: networkOf(read),
    secretsKeyArn: read.SECRETS_KEY_ARN,
    alarmTopicArn: read.ALARM_TOPIC_ARN,
    memorySize: read.MEMORY_SIZE,
    logRetentionDays: read.LOG_RETENTION_DAYS,
    tracing: read.TRACING === 'true',
    logLevel: read.LOG_LEVEL,
  };
}

/** Gives the part of a secret name template before its first placeholder. */
export function secretPrefixOf(template: string): string {
  return template.split('{', 1)[0] ?? '';
}

function togetherFaults(read: Read, names: readonly (keyof Read)[]): string[] {
  const set = names.filter((name) => read[name] !== undefined && read[name].toString() !== '');
  return set.length === 0 || set.length === names.length ? [] : [`${names.join(', ')} must be set together`];
}

function clusterOf({
  EKS_CLUSTER_NAME: name,
  EKS_CLUSTER_ENDPOINT: endpoint,
  EKS_CLUSTER_CA: ca,
  ...read
}: Read): ClusterAccess {
  return name !== undefined && endpoint !== undefined && ca !== undefined
    ? { kind: 'eks', name, endpoint, ca }
    : { kind: 'kubeconfig-secret', secretId: read.KUBECONFIG_SECRET_ID };
}

function networkOf({ VPC_ID: vpcId, ...read }: Read): Network | undefined {
  return vpcId === undefined
    ? undefined
    : {
        vpcId,
        subnetIds: read.SUBNET_IDS,
        securityGroupIds: read.SECURITY_GROUP_IDS,
        clusterSecurityGroupId: read.CLUSTER_SECURITY_GROUP_ID,
      };
}

function domainOf({
  DOMAIN_NAME: domainName,
  CERTIFICATE_ARN: certificateArn,
  BASE_PATH: basePath,
}: Read): CustomDomain | undefined {
  return domainName === undefined || certificateArn === undefined
    ? undefined
    : { domainName, certificateArn, basePath };
}
