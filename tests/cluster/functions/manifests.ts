import { readFileSync } from 'node:fs';
import {
  KubeConfig,
  KubernetesObjectApi,
  PatchStrategy,
  type KubernetesObject,
} from '@kubernetes/client-node';
import { parseAllDocuments } from 'yaml';

/** The RBAC manifests of the project, one for each function. */
const MANIFESTS = ['receiver.yaml', 'reconciler.yaml', 'redelivery.yaml', 'registrar.yaml'].map(
  (name) => new URL(`../../../infra/rbac/${name}`, import.meta.url),
);

/** Applies infra/rbac as administrator, like `kubectl apply --server-side`. */
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
