import { apiVersionOf, type ResourceKind } from '../kinds/resource-kind.ts';

/** What `/version` tells: the version of the API server whose behaviour the fake follows. */
const VERSION = {
  major: '1',
  minor: '36',
  gitVersion: 'v1.36.3',
  platform: `${process.platform}/${process.arch}`,
};

const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update'];

/** Answers the paths by which a client learns what there is, and whether it is well; undefined for any other. */
export function discoveryAnswer(kinds: ResourceKind[], path: string): object | string | undefined {
  const groups = new Map(kinds.filter(({ group }) => group).map((kind) => [kind.group, groupOf(kind)]));
  switch (path) {
    case '/healthz':
    case '/livez':
    case '/readyz':
      return 'ok';
    case '/version':
      return VERSION;
    case '/api':
      return { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] };
    case '/apis':
      return { kind: 'APIGroupList', apiVersion: 'v1', groups: [...groups.values()] };
  }
  const [, root, group = '', version] = path.split('/');
  if (root === 'apis' && version === undefined && groups.has(group)) {
    return { kind: 'APIGroup', apiVersion: 'v1', ...groups.get(group) };
  }
  const served = kinds.filter(
    (kind) => path === (kind.group ? `/apis/${apiVersionOf(kind)}` : `/api/${kind.version}`),
  );
  return served[0] && resourceList(apiVersionOf(served[0]), served);
}

function groupOf(kind: ResourceKind): object {
  const version = { groupVersion: apiVersionOf(kind), version: kind.version };
  return { name: kind.group, versions: [version], preferredVersion: version };
}

function resourceList(groupVersion: string, kinds: ResourceKind[]): object {
  const resources = kinds.flatMap(({ plural, singular, kind, namespaced, shortNames, hasStatus }) => [
    {
      name: plural,
      singularName: singular,
      namespaced,
      kind,
      verbs: VERBS,
      ...(shortNames.length > 0 && { shortNames }),
    },
    ...(hasStatus
      ? [{ name: `${plural}/status`, singularName: '', namespaced, kind, verbs: ['get', 'patch', 'update'] }]
      : []),
  ]);
  return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion, resources };
}
