import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import {
  clusterCredentials,
  type ClusterCredentials,
} from '../../lib/adapters/kubernetes/cluster-credentials.ts';
import { readKubeconfig } from '../../lib/adapters/kubernetes/kubeconfig.ts';
import { FUNCTION_NAMES } from '../../lib/functions.ts';
import type { Deployment, InstallationSource } from './installation.ts';

/**
 * A deployment in AWS.
 *
 * @param context - of the kubeconfig, with the rights of whoever runs this; undefined to reach the cluster as the functions' settings say
 */
export function deployedInstallation(
  deployment: Deployment,
  context: string | undefined,
): InstallationSource {
  return {
    name: deployment.name,
    deployment,
    environments: async (signal) => {
      const region = await deployment.region();
      const found = await Promise.all(
        FUNCTION_NAMES.map(async (name) => [name, await deployment.environmentOf(name, signal)] as const),
      );
      // Lambda itself sets the region.
      return new Map(
        found.flatMap(([name, set]) => (set === undefined ? [] : [[name, { AWS_REGION: region, ...set }]])),
      );
    },
    clusterCredentials: (cluster, store) =>
      context === undefined ? clusterCredentials(cluster, store) : contextCredentials(context),
    areFunctionsOwn: (cluster) => context === undefined && cluster.kind === 'kubeconfig-secret',
  };
}

/** Reads the kubeconfig of whoever runs this, with another current context. */
function contextCredentials(context: string): ClusterCredentials {
  const path = process.env['KUBECONFIG'] || join(homedir(), '.kube', 'config');
  return async (signal) => {
    const kubeconfig = { ...(parse(await readFile(path, 'utf8')) as object), 'current-context': context };
    const source = `context "${context}" of ${path}`;
    return { endpoint: await readKubeconfig(stringify(kubeconfig), source, signal) };
  };
}
