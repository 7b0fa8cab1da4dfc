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

/** Returns a fault for each setting that is set without another one that it needs. */
export function findRelationFaults({ isSet, nameOf }: SettingLookup): string[] {
  return [
    ...TOGETHER.filter((names) => names.some(isSet) && !names.every(isSet)).map(
      (names) => `${names.map(nameOf).join(', ')} must be set together`,
    ),
    ...NEEDS.filter(([name, other]) => isSet(name) && !isSet(other)).map(
      ([name, other]) => `${nameOf(name)} needs ${nameOf(other)}`,
    ),
  ];
}
