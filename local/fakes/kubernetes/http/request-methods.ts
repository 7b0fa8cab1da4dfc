import { NAMESPACE } from '../kinds/core-kinds.ts';
import type { Route } from './request-route.ts';
import { badRequest, methodNotAllowed, StatusError } from '../status-error.ts';

/** What the API server calls the methods that a subresource does not know. */
const VERBS: Record<string, string> = { POST: 'create', DELETE: 'delete' };

/** A path that leads nowhere, which the API server answers in plain text. */
export class PageNotFound extends Error {}

/**
 * Raises a StatusError or {@link PageNotFound} unless the method is one for the place: most methods need either a name or none. The words depend
 * on whether the kind is built in.
 */
export function requireServed(method: string, route: Route, query: URLSearchParams): void {
  const { kind, namespace, name, subresource } = route;
  const isWatch = method === 'GET' && !name && ['true', '1'].includes(query.get('watch') ?? '');
  if (isServed(method, route) && !isWatch) return;
  if (!kind.custom || isWatch) throw methodNotAllowed();
  if (kind.namespaced && !namespace) throw new PageNotFound();
  if (!name && (method === 'PUT' || method === 'PATCH')) throw badRequest('name must be provided');
  const verb = subresource ? (VERBS[method] ?? '') : '';
  const message = `${verb} is not supported on resources of kind "${kind.plural}.${kind.group}"`;
  throw new StatusError(405, 'MethodNotAllowed', message, { group: kind.group, kind: kind.plural });
}

function isServed(method: string, { kind, namespace, name, subresource }: Route): boolean {
  const isPlaced = !kind.namespaced || namespace !== '';
  switch (method) {
    case 'GET':
    case 'HEAD':
      return true;
    case 'POST':
      return isPlaced && subresource === '' && (name === '' || kind.custom);
    case 'PUT':
    case 'PATCH':
      return name !== '';
    case 'DELETE':
      return isPlaced && subresource === '' && (name !== '' || kind !== NAMESPACE);
    default:
      return false;
  }
}
