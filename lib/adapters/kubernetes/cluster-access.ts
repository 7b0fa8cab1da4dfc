import type { KubeConfig } from '@kubernetes/client-node';

/** How to reach the cluster and be let in, for a while. */
export interface ClusterAccess {
  readonly kubeconfig: KubeConfig;
  /** When new access must be asked for; undefined where only the cluster can tell. */
  readonly renewAt?: Date;
}

/** Gives access, anew at each call. Raises `RetryableError` where its source is away. */
export type ClusterCredentials = (signal: AbortSignal) => Promise<ClusterAccess>;
