import { callApi, type ApiTarget } from '../api-client.ts';

/** Namespace of the lookup index, which the manifests make, and of the functions' ServiceAccounts. */
export const NAMESPACE = 'kargo-front-door';

/** Minimum lifetime that TokenRequest accepts. */
const TOKEN_SECONDS = 600;

/** Name of a function's ClusterRole, and of its ServiceAccount here. */
export type RoleName =
  'kargo-front-door-receiver' | 'kargo-front-door-reconciler' | 'kargo-front-door-registrar';

const bindings = '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings';
const indexBindings = `/apis/rbac.authorization.k8s.io/v1/namespaces/${NAMESPACE}/rolebindings`;
const accounts = `/api/v1/namespaces/${NAMESPACE}/serviceaccounts`;

export async function createServiceAccount(admin: ApiTarget, name: string): Promise<void> {
  await must(admin, 'POST', accounts, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name } });
}

export async function deleteServiceAccount(admin: ApiTarget, name: string): Promise<void> {
  await must(admin, 'DELETE', `${accounts}/${name}`);
}

export async function bindRole(admin: ApiTarget, name: RoleName): Promise<void> {
  const apiGroup = 'rbac.authorization.k8s.io';
  const binding = {
    apiVersion: `${apiGroup}/v1`,
    metadata: { name: `${name}-account` },
    subjects: [{ kind: 'ServiceAccount', namespace: NAMESPACE, name }],
  };
  const roleRef = (kind: string): object => ({ apiGroup, kind, name });
  const clusterWide = { ...binding, kind: 'ClusterRoleBinding', roleRef: roleRef('ClusterRole') };
  await must(admin, 'POST', bindings, clusterWide);
  await must(admin, 'POST', indexBindings, { ...binding, kind: 'RoleBinding', roleRef: roleRef('Role') });
}

export async function unbindRole(admin: ApiTarget, name: RoleName): Promise<void> {
  await must(admin, 'DELETE', `${bindings}/${name}-account`);
  await must(admin, 'DELETE', `${indexBindings}/${name}-account`);
}

export async function requestToken(admin: ApiTarget, name: string): Promise<string> {
  const request = {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: { expirationSeconds: TOKEN_SECONDS },
  };
  const { status } = await must(admin, 'POST', `${accounts}/${name}/token`, request);
  return (status as { token: string }).token;
}

async function must(admin: ApiTarget, method: string, path: string, body?: object) {
  const answer = await callApi(admin, { method, path, body });
  if (answer.code >= 300) throw new Error(`${method} ${path}: ${answer.text}`);
  return answer.body;
}
