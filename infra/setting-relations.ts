import type { DeploymentSetting } from './deployment-settings.ts';

/** Settings that have no effect without all of the others. */
const TOGETHER: readonly (readonly DeploymentSetting[])[] = [
  ['EKS_CLUSTER_NAME', 'EKS_CLUSTER_ENDPOINT', 'EKS_CLUSTER_CA'],
  ['DOMAIN_NAME', 'CERTIFICATE_ARN'],
  ['VPC_ID', 'SUBNET_IDS'],
];

/** Settings that have no effect without the other. */
const NEEDS: readonly (readonly [DeploymentSetting, DeploymentSetting])[] = [
  ['BASE_PATH', 'DOMAIN_NAME'],
  ['BITBUCKET_CLOUD_API_URL', 'BITBUCKET_CREDENTIALS_SECRET_ID'],
  ['CHANGED_FILES', 'BITBUCKET_CREDENTIALS_SECRET_ID'],
  ['SECURITY_GROUP_IDS', 'VPC_ID'],
  ['CLUSTER_SECURITY_GROUP_ID', 'VPC_ID'],
  ['VPC_ENDPOINTS', 'VPC_ID'],
  ['LIMIT_EGRESS', 'VPC_ENDPOINTS'],
  ['EGRESS_CIDRS', 'LIMIT_EGRESS'],
  ['CARGOMAN_TOKEN_SECRET_ID', 'CARGOMAN_URL'],
  ['BITBUCKET_WEBHOOK_SECRET_ID', 'CARGOMAN_URL'],
  ['BITBUCKET_URL', 'CARGOMAN_URL'],
];

/** How settings are looked up. */
export interface SettingLookup {
  readonly isSet: (name: DeploymentSetting) => boolean;
  /** Returns the name of a setting in its source. */
  readonly nameOf: (name: DeploymentSetting) => string;
}

/** Returns a fault for each setting that is set without another one that it needs, or with one that it excludes. */
export function findRelationFaults(lookup: SettingLookup): string[] {
  const { isSet, nameOf } = lookup;
  return [
    ...TOGETHER.filter((names) => names.some(isSet) && !names.every(isSet)).map(
      (names) => `${names.map(nameOf).join(', ')} must be set together`,
    ),
    ...NEEDS.filter(([name, other]) => isSet(name) && !isSet(other)).map(
      ([name, other]) => `${nameOf(name)} needs ${nameOf(other)}`,
    ),
    ...(lookup.isSet('LIMIT_EGRESS') ? findEgressFaults(lookup) : []),
  ];
}

/** Returns why outbound calls cannot be limited: the stack must own the rules, and know where everything is that is called. */
function findEgressFaults({ isSet, nameOf }: SettingLookup): string[] {
  const [limit, ranges] = [nameOf('LIMIT_EGRESS'), nameOf('EGRESS_CIDRS')];
  const hasCluster = isSet('KUBECONFIG_SECRET_ID') || isSet('EKS_CLUSTER_NAME') || !isSet('CARGOMAN_URL');
  const elsewhere = (['CARGOMAN_URL', 'BITBUCKET_CREDENTIALS_SECRET_ID'] as const).filter(isSet);
  return [
    ...(isSet('SECURITY_GROUP_IDS')
      ? [
          `${limit} cannot be set with ${nameOf('SECURITY_GROUP_IDS')}: it limits the group that the stack makes, and the rules of your own are yours`,
        ]
      : []),
    ...(hasCluster && !isSet('CLUSTER_SECURITY_GROUP_ID') && !isSet('EGRESS_CIDRS')
      ? [`${limit} needs ${nameOf('CLUSTER_SECURITY_GROUP_ID')} or ${ranges}: where the cluster API is`]
      : []),
    ...(isSet('EGRESS_CIDRS')
      ? []
      : elsewhere.map((name) => `${limit} with ${nameOf(name)} needs ${ranges}: where that server is`)),
  ];
}
