import { defaultProvider } from '@aws-sdk/credential-provider-node';
import { KubeConfig } from '@kubernetes/client-node';
import { RetryableError } from '../../app/errors.ts';
import type { ClusterCredentials } from './cluster-access.ts';
import { EKS_TOKEN_LIFETIME_MS, presignEksToken } from '../aws/eks-token.ts';
import type { EksSettings } from '../settings/settings.ts';

/** Renewed this long before its end, so that no request is on its way with a token that has just ended. */
const RENEWED_BEFORE_END_MS = 2 * 60_000;

/** Gives access to an EKS cluster with the function's own role; the cluster's CA is checked, always. */
export function eksCredentials({ name, endpoint, ca, region }: EksSettings): ClusterCredentials {
  const roleCredentials = defaultProvider();
  return async () => {
    const now = new Date();
    const credentials = await roleCredentials().catch((cause: unknown) => {
      throw new RetryableError('cluster API not configured', {
        cause,
        detail: 'the role gives no credentials',
      });
    });
    const token = await presignEksToken({ clusterName: name, region, credentials, now });
    const kubeconfig = new KubeConfig();
    kubeconfig.loadFromClusterAndUser(
      { name, server: endpoint, caData: ca, skipTLSVerify: false },
      { name: 'role', token },
    );
    return { kubeconfig, renewAt: new Date(now.getTime() + EKS_TOKEN_LIFETIME_MS - RENEWED_BEFORE_END_MS) };
  };
}
