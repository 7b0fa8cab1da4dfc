import { readKubeconfig } from '../../lib/adapters/kubernetes/kubeconfig.ts';
import { FUNCTION_NAMES } from '../../lib/functions.ts';
import { loopbackKubeconfig, readChosenCluster } from '../../local/chosen-cluster.ts';
import { localEnvironment, type LocalSettings } from '../../local/local-settings.ts';
import type { InstallationSource } from './installation.ts';

/** What `npm start` serves. */
export function localInstallation(settings: LocalSettings, context: string | undefined): InstallationSource {
  const chosen = readChosenCluster(settings, context === undefined ? [] : ['--cluster', context]);
  const fake = loopbackKubeconfig(`http://127.0.0.1:${settings.clusterPort}`, 'none');
  const kubeconfig = chosen?.kubeconfig ?? fake;
  const environment = { ...localEnvironment(settings, process.env), KUBECONFIG: 'that of the local run' };
  return {
    name: 'the local run',
    deployment: undefined,
    environments: async () => new Map(FUNCTION_NAMES.map((name) => [name, environment])),
    clusterCredentials: () => async (signal) => ({
      endpoint: await readKubeconfig(kubeconfig.exportConfig(), 'the kubeconfig', signal),
    }),
    areFunctionsOwn: () => true,
  };
}
