import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { defaultProvider } from '@aws-sdk/credential-provider-node';
import { RetryableError } from '../../app/errors.ts';
import { EKS_TOKEN_LIFETIME_MS, presignEksToken } from '../aws/eks-token.ts';
import type { SecretsManager } from '../aws/secrets-manager.ts';
import type { ClusterSettings, EksSettings } from '../settings/settings.ts';
import type { ClusterEndpoint } from './cluster-pool.ts';
import { readKubeconfig } from './kubeconfig.ts';
import { restrictKubeconfig } from './secret-kubeconfig.ts';

/** Address of the cluster API, and credentials for it. */
interface ClusterAccess {
  readonly endpoint: ClusterEndpoint;
  /** When to renew the credentials; undefined where their expiry is unknown. */
  readonly renewAt?: Date;
}

/**
 * Reads the credentials. Nothing is cached.
 *
 * @throws {RetryableError} where their source is unavailable
 * @throws {Error} where they cannot be used
 */
export type ClusterCredentials = (signal: AbortSignal) => Promise<ClusterAccess>;

/** EKS tokens are renewed this long before they expire, so that none expires during a request. */
const RENEW_BEFORE_EXPIRY_MS = 2 * 60_000;

/** Creates the reader of the credentials that the settings select. */
export function clusterCredentials(
  settings: ClusterSettings,
  store: Pick<SecretsManager, 'read'>,
): ClusterCredentials {
  switch (settings.kind) {
    case 'kubeconfig-file':
      return async (signal) => {
        const text = await readFile(settings.path, { encoding: 'utf8', signal });
        const folder = dirname(settings.path);
        return { endpoint: await readKubeconfig(text, `file "${settings.path}"`, signal, folder) };
      };
    case 'kubeconfig-secret':
      return async (signal) => {
        const reading = await store.read(settings.secretId, 'AWSCURRENT', signal);
        if (reading.kind === 'fault') throw new Error(reading.reason);
        const source = `secret "${settings.secretId}"`;
        const text = restrictKubeconfig(reading.version.text ?? '', source);
        return { endpoint: await readKubeconfig(text, source, signal) };
      };
    case 'eks':
      return eksCredentials(settings);
    default:
      return settings satisfies never;
  }
}

/** Reads the credentials of the function's role for an EKS cluster; the cluster's certificate is always verified. */
function eksCredentials({ name, endpoint: server, ca, region }: EksSettings): ClusterCredentials {
  const roleCredentials = defaultProvider();
  return async () => {
    const now = new Date();
    const credentials = await roleCredentials().catch((cause: unknown) => {
      throw new RetryableError('cluster API not configured', {
        cause,
        detail: 'the role has no credentials',
      });
    });
    const token = await presignEksToken({ clusterName: name, region, credentials, now });
    const endpoint = {
      server: new URL(server),
      tls: { ca: Buffer.from(ca, 'base64'), rejectUnauthorized: true },
      headers: { authorization: `Bearer ${token}` },
    };
    return { endpoint, renewAt: new Date(now.getTime() + EKS_TOKEN_LIFETIME_MS - RENEW_BEFORE_EXPIRY_MS) };
  };
}
