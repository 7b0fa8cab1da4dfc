import { readFile } from 'node:fs/promises';
import { KubeConfig } from '@kubernetes/client-node';
import { Unavailable } from '../app/unavailable.ts';
import type { SecretsManager } from './secrets-manager.ts';
import type { ClusterSettings } from './settings.ts';

/** Gives a kubeconfig, anew at each call: tokens in it end, and the next one has others. Raises `Unavailable` where its source is away. */
export type ClusterCredentials = (signal: AbortSignal) => Promise<KubeConfig>;

/** Makes the credentials that the settings name. */
export function clusterCredentials(settings: ClusterSettings, store: SecretsManager): ClusterCredentials {
  switch (settings.kind) {
    case 'kubeconfig-file':
      return async (signal) =>
        parseKubeconfig(await readFile(settings.path, { encoding: 'utf8', signal }), settings.path);
    case 'kubeconfig-secret':
      return async (signal) => {
        const reading = await store.read(settings.secretId, 'AWSCURRENT', signal);
        if (reading.kind === 'fault')
          throw new Unavailable('cluster API not configured', { detail: reading.reason });
        return parseKubeconfig(reading.version.text ?? '', settings.secretId);
      };
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
