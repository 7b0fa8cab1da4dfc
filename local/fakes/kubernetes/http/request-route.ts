import type { ResourceKind } from '../kinds/resource-kind.ts';
import { notFound } from '../status-error.ts';

/** What a path of the API leads to; `name` is empty for a whole collection, `namespace` for all of them. */
export interface Route {
  kind: ResourceKind;
  namespace: string;
  name: string;
  subresource: string;
}

/**
 * Reads `/api/v1/…` and `/apis/GROUP/VERSION/…`, followed by `[namespaces/NAMESPACE/]PLURAL[/NAME[/SUBRESOURCE]]`.
 * Gives undefined where nothing is served. Raises a URIError for a path that is not encoded well, and a StatusError (404)
 * for a subresource that a custom kind does not have.
 */
export function routeOf(kinds: ResourceKind[], path: string): Route | undefined {
  const segments = path.replace(/\/$/, '').split('/').slice(1).map(decodeURIComponent);
  const [group, version, ...rest] = segments[0] === 'apis' ? segments.slice(1) : ['', ...segments.slice(1)];
  const isNamespaced = rest[0] === 'namespaces' && rest.length > 2 && rest[2] !== 'status';
  const [plural, name = '', subresource = '', ...more] = isNamespaced ? rest.slice(2) : rest;
  const namespace = isNamespaced ? (rest[1] ?? '') : '';
  const kind = kinds.find((one) => one.plural === plural && one.group === group && one.version === version);
  if (!kind || more.length > 0) return undefined;
  const isSubresource = subresource === 'status' && kind.hasStatus;
  if (subresource && !isSubresource && kind.custom) throw notFound(kind, name);
  if (subresource && !isSubresource) return undefined;
  const isPlaced = kind.namespaced ? isNamespaced || name === '' : !isNamespaced;
  return isPlaced ? { kind, namespace, name, subresource } : undefined;
}
