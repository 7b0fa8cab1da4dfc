import { Token } from 'aws-cdk-lib';
import { clusterAccessOf } from './cdk/cluster-access.ts';
import type { Deployment } from './deployment.ts';
import { readDeploymentSettings, type DeploymentSetting } from './deployment-settings.ts';
import type { KargoFrontDoorProps } from './front-door-props.ts';
import { values } from './values.ts';

/** What a construct's props say that needs no other construct. */
type Choices = Omit<Deployment, 'domain' | 'network' | 'secretsKeyArn' | 'alarmTopicArn'>;

/** Stands for a construct, where a setting would be its id. */
const GIVEN = 'given';

/** What the stack itself is made by, or what is part of a text that is. */
const KNOWN_NOW: ReadonlySet<DeploymentSetting> = new Set([
  'ROUTES',
  'SECRET_NAME_TEMPLATE',
  'ROTATION_GRACE_HOURS',
]);

/**
 * Gives what a team has chosen, or the defaults, held to the same rules as the settings in an environment. A value that is known only
 * when the stack is deployed is taken as it is. Raises `DeploymentError`, in the names of the props.
 */
export function choicesOf(props: KargoFrontDoorProps): Choices {
  const cluster = clusterAccessOf(props.cluster ?? { kubeconfigSecret: values.defaults.kubeconfigSecret });
  const given = settingsOf(props, cluster);
  const read = readDeploymentSettings({
    get: (name) => given[name][1]?.toString(),
    nameOf: (name) => given[name][0],
    isKnownLater: (name) => !KNOWN_NOW.has(name) && Token.isUnresolved(given[name][1]),
  });
  return {
    routes: read.ROUTES,
    receiverBaseUrl: laterOr(props.receiverBaseUrl, read.RECEIVER_BASE_URL),
    secretNameTemplate: read.SECRET_NAME_TEMPLATE,
    systemResourcesNamespace: laterOr(props.systemResourcesNamespace, read.SYSTEM_RESOURCES_NAMESPACE),
    rotationGraceHours: read.ROTATION_GRACE_HOURS,
    cluster,
    memorySize: laterOr(props.memorySize, read.MEMORY_SIZE),
    logRetentionDays: laterOr(props.logRetentionDays, read.LOG_RETENTION_DAYS),
    tracing: read.TRACING === 'true',
    logLevel: laterOr(props.logLevel, read.LOG_LEVEL),
  };
}

/** Gives each setting's prop and what it says. */
function settingsOf(
  props: KargoFrontDoorProps,
  cluster: Deployment['cluster'],
): Record<DeploymentSetting, readonly [prop: string, value: string | number | boolean | undefined]> {
  const { domain, secretPrefix } = props;
  const eks = cluster.kind === 'eks' ? cluster : undefined;
  return {
    ROUTES: ['routes', props.routes],
    RECEIVER_BASE_URL: ['receiverBaseUrl', props.receiverBaseUrl],
    DOMAIN_NAME: ['domain.domainName', domain?.domainName],
    CERTIFICATE_ARN: ['domain.certificate', domain && GIVEN],
    BASE_PATH: ['domain.basePath', domain?.basePath],
    SECRET_NAME_TEMPLATE: [
      'secretNameTemplate',
      props.secretNameTemplate ??
        (secretPrefix === undefined ? undefined : `${secretPrefix}{namespace}/{name}`),
    ],
    SYSTEM_RESOURCES_NAMESPACE: ['systemResourcesNamespace', props.systemResourcesNamespace],
    ROTATION_GRACE_HOURS: ['rotationGraceHours', props.rotationGraceHours],
    KUBECONFIG_SECRET_ID: ['cluster.kubeconfigSecret', eks ? undefined : GIVEN],
    EKS_CLUSTER_NAME: ['cluster.name', eks?.name],
    EKS_CLUSTER_ENDPOINT: ['cluster.endpoint', eks?.endpoint],
    EKS_CLUSTER_CA: ['cluster.ca', eks?.ca],
    VPC_ID: ['vpc', props.vpc && GIVEN],
    // A VPC has subnets of its own, but subnets need their VPC.
    SUBNET_IDS: ['subnets', (props.vpc ?? props.subnets) && GIVEN],
    SECURITY_GROUP_IDS: ['securityGroups', props.securityGroups && GIVEN],
    CLUSTER_SECURITY_GROUP_ID: ['clusterSecurityGroup', props.clusterSecurityGroup && GIVEN],
    SECRETS_KEY_ARN: ['secretsKey', props.secretsKey && GIVEN],
    ALARM_TOPIC_ARN: ['alarmTopic', props.alarmTopic && GIVEN],
    MEMORY_SIZE: ['memorySize', props.memorySize],
    LOG_RETENTION_DAYS: ['logRetentionDays', props.logRetentionDays],
    TRACING: ['tracing', props.tracing],
    LOG_LEVEL: ['logLevel', props.logLevel],
  };
}

function laterOr<Value, Read>(prop: Value | undefined, read: Read): Value | Read {
  return prop !== undefined && Token.isUnresolved(prop) ? prop : read;
}
