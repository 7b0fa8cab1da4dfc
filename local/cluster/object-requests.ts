import type { IncomingMessage } from 'node:http';
import type { Cluster } from './cluster.ts';
import { createObject } from './create-object.ts';
import { deleteObject, type DeleteOptions } from './delete-object.ts';
import { isRecord, type KubernetesObject } from './kubernetes-object.ts';
import { listObjects } from './list-objects.ts';
import { mergePatched } from './merge-patch.ts';
import { decodeObject } from './object-decoding.ts';
import { mediaTypeOf, parseBody, readBody, requireMediaType } from './request-body.ts';
import type { Route } from './request-route.ts';
import { badRequest, methodNotAllowed } from './status-error.ts';
import { updateObject } from './update-object.ts';

export interface Answer {
  code: number;
  body: object | string;
}

const OBJECT_TYPES = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'];
const MERGE_PATCH = 'application/merge-patch+json';
const STRATEGIC_MERGE_PATCH = 'application/strategic-merge-patch+json';

/** Answers a request for an object or a collection. Raises a StatusError for what fails. */
export async function answerObjectRequest(
  cluster: Cluster,
  request: IncomingMessage,
  route: Route,
  query: URLSearchParams,
): Promise<Answer> {
  const { kind, namespace, name, subresource } = route;
  const dryRun = query.getAll('dryRun').includes('All');
  const isWholeObject = name !== '' && subresource === '';
  switch (request.method) {
    case 'GET':
      if (name !== '') return { code: 200, body: cluster.existing(route) };
      if (query.get('watch') === 'true' || query.get('watch') === '1') throw methodNotAllowed();
      return { code: 200, body: listObjects(cluster, kind, namespace, query) };
    case 'POST':
      if (name !== '' || (kind.namespaced && namespace === '')) throw methodNotAllowed();
      return {
        code: 201,
        body: createObject(cluster, kind, namespace, await readObject(request, route), dryRun),
      };
    case 'PUT':
      if (name === '') throw methodNotAllowed();
      return {
        code: 200,
        body: updateObject(cluster, route, await readObject(request, route), { subresource, dryRun }),
      };
    case 'PATCH':
      if (name === '') throw methodNotAllowed();
      return { code: 200, body: await patchObject(cluster, request, route, dryRun) };
    case 'DELETE':
      if (!isWholeObject) throw methodNotAllowed();
      return { code: 200, body: deleteObject(cluster, route, await readDeleteOptions(request)) };
    default:
      throw methodNotAllowed();
  }
}

async function readObject(request: IncomingMessage, { kind }: Route): Promise<KubernetesObject> {
  const mediaType = mediaTypeOf(request);
  requireMediaType(mediaType, kind.custom ? OBJECT_TYPES.slice(0, 2) : OBJECT_TYPES);
  return decodeObject(kind, parseBody(await readBody(request), mediaType));
}

/** Custom kinds know no strategic merge patch; what is sent here as one to the others has no lists to merge. */
async function patchObject(
  cluster: Cluster,
  request: IncomingMessage,
  route: Route,
  dryRun: boolean,
): Promise<KubernetesObject> {
  const mediaType = mediaTypeOf(request);
  requireMediaType(mediaType, route.kind.custom ? [MERGE_PATCH] : [MERGE_PATCH, STRATEGIC_MERGE_PATCH]);
  const patch = parseBody(await readBody(request), mediaType);
  if (!isRecord(patch)) throw badRequest('a merge patch has to be an object');
  const existing = cluster.existing(route);
  const { subresource } = route;
  const next = decodeObject(route.kind, mergePatched(existing, patch));
  return updateObject(cluster, route, next, { subresource, dryRun });
}

async function readDeleteOptions(request: IncomingMessage): Promise<DeleteOptions> {
  const text = await readBody(request);
  return text === '' ? {} : (parseBody(text, mediaTypeOf(request)) as DeleteOptions);
}
