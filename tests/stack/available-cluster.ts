import { startFakeKubernetes } from '../../local/fakes/kubernetes/fake-kubernetes.ts';
import type { FunctionName } from '../../lib/functions.ts';
import { callApi, type ApiTarget } from '../cluster/api-client.ts';
import { findOrBuildBinaries } from '../cluster/binaries.ts';
import { applyRbacManifests } from '../cluster/functions/manifests.ts';
import {
  bindRole,
  createServiceAccount,
  NAMESPACE,
  requestToken,
} from '../cluster/functions/service-account.ts';
import { until } from '../cluster/functions/until.ts';
import { namespace } from '../support/kargo-objects.ts';
import { kubeconfigOf } from '../cluster/kubeconfig.ts';
import { LoopbackProxy } from '../support/loopback-proxy.ts';
import { startRealCluster } from '../cluster/real-cluster.ts';

/** With the one kubeconfig of a stack, all functions act as this ServiceAccount. */
const ACCOUNT = 'kargo-front-door-receiver';

/** A cluster API to deploy against. */
export interface AvailableCluster {
  /** With the administrator's credentials. */
  readonly target: ApiTarget;
  /** Returns a kubeconfig for the functions; that of a real cluster is valid for ten minutes. */
  kubeconfig(): Promise<string>;
  /** Makes the API unreachable for the functions. Returns what makes it reachable again. */
  interrupt(): Promise<() => Promise<void>>;
  stop(): Promise<void>;
}

/** Checks whether a real cluster API can be started without building it first. */
export async function hasRealCluster(): Promise<boolean> {
  // Without a PATH there is no Go to build with.
  return findOrBuildBinaries({ ...process.env, PATH: '' }).then(
    () => true,
    () => false,
  );
}

/**
 * Starts a real cluster API with the project's RBAC manifests applied, or else the fake, which lets in everybody.
 *
 * @param options.hasRegistrar - whether the functions have the registrar's rights too
 */
export async function startAvailableCluster({
  hasRegistrar = false,
}: { readonly hasRegistrar?: boolean } = {}): Promise<AvailableCluster> {
  if (!(await hasRealCluster())) {
    const fake = await startFakeKubernetes({ port: 0, objects: [namespace(NAMESPACE)] });
    const proxy = new LoopbackProxy(fake.url);
    await proxy.start();
    return {
      target: { url: fake.url, token: 'token' },
      kubeconfig: () => Promise.resolve(kubeconfigOf({ url: proxy.url, token: 'token' })),
      interrupt: async () => {
        await proxy.stop();
        return () => proxy.start();
      },
      stop: async () => {
        await proxy.stop();
        await fake.close();
      },
    };
  }
  const cluster = await startRealCluster();
  await applyRbacManifests(cluster.kubeconfig);
  await createServiceAccount(cluster, ACCOUNT);
  await bindRole(cluster, ACCOUNT);
  await bindAlso(cluster, 'reconciler', ['ClusterRole', 'Role']);
  if (hasRegistrar) await bindAlso(cluster, 'registrar', ['ClusterRole']);
  return {
    target: cluster,
    kubeconfig: async () => kubeconfigOf({ ...cluster, token: await requestToken(cluster, ACCOUNT) }),
    interrupt: async () => {
      await cluster.killApi();
      return async () => {
        await cluster.startApi();
        // After a start it answers 429 for a second.
        for (const plural of ['projectconfigs', 'promotions', 'warehouses']) {
          const path = `/apis/kargo.akuity.io/v1alpha1/${plural}`;
          await until(async () => (await callApi(cluster, { path })).code === 200);
        }
      };
    },
    stop: () => cluster.stop(),
  };
}

/** Binds the roles of another function to the ServiceAccount. */
async function bindAlso(
  admin: ApiTarget,
  functionName: FunctionName,
  kinds: readonly ('ClusterRole' | 'Role')[],
): Promise<void> {
  const apiGroup = 'rbac.authorization.k8s.io';
  for (const kind of kinds) {
    const scope = kind === 'Role' ? `namespaces/${NAMESPACE}/rolebindings` : 'clusterrolebindings';
    const { code, text } = await callApi(admin, {
      method: 'POST',
      path: `/apis/${apiGroup}/v1/${scope}`,
      body: {
        apiVersion: `${apiGroup}/v1`,
        kind: `${kind}Binding`,
        metadata: { name: `${ACCOUNT}-is-${functionName}` },
        roleRef: { apiGroup, kind, name: `kargo-front-door-${functionName}` },
        subjects: [{ kind: 'ServiceAccount', namespace: NAMESPACE, name: ACCOUNT }],
      },
    });
    if (code !== 201) throw new Error(`the role was not bound: ${text}`);
  }
}
