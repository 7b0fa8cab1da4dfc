import * as v from 'valibot';
import {
  baseUrlRule,
  bitbucketUrlRule,
  clusterCaRule,
  clusterEndpointRule,
  findTemplateConflict,
  hoursRule,
  namespaceRule,
  projectsRule,
  receiverLimitRule,
  registryUrlRule,
  retryHoursRule,
  secretNameTemplateRule,
  secureUrlRule,
  SYSTEM_SECRET_SETTINGS,
} from '../lib/adapters/settings/setting-rules.ts';
import { fixedPrefixOf } from '../lib/adapters/aws/secret-ids.ts';
import { FUNCTIONS } from '../lib/functions.ts';
import { DEFAULTS } from './constants.ts';
import { findRelationFaults } from './setting-relations.ts';
import { arn, choice, flag, ifSet, KEY, listOf, text, wholeNumber, withDefault } from './setting-kinds.ts';

/** Settings that cannot be deployed. The message names every fault. */
export class DeploymentError extends Error {
  override readonly name = 'DeploymentError';
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(faults.join('; '));
    this.faults = faults;
  }
}

/** The levels of Powertools' logger, which silently ignores any other. */
const LOG_LEVELS = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'CRITICAL', 'SILENT'] as const;

/** The days that CloudWatch Logs takes (its API's `PutRetentionPolicy`). */
const RETENTION_DAYS =
  '1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653';

/** Ids of EC2 end with 8 or 17 hexadecimal digits. */
const idOf = (kind: string): RegExp => new RegExp(`^${kind}-[0-9a-f]{8}([0-9a-f]{9})?$`);

