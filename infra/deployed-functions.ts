import { FUNCTION_NAMES, type FunctionName } from '../lib/functions.ts';
import type { DeploymentSettings } from './deployment-settings.ts';

/** Returns the functions that a deployment has. Both tools bundle the others too, and do not deploy them. */
export function deployedFunctions(settings: DeploymentSettings): FunctionName[] {
  return FUNCTION_NAMES.filter((name) => isDeployed(name, settings));
}

/** Returns whether the deployment has a cluster, so that Kargo is one of its targets. */
export function hasCluster({ KUBECONFIG_SECRET_ID, EKS_CLUSTER_NAME }: DeploymentSettings): boolean {
  return KUBECONFIG_SECRET_ID !== undefined || EKS_CLUSTER_NAME !== undefined;
}

/** Returns whether the deployment has a package registry. */
export function hasRegistry({ CARGOMAN_URL }: DeploymentSettings): boolean {
  return CARGOMAN_URL !== undefined;
}

function isDeployed(name: FunctionName, settings: DeploymentSettings): boolean {
  switch (name) {
    case 'receiver':
      return true;
    case 'reconciler':
      return hasCluster(settings);
    case 'redelivery':
      return settings.RETRY_QUEUE === 'true';
    case 'registrar':
      return hasCluster(settings) && settings.BITBUCKET_CREDENTIALS_SECRET_ID !== undefined;
    default:
      return name satisfies never;
  }
}
