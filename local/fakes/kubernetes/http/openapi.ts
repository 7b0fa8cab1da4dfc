import { apiVersionOf, type ResourceKind } from '../kinds/resource-kind.ts';

/**
 * Answers `/openapi/v3`, with no more than kubectl looks for before it sends an object: whether the API server itself tells
 * of unknown fields (`fieldValidation`). Gives undefined for any other path.
 */
export function openapiAnswer(kinds: ResourceKind[], path: string): object | undefined {
  const groups = Map.groupBy(kinds, groupPathOf);
  if (path === '/openapi/v3') {
    const links = [...groups.keys()].map((group) => [group, { serverRelativeURL: `/openapi/v3/${group}` }]);
    return { paths: Object.fromEntries(links) };
  }
  const served = groups.get(path.replace('/openapi/v3/', ''));
  if (!path.startsWith('/openapi/v3/') || !served) return undefined;
  const paths = Object.fromEntries(served.map(pathOf));
  return { openapi: '3.0.0', info: { title: 'Kubernetes', version: 'v1' }, paths };
}

function groupPathOf(kind: ResourceKind): string {
  return `${kind.group ? 'apis' : 'api'}/${apiVersionOf(kind)}`;
}

function pathOf(kind: ResourceKind): [string, object] {
  const { group, version, plural, namespaced } = kind;
  const patch = {
    'x-kubernetes-group-version-kind': { group, version, kind: kind.kind },
    parameters: [{ name: 'fieldValidation', in: 'query', schema: { type: 'string' } }],
    responses: {},
  };
  return [`/${groupPathOf(kind)}/${namespaced ? 'namespaces/{namespace}/' : ''}${plural}/{name}`, { patch }];
}
