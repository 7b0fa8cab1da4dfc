import pLimit from 'p-limit';
import type { KubernetesObject } from '../local/fakes/kubernetes/fake-kubernetes.ts';
import { callApi } from '../tests/cluster/api-client.ts';
import { startClusterTestbed, type ClusterTestbed } from '../tests/cluster/functions/cluster-testbed.ts';
import { bitbucket, clusterConfig } from '../tests/support/kargo-objects.ts';
import { projectName, sampleProjects, sampleWarehouses, type SampleSize } from './sample-objects.ts';

/** Concurrent requests: enough to keep the API server busy. */
const CONCURRENCY = 32;

/** Starts a real cluster API and creates the sample objects in it. */
export async function startFilledCluster(size: SampleSize): Promise<ClusterTestbed> {
  const namespaces = [
    'kargo-system-resources',
    ...Array.from({ length: size.projects }, (_, i) => projectName(i)),
  ];
  const testbed = await startClusterTestbed({
    secrets: Object.fromEntries(namespaces.map((name) => [`kargo/${name}/bitbucket`, 's3cret'])),
  });
  const create = pLimit(CONCURRENCY);
  const creating = (objects: readonly KubernetesObject[]): Promise<void> =>
    create(() => testbed.objects.create(...objects));
  await Promise.all(Array.from(sampleProjects(size), creating));
  await Promise.all(Array.from(sampleWarehouses(size), (warehouse) => creating([warehouse])));
  await testbed.objects.create(clusterConfig([bitbucket('bb')]));
  return testbed;
}

/** Measures the mean size of a Warehouse in the API's answers, in bytes. */
export async function warehouseBytes(testbed: ClusterTestbed): Promise<number> {
  const path = '/apis/kargo.akuity.io/v1alpha1/warehouses?limit=50';
  const { text, body } = await callApi(testbed.as(), { path });
  return Math.round(text.length / (body.items?.length ?? 0));
}
