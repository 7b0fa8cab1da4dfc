import * as v from 'valibot';
import type { ClusterInspection } from '../../lib/adapters/kubernetes/cluster-inspection.ts';

/** Where Kargo's own programs run. */
export interface KargoInstallation {
  readonly namespace: string;
  readonly version: string | undefined;
}

/** The labels of Kargo's Helm chart. */
const SELECTOR = 'app.kubernetes.io%2Fname%3Dkargo';
const VERSION_LABEL = 'app.kubernetes.io/version';

const deployments = v.object({
  items: v.array(
    v.object({
      metadata: v.object({ namespace: v.string(), labels: v.optional(v.record(v.string(), v.string()), {}) }),
    }),
  ),
});

/** Finds Kargo by the labels of its Helm chart. Returns undefined where that is not possible. */
export async function findKargo(
  cluster: ClusterInspection,
  signal: AbortSignal,
): Promise<KargoInstallation | undefined> {
  const list = await cluster.read(`/apis/apps/v1/deployments?labelSelector=${SELECTOR}`, signal);
  if (list.kind !== 'found' || !v.is(deployments, list.content)) return undefined;
  const [deployment] = v.parse(deployments, list.content).items;
  if (deployment === undefined) return undefined;
  const { namespace, labels } = deployment.metadata;
  return { namespace, version: labels[VERSION_LABEL] };
}
