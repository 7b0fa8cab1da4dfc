import { callApi, type ApiTarget } from '../api-client.ts';

/** Namespace of the functions' ServiceAccounts. */
export const NAMESPACE = 'kargo-front-door';

/** Minimum lifetime that TokenRequest accepts. */
const TOKEN_SECONDS = 600;

/** Name of a function's ClusterRole, and of its ServiceAccount here. */
export type RoleName = 'kargo-front-door-receiver' | 'kargo-front-door-reconciler';

const bindings = '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings';
const accounts = `/api/v1/namespaces/${NAMESPACE}/serviceaccounts`;

export async function createNamespace(admin: ApiTarget): Promise<void> {
  const object = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } };
  await must(admin, 'POST', '/api/v1/namespaces', object);
}

export async function createServiceAccount(admin: ApiTarget, name: string): Promise<void> {
  await must(admin, 'POST', accounts, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name } });
}

export async function deleteServiceAccount(admin: ApiTarget, name: string): Promise<void> {
  await must(admin, 'DELETE', `${accounts}/${name}`);
}

export async function bindRole(admin: ApiTarget, name: RoleName): Promise<void> {
  await must(admin, 'POST', bindings, {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: `${name}-account` },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
    subjects: [{ kind: 'ServiceAccount', namespace: NAMESPACE, name }],
  });
}

export async function unbindRole(admin: ApiTarget, name: RoleName): Promise<void> {
  await must(admin, 'DELETE', `${bindings}/${name}-account`);
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
