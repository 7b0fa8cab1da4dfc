import { readFileSync } from 'node:fs';
import {
  KubeConfig,
  KubernetesObjectApi,
  PatchStrategy,
  type KubernetesObject,
} from '@kubernetes/client-node';
import { parseAllDocuments } from 'yaml';

/** What the project ships: the rights of each function. */
const MANIFESTS = ['receiver.yaml', 'reconciler.yaml'].map(
  (name) => new URL(`../../../infra/rbac/${name}`, import.meta.url),
);

/** Does with infra/rbac what `kubectl apply --server-side` does, as the administrator. Raises what the API refuses. */
export async function applyRbacManifests(adminKubeconfig: string): Promise<void> {
  const config = new KubeConfig();
  config.loadFromString(adminKubeconfig);
  const api = KubernetesObjectApi.makeApiClient(config);
  for (const file of MANIFESTS) {
    for (const document of parseAllDocuments(readFileSync(file, 'utf8'))) {
      const object = document.toJS() as KubernetesObject;
      await api.patch(object, undefined, undefined, 'kubectl', true, PatchStrategy.ServerSideApply);
    }
  }
}
