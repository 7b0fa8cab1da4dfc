import type { IncomingMessage } from 'node:http';
import { stringify } from 'yaml';
import type { Cluster } from '../cluster.ts';
import { discoveryAnswer } from './discovery.ts';
import { answerTypeOf } from './media-types.ts';
import { answerObjectRequest } from './object-requests.ts';
import { openapiAnswer } from './openapi.ts';
import { PageNotFound } from './request-methods.ts';
import { routeOf } from './request-route.ts';
import { StatusError, unauthorized } from '../status-error.ts';

/** An answer as it goes over the wire. */
export interface Answer {
  code: number;
  type: string;
  text: string;
}

/** Answers any request. Raises nothing: whatever happens, the client gets an answer, also for what is our own mistake. */
export async function answerRequest(
  cluster: Cluster,
  token: string | undefined,
  request: IncomingMessage,
): Promise<Answer> {
  try {
    if (token !== undefined && request.headers.authorization !== `Bearer ${token}`) throw unauthorized();
    return await served(cluster, request);
  } catch (error) {
    if (error instanceof StatusError) return { code: error.code, ...written(error.status) };
    if (error instanceof PageNotFound) return plain(404, '404 page not found\n');
    if (error instanceof URIError) return plain(400, '400 Bad Request');
    const { status } = new StatusError(500, 'InternalError', `Internal error occurred: ${String(error)}`);
    return { code: 500, ...written(status) };
  }
}

async function served(cluster: Cluster, request: IncomingMessage): Promise<Answer> {
  const [path = '', query] = (request.url ?? '').split('?');
  const discovered = discoveryAnswer(cluster.kinds, path) ?? openapiAnswer(cluster.kinds, path);
  if (typeof discovered === 'string') return plain(200, discovered);
  if (discovered) return { code: 200, ...written(discovered) };
  const route = routeOf(cluster.kinds, path);
  if (!route) {
    if (!path.startsWith('/api/v1/')) throw new PageNotFound();
    throw new StatusError(404, 'NotFound', 'the server could not find the requested resource', {});
  }
  const type = answerTypeOf(request);
  const { code, body } = await answerObjectRequest(cluster, request, route, new URLSearchParams(query));
  return { code, ...written(body, type) };
}

function written(body: object, type = 'application/json'): Omit<Answer, 'code'> {
  return {
    type,
    text: type === 'application/yaml' ? stringify(body, { version: '1.1' }) : `${JSON.stringify(body)}\n`,
  };
}

function plain(code: number, text: string): Answer {
  return { code, type: 'text/plain; charset=utf-8', text };
}
