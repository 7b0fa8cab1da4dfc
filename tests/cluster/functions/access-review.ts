import { callApi, type ApiTarget } from '../api-client.ts';

const VERBS = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection'];

const KARGO_KINDS =
  'projectconfigs clusterconfigs warehouses promotions promotionrequests stages freights projects clusterpromotiontasks *';
const CORE_KINDS =
  'secrets configmaps serviceaccounts serviceaccounts/token events namespaces nodes nodes/proxy pods pods/exec pods/log services/proxy';

/** Resources by API group. The core group has an empty name; `*` means all. */
const RESOURCES: Readonly<Record<string, readonly string[]>> = {
  'kargo.akuity.io': KARGO_KINDS.split(' ').flatMap((resource) => [resource, `${resource}/status`]),
  '': CORE_KINDS.split(' '),
  apps: ['deployments', 'daemonsets'],
  batch: ['jobs'],
  'argoproj.io': ['applications'],
  'external-secrets.io': ['externalsecrets'],
  'rbac.authorization.k8s.io': ['clusterroles', 'clusterrolebindings', 'roles', 'rolebindings'],
  'admissionregistration.k8s.io': ['validatingadmissionpolicies', 'validatingadmissionpolicybindings'],
  'apiextensions.k8s.io': ['customresourcedefinitions'],
  'certificates.k8s.io': ['certificatesigningrequests'],
  '*': ['*'],
};

interface Question {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
}

const QUESTIONS: readonly Question[] = [
  ...Object.entries(RESOURCES).flatMap(([group, paths]) =>
    paths.flatMap((path) => VERBS.map((verb) => question(verb, group, path))),
  ),
  question('promote', 'kargo.akuity.io', 'stages'),
  question('promote', 'kargo.akuity.io', 'promotions'),
  question('impersonate', '', 'users'),
  question('impersonate', '', 'groups'),
  question('impersonate', '', 'serviceaccounts'),
  question('escalate', 'rbac.authorization.k8s.io', 'clusterroles'),
  question('bind', 'rbac.authorization.k8s.io', 'clusterroles'),
];

/**
 * Checks each of the rights above by SelfSubjectAccessReview, in all namespaces or in one. Returns the allowed ones:
 * `list kargo.akuity.io/warehouses`.
 */
export async function allowedOf(target: ApiTarget, namespace?: string): Promise<string[]> {
  const answers = await Promise.all(
    QUESTIONS.map((asked) => ask(target, { resourceAttributes: { ...asked, namespace } })),
  );
  return QUESTIONS.filter((_, index) => answers[index]).map(
    ({ verb, group, resource, subresource }) =>
      `${verb} ${group}/${resource}${subresource && `/${subresource}`}`,
  );
}

/** Checks whether the API allows a GET of this path, which belongs to no resource. */
export async function mayGet(target: ApiTarget, path: string): Promise<boolean> {
  return ask(target, { nonResourceAttributes: { verb: 'get', path } });
}

async function ask(target: ApiTarget, spec: object): Promise<boolean> {
  const path = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';
  const review = { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview', spec };
  const { code, text, body } = await callApi(target, { method: 'POST', path, body: review });
  if (code !== 201) throw new Error(`POST ${path}: ${text}`);
  return (body.status as { allowed: boolean }).allowed;
}

function question(verb: string, group: string, path: string): Question {
  const [resource = '', subresource = ''] = path.split('/');
  return { verb, group, resource, subresource };
}
