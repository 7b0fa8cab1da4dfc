import { Token } from 'aws-cdk-lib';
import {
  deploymentSettings,
  readDeploymentSettings,
  type DeploymentSetting,
  type DeploymentSettings,
} from './deployment-settings.ts';
import type { KargoFrontDoorProps } from './front-door-props.ts';

/** The value of a setting that is the id of a construct. */
const CONSTRUCT = Symbol('construct');

/** The settings that decide what is in the stack, or that are part of a text there. */
const KNOWN_NOW: ReadonlySet<DeploymentSetting> = new Set([
  'ROUTES',
  'SECRET_NAME_TEMPLATE',
  'ROTATION_GRACE_HOURS',
  'MAX_RECEIVERS_PER_PROJECT',
  'LOG_REMOVAL',
  'RETRY_QUEUE',
  'VPC_ENDPOINTS',
  'LIMIT_EGRESS',
  'CANARY',
  'RETRY_MAX_AGE_HOURS',
  'REDELIVERY_CONCURRENCY',
]);

/**
 * Reads the props of the construct as settings, by the same rules. A value that is known only when the stack is deployed is taken as it
 * is; where a prop is another construct, a setting of its id is undefined.
 *
 * @throws {DeploymentError} that names every fault, in the names of the props
 */
export function readProps(props: KargoFrontDoorProps): DeploymentSettings {
  const given = settingsOf(props);
  const isLater = (name: DeploymentSetting): boolean =>
    !KNOWN_NOW.has(name) && Token.isUnresolved(given[name][1]);
  const read = readDeploymentSettings({
    get: (name) => given[name][1]?.toString(),
    nameOf: (name) => given[name][0],
    isKnownLater: (name) => given[name][1] === CONSTRUCT || isLater(name),
  });
  const later = deploymentSettings.filter(isLater).map((name) => [name, given[name][1]]);
  return { ...read, ...(Object.fromEntries(later) as Partial<DeploymentSettings>) };
}

/** Returns each setting's prop and its value. */
function settingsOf(
  props: KargoFrontDoorProps,
): Record<DeploymentSetting, readonly [prop: string, value: string | number | boolean | symbol | undefined]> {
  const { domain, secretPrefix } = props;
  const template = secretPrefix === undefined ? undefined : `${secretPrefix}{namespace}/{name}`;
  const cluster = readCluster(props.cluster);
  return {
    ROUTES: ['routes', props.routes],
    RECEIVER_BASE_URL: ['receiverBaseUrl', props.receiverBaseUrl],
    DOMAIN_NAME: ['domain.domainName', domain?.domainName],
    CERTIFICATE_ARN: ['domain.certificate', domain && CONSTRUCT],
    BASE_PATH: ['domain.basePath', domain?.basePath],
    SECRET_NAME_TEMPLATE: ['secretNameTemplate', props.secretNameTemplate ?? template],
    SYSTEM_RESOURCES_NAMESPACE: ['systemResourcesNamespace', props.systemResourcesNamespace],
    ROTATION_GRACE_HOURS: ['rotationGraceHours', props.rotationGraceHours],
    MAX_RECEIVERS_PER_PROJECT: ['maxReceiversPerProject', props.maxReceiversPerProject],
    PROJECTS: ['projects', props.projects?.join(',')],
    DRY_RUN: ['dryRun', props.dryRun],
    KUBECONFIG_SECRET_ID: ['cluster.kubeconfigSecret', cluster.kubeconfigSecret],
    EKS_CLUSTER_NAME: ['cluster.name', cluster.name],
    EKS_CLUSTER_ENDPOINT: ['cluster.endpoint', cluster.endpoint],
    EKS_CLUSTER_CA: ['cluster.ca', cluster.ca],
    CARGOMAN_URL: ['registry.url', props.registry?.url],
    CARGOMAN_TOKEN_SECRET_ID: ['registry.tokenSecret', props.registry?.tokenSecret],
    BITBUCKET_WEBHOOK_SECRET_ID: ['registry.webhookSecret', props.registry?.webhookSecret],
    BITBUCKET_URL: ['registry.bitbucketUrl', props.registry?.bitbucketUrl],
    BITBUCKET_CREDENTIALS_SECRET_ID: ['bitbucket.credentialsSecret', props.bitbucket?.credentialsSecret],
    BITBUCKET_CLOUD_API_URL: ['bitbucket.cloudApiUrl', props.bitbucket?.cloudApiUrl],
    CHANGED_FILES: ['bitbucket.changedFiles', props.bitbucket?.changedFiles],
    VPC_ID: ['vpc', props.vpc && CONSTRUCT],
    // A VPC has subnets of its own, but subnets need their VPC.
    SUBNET_IDS: ['subnets', (props.vpc ?? props.subnets) && CONSTRUCT],
    SECURITY_GROUP_IDS: ['securityGroups', props.securityGroups && CONSTRUCT],
    CLUSTER_SECURITY_GROUP_ID: ['clusterSecurityGroup', props.clusterSecurityGroup && CONSTRUCT],
    VPC_ENDPOINTS: ['vpcEndpoints', props.vpcEndpoints],
    LIMIT_EGRESS: ['limitEgress', props.limitEgress],
    EGRESS_CIDRS: ['egressCidrs', props.egressCidrs?.join(',')],
    CANARY: ['canary', props.canary],
    SECRETS_KEY_ARN: ['secretsKey', props.secretsKey?.keyArn],
    ALARM_TOPIC_ARN: ['alarmTopic', props.alarmTopic?.topicArn],
    MEMORY_SIZE: ['memorySize', props.memorySize],
    RECEIVER_CONCURRENCY: ['concurrency.receiver', props.concurrency?.receiver],
    RECONCILER_CONCURRENCY: ['concurrency.reconciler', props.concurrency?.reconciler],
    REDELIVERY_CONCURRENCY: ['concurrency.redelivery', props.concurrency?.redelivery],
    RETRY_QUEUE: ['retryQueue', props.retryQueue],
    RETRY_MAX_AGE_HOURS: ['retryMaxAgeHours', props.retryMaxAgeHours],
    QUEUE_KEY_ARN: ['queueKey', props.queueKey?.keyArn],
    REGISTRAR_CONCURRENCY: ['concurrency.registrar', props.concurrency?.registrar],
    LOG_RETENTION_DAYS: ['logRetentionDays', props.logRetentionDays],
    LOG_REMOVAL: ['logRemoval', props.logRemoval],
    LOGS_KEY_ARN: ['logsKey', props.logsKey?.keyArn],
    TAGS: [
      'tags',
      props.tags &&
        Object.entries(props.tags)
          .map(([key, value]) => `${key}=${value}`)
          .join(','),
    ],
    PERMISSIONS_BOUNDARY_ARN: ['permissionsBoundary', props.permissionsBoundary?.managedPolicyArn],
    TRACING: ['tracing', props.tracing],
    LOG_LEVEL: ['logLevel', props.logLevel],
  };
}

/** Reads a cluster in any of its forms. */
function readCluster(
  cluster: KargoFrontDoorProps['cluster'],
): Partial<Record<'kubeconfigSecret' | 'name' | 'endpoint' | 'ca', string>> {
  if (cluster === undefined || !('clusterName' in cluster)) return cluster ?? {};
  const { clusterName: name, clusterEndpoint: endpoint, clusterCertificateAuthorityData: ca } = cluster;
  return { name, endpoint, ca };
}
