import { readDeploymentSettings, type DeploymentSettings } from './deployment-settings.ts';

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

/** Reads a deployment's settings by their names; `get` gives undefined or '' where one is not set. Raises `DeploymentError`. */
export function readDeployment(get: (name: string) => string | undefined): Deployment {
  const read = readDeploymentSettings({ get });
  return {
    routes: read.ROUTES,
    receiverBaseUrl: read.RECEIVER_BASE_URL,
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

function clusterOf({
  EKS_CLUSTER_NAME: name,
  EKS_CLUSTER_ENDPOINT: endpoint,
  EKS_CLUSTER_CA: ca,
  ...read
}: DeploymentSettings): ClusterAccess {
  return name !== undefined && endpoint !== undefined && ca !== undefined
    ? { kind: 'eks', name, endpoint, ca }
    : { kind: 'kubeconfig-secret', secretId: read.KUBECONFIG_SECRET_ID };
}

function networkOf({ VPC_ID: vpcId, ...read }: DeploymentSettings): Network | undefined {
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
}: DeploymentSettings): CustomDomain | undefined {
  return domainName === undefined || certificateArn === undefined
    ? undefined
    : { domainName, certificateArn, basePath };
}
