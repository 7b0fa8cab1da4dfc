import { readFile } from 'node:fs/promises';
import { KubeConfig } from '@kubernetes/client-node';
import { RetryableError } from '../../app/errors.ts';
import type { ClusterCredentials } from './cluster-access.ts';
import { eksCredentials } from './eks-credentials.ts';
import type { SecretsManager } from '../aws/secrets-manager.ts';
import type { ClusterSettings } from '../settings/settings.ts';

/** Makes the credentials that the settings name. */
export function clusterCredentials(settings: ClusterSettings, store: SecretsManager): ClusterCredentials {
  switch (settings.kind) {
    case 'kubeconfig-file':
      return async (signal) => {
        const text = await readFile(settings.path, { encoding: 'utf8', signal });
        return { kubeconfig: parseKubeconfig(text, settings.path) };
      };
    case 'kubeconfig-secret':
      return async (signal) => {
        const reading = await store.read(settings.secretId, 'AWSCURRENT', signal);
        if (reading.kind === 'fault')
          throw new RetryableError('cluster API not configured', { detail: reading.reason });
        return { kubeconfig: parseKubeconfig(reading.version.text ?? '', settings.secretId) };
      };
    case 'eks':
      return eksCredentials(settings);
  }
}

/** Reads a kubeconfig; `source` names it in errors. Raises an error where it is none or its current context names no cluster. */
export function parseKubeconfig(text: string, source: string): KubeConfig {
  const kubeconfig = new KubeConfig();
  try {
    kubeconfig.loadFromString(text);
  } catch (cause) {
    throw new Error(`${source} holds no kubeconfig`, { cause });
  }
  if (kubeconfig.getCurrentCluster() === null)
    throw new Error(`the current context of ${source} names no cluster`);
  return kubeconfig;
}
