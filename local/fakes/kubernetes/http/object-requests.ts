import type { IncomingMessage } from 'node:http';
import type { Cluster } from '../cluster.ts';
import { createObject } from '../objects/create-object.ts';
import { deleteObject, type DeleteOptions } from '../objects/delete-object.ts';
import type { KubernetesObject } from '../kubernetes-object.ts';
import { listObjects } from '../lists/list-objects.ts';
import { objectTypeOf, patchTypeOf } from './media-types.ts';
import { decodeObject, requireKnownFields, unrecognized } from '../objects/object-decoding.ts';
import { patchObject } from '../objects/patch-object.ts';
import { parseBody, readBody } from './request-body.ts';
import { patchOf } from './request-patch.ts';
import { requireServed } from './request-methods.ts';
import type { Route } from './request-route.ts';
import { badRequest } from '../status-error.ts';
import { updateObject } from '../objects/update-object.ts';

/** What a request comes to. */
export interface ObjectAnswer {
  code: number;
  body: object;
}

/** Answers a request for an object or a collection. Raises a StatusError for what fails. */
export async function answerObjectRequest(
  cluster: Cluster,
  request: IncomingMessage,
  route: Route,
  query: URLSearchParams,
): Promise<ObjectAnswer> {
  const { kind, namespace, name, subresource } = route;
  const options = {
    subresource,
    dryRun: query.getAll('dryRun').includes('All'),
    strict: query.get('fieldValidation') === 'Strict',
  };
  requireServed(request.method ?? '', route, query);
  switch (request.method) {
    case 'POST': {
      const object = await readObject(request, route, options.strict);
      return { code: 201, body: createObject(cluster, kind, namespace, object, options.dryRun) };
    }
    case 'PUT': {
      const object = await readObject(request, route, options.strict);
      return { code: 200, body: updateObject(cluster, route, object, options) };
    }
    case 'PATCH': {
      const type = patchTypeOf(request, kind);
      const patch = patchOf(await readBody(request), type);
      return { code: 200, body: patchObject(cluster, route, patch, options) };
    }
    case 'DELETE': {
      const deleteOptions = await readDeleteOptions(request);
      return {
        code: 200,
        body: name ? deleteObject(cluster, route, deleteOptions) : deleteAll(cluster, route, query),
      };
    }
    default:
      return {
        code: 200,
        body: name ? cluster.existing(route) : listObjects(cluster, kind, namespace, query),
      };
  }
}

async function readObject(
  request: IncomingMessage,
  { kind }: Route,
  strict: boolean,
): Promise<KubernetesObject> {
  const type = objectTypeOf(request);
  const text = await readBody(request);
  let body: unknown;
  try {
    body = parseBody(text, type);
  } catch (error) {
    const parser = type === 'application/json' ? `couldn't get version/kind; json parse error` : 'yaml';
    throw unrecognized(kind, `${parser}: ${(error as Error).message}`);
  }
  const object = decodeObject(kind, body);
  if (strict) requireKnownFields(kind, object);
  return object;
}

async function readDeleteOptions(request: IncomingMessage): Promise<DeleteOptions> {
  const text = await readBody(request);
  try {
    return text === '' ? {} : (parseBody(text, objectTypeOf(request)) ?? {});
  } catch (error) {
    throw badRequest(`couldn't get version/kind; json parse error: ${(error as Error).message}`);
  }
}

/** Deletes what a list with the same query shows, and gives that list. */
function deleteAll(cluster: Cluster, { kind, namespace }: Route, query: URLSearchParams): object {
  const list = listObjects(cluster, kind, namespace, query);
  for (const { metadata } of list.items)
    deleteObject(cluster, { kind, namespace, name: metadata.name ?? '' }, {});
  return list;
}