/** A range of IPv4 addresses; less than 8 fixed bits would be no limit. */
const IPV4_RANGE = /^((25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(25[0-5]|2[0-4]\d|1?\d?\d)\/([89]|[12]\d|3[0-2])$/;

/** A secret in Secrets Manager. */
const secretId = text(
  /^(arn:aws[a-z-]*:secretsmanager:[\w-]+:\d{12}:secret:)?[\w/+=.@-]+$/,
  'must be the name or the ARN of a secret in Secrets Manager',
);

/** The rule of each setting. */
export const deploymentSchema = v.object({
  ROUTES: choice(DEFAULTS.routes, ['per-receiver', 'shared'], 'must be per-receiver or shared'),
  RECEIVER_BASE_URL: ifSet(
    v.pipe(
      baseUrlRule,
      v.transform(({ origin, path }) => `${origin}${path}`.replace(/\/+$/, '')),
    ),
  ),
  DOMAIN_NAME: text(
    /^(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)+$/i,
    'must be a domain name, such as hooks.example.com',
  ),
  CERTIFICATE_ARN: arn(String.raw`acm:[\w-]+:\d{12}:certificate/\S+$`, 'a certificate in ACM'),
  BASE_PATH: v.pipe(
    withDefault(''),
    v.transform((path) => path.replaceAll(/^\/+|\/+$/g, '')),
    // Valid in a URL of a receiver as well as in a mapping of API Gateway.
    v.regex(/^([\w.-]+(\/[\w.-]+)*)?$/, 'must be a path of letters, digits, ".", "_" and "-"'),
  ),
  SECRET_NAME_TEMPLATE: v.pipe(
    withDefault(DEFAULTS.secretNameTemplate),
    secretNameTemplateRule,
    v.check(
      (template) => fixedPrefixOf(template) !== '',
      'must begin with a fixed part, to which the roles are confined',
    ),
  ),
  SYSTEM_RESOURCES_NAMESPACE: v.pipe(withDefault(DEFAULTS.systemResourcesNamespace), namespaceRule),
  ROTATION_GRACE_HOURS: v.pipe(withDefault(DEFAULTS.rotationGraceHours), hoursRule),
  MAX_RECEIVERS_PER_PROJECT: v.pipe(withDefault(DEFAULTS.maxReceiversPerProject), receiverLimitRule),
  PROJECTS: v.pipe(
    withDefault(''),
    projectsRule,
    v.transform((projects) => projects ?? []),
  ),
  DRY_RUN: flag,
  /** The default holds where there is neither an EKS cluster, which would win, nor a package registry, which needs no cluster. */
  KUBECONFIG_SECRET_ID: secretId,
  EKS_CLUSTER_NAME: text(/^[0-9A-Za-z][\w-]{0,99}$/, 'must be the name of an EKS cluster'),
  EKS_CLUSTER_ENDPOINT: ifSet(clusterEndpointRule),
  EKS_CLUSTER_CA: ifSet(clusterCaRule),
  CARGOMAN_URL: ifSet(registryUrlRule),
  CARGOMAN_TOKEN_SECRET_ID: secretId,
  BITBUCKET_WEBHOOK_SECRET_ID: secretId,
  BITBUCKET_URL: ifSet(bitbucketUrlRule),
  BITBUCKET_CREDENTIALS_SECRET_ID: secretId,
  BITBUCKET_CLOUD_API_URL: ifSet(secureUrlRule),
  CHANGED_FILES: flag,
  VPC_ID: text(idOf('vpc'), 'must be the id of a VPC, such as vpc-0123456789abcdef0'),
  SUBNET_IDS: listOf(
    idOf('subnet'),
    'must be ids of subnets, such as subnet-0123456789abcdef0, separated by commas',
  ),
  SECURITY_GROUP_IDS: listOf(
    idOf('sg'),
    'must be ids of security groups, such as sg-0123456789abcdef0, separated by commas',
  ),
  CLUSTER_SECURITY_GROUP_ID: text(
    idOf('sg'),
    'must be the id of a security group, such as sg-0123456789abcdef0',
  ),
  VPC_ENDPOINTS: choice(
    DEFAULTS.vpcEndpoints,
    ['false', 'true', 'private-dns'],
    'must be true, private-dns or false',
  ),
  LIMIT_EGRESS: flag,
  EGRESS_CIDRS: listOf(
    IPV4_RANGE,
    'must be ranges of IPv4 addresses with at least 8 fixed bits, such as 10.0.0.0/16, separated by commas',
  ),
  CANARY: choice(DEFAULTS.canary, [
    '10percent5minutes',
    '10percent10minutes',
    '10percent15minutes',
    '10percent30minutes',
    'false',
  ]),
  SECRETS_KEY_ARN: arn(KEY, 'a KMS key'),
  ALARM_TOPIC_ARN: arn(String.raw`sns:[\w-]+:\d{12}:[\w.-]+$`, 'an SNS topic'),
  /** The limits of Lambda. */
  MEMORY_SIZE: wholeNumber(DEFAULTS.memorySize, { min: 128, max: 10_240 }),
  /** 0 reserves none. */
  RECEIVER_CONCURRENCY: wholeNumber(FUNCTIONS.receiver.concurrency),
  RECONCILER_CONCURRENCY: wholeNumber(FUNCTIONS.reconciler.concurrency),
  REDELIVERY_CONCURRENCY: v.pipe(
    wholeNumber(FUNCTIONS.redelivery.concurrency),
    v.check((concurrency) => concurrency !== 1, 'must be 0, or at least 2, which is the minimum for a queue'),
  ),
  RETRY_QUEUE: choice(DEFAULTS.retryQueue, ['true', 'false'], 'must be true or false'),
  RETRY_MAX_AGE_HOURS: v.pipe(withDefault(DEFAULTS.retryMaxAgeHours), retryHoursRule),
  QUEUE_KEY_ARN: arn(KEY, 'a KMS key'),
  REGISTRAR_CONCURRENCY: wholeNumber(FUNCTIONS.registrar.concurrency),
  LOG_RETENTION_DAYS: v.pipe(
    choice(String(DEFAULTS.logRetentionDays), RETENTION_DAYS.split(', ')),
    v.transform(Number),
  ),
  LOG_REMOVAL: choice(DEFAULTS.logRemoval, ['retain', 'destroy'], 'must be retain or destroy'),
  LOGS_KEY_ARN: arn(KEY, 'a KMS key'),
  TAGS: listOf(
    /^[\w .:/+@-]{1,128}=[\w .:/=+@-]{0,256}$/,
    'must be tags, such as team=platform, separated by commas',
  ),
  PERMISSIONS_BOUNDARY_ARN: arn(String.raw`iam::(\d{12}|aws):policy/\S+$`, 'a managed policy'),
  TRACING: flag,
  LOG_LEVEL: choice(DEFAULTS.logLevel, LOG_LEVELS),
});

/** The settings of a deployment, each valid in itself and with the others. */
export type DeploymentSettings = v.InferOutput<typeof deploymentSchema>;

export type DeploymentSetting = keyof DeploymentSettings;

/** The names of the settings. */
export const deploymentSettings = Object.keys(deploymentSchema.entries) as DeploymentSetting[];

/** The source of settings. */
export interface SettingsSource {
  /** Returns undefined or '' where a setting is not set. */
  readonly get: (name: DeploymentSetting) => string | undefined;
  /** Returns the name of a setting in the source. Default: its name. */
  readonly nameOf?: (name: DeploymentSetting) => string;
  /** Is true for a setting whose value is known only at the deployment: it counts as set, is not checked, and reads as not set. */
  readonly isKnownLater?: (name: DeploymentSetting) => boolean;
}

/**
 * Reads and validates the settings of a deployment.
 *
 * @throws {DeploymentError} that names every fault
 */
export function readDeploymentSettings({
  get,
  nameOf = (name) => name,
  isKnownLater = () => false,
}: SettingsSource): DeploymentSettings {
  const given: Partial<Record<DeploymentSetting, string | undefined>> = Object.fromEntries(
    deploymentSettings.filter((name) => !isKnownLater(name)).map((name) => [name, get(name)]),
  );
  const parsed = v.safeParse(deploymentSchema, given);
  // A list of nothing is not set, the path "/" is no path, and a switch that is off needs nothing.
  const isSet = (name: DeploymentSetting): boolean =>
    isKnownLater(name) || (/[^\s,/]/.test(given[name] ?? '') && given[name] !== 'false');
  const template = given.SECRET_NAME_TEMPLATE || DEFAULTS.secretNameTemplate;
  // A template without a fixed part is rejected by the schema.
  const conflict =
    fixedPrefixOf(template) &&
    findTemplateConflict(
      template,
      SYSTEM_SECRET_SETTINGS.map((name) => given[name]),
    );
  const faults = [
    ...(conflict ? [`${nameOf('SECRET_NAME_TEMPLATE')} ${conflict}`] : []),
    ...(parsed.issues ?? []).map(
      (issue) => `${nameOf(v.getDotPath(issue) as DeploymentSetting)} ${issue.message}`,
    ),
    ...findRelationFaults({ isSet, nameOf }),
  ];
  if (!parsed.success || faults.length > 0) throw new DeploymentError(faults);
  const { KUBECONFIG_SECRET_ID: kubeconfig = isSet('CARGOMAN_URL') ? undefined : DEFAULTS.kubeconfigSecret } =
    parsed.output;
  return { ...parsed.output, KUBECONFIG_SECRET_ID: isSet('EKS_CLUSTER_NAME') ? undefined : kubeconfig };
}
