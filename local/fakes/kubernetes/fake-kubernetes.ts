import {
  startFakeServer,
  type FakeRequest,
  type FakeResponse,
  type LoopbackServer,
} from '../loopback-server.ts';
import type { KubernetesObject } from './kubernetes-object.ts';
import { ObjectStore } from './object-store.ts';
import { createObject, deleteObject, getObject, patchObject, type ObjectKey } from './object-writes.ts';
import { representationOf, toMetadata, toMetadataList, toTable } from './representations.ts';
import { apiVersionOf, NAMESPACE, RESOURCE_KINDS } from './resource-kinds.ts';
import { badRequest, StatusError } from './status-error.ts';

export type { KubernetesObject } from './kubernetes-object.ts';

export interface FakeKubernetes extends LoopbackServer {
  /** Returns what the cluster holds now; as `options.objects`, another fake begins with the same. */
  objects(this: void): KubernetesObject[];
}

const JSON_TYPE = 'application/json';
const MERGE_PATCH = 'application/merge-patch+json';

/**
 * Starts an in-memory fake of the Kubernetes API with namespaces, Secrets, ConfigMaps and Kargo's kinds: GET, lists with `limit` and
 * `continue`, metadata alone and tables, POST, merge patches, the status subresource, and DELETE. The contract suite (tests/cluster/contract.ts) holds
 * it to a real API server. What it does not implement it rejects: PUT, watches, selectors and other query parameters, delete
 * options, other patches, and YAML. It has no discovery (so no kubectl), finalizers, or CEL rules.
 *
 * @param options.port - 0 selects a free port
 * @param options.objects - manifests that the cluster holds from the start, their status and, where they have one, their uid included
 * @throws {StatusError} when the API would reject one of the manifests
 * @throws {Error} for a manifest of a kind that it does not serve, and node's `EADDRINUSE`
 */
export async function startFakeKubernetes(options: {
  readonly port: number;
  readonly objects?: readonly KubernetesObject[];
}): Promise<FakeKubernetes> {
  const store = new ObjectStore();
  loadManifests(store, options.objects ?? []);
  const server = await startFakeServer(options.port, (request) => answerApiRequest(store, request));
  return { ...server, objects: () => store.all() };
}

function loadManifests(store: ObjectStore, manifests: readonly KubernetesObject[]): void {
  const isNamespace = ({ kind }: KubernetesObject): boolean => kind === NAMESPACE.kind;
  const ordered = [...manifests.filter(isNamespace), ...manifests.filter((object) => !isNamespace(object))];
  for (const { status, ...manifest } of ordered) {
    const kind = RESOURCE_KINDS.find(
      (one) => one.kind === manifest.kind && apiVersionOf(one) === manifest.apiVersion,
    );
    if (!kind) throw new Error(`the fake does not serve ${manifest.apiVersion} ${manifest.kind}`);
    const { namespace: given = '', uid, creationTimestamp = '' } = manifest.metadata;
    const identity = uid === undefined ? undefined : { uid, creationTimestamp };
    const created = createObject(store, kind, given, structuredClone(manifest), identity);
    const { namespace = '', name = '' } = created.metadata;
    if (kind.hasStatus && status !== undefined)
      patchObject(store, { kind, namespace, name }, { status: structuredClone(status) }, true);
  }
}

/** Answers one request to the API of a cluster that holds these objects. */
export function answerApiRequest(store: ObjectStore, request: FakeRequest): FakeResponse {
  try {
    const apiPath = parsePath(request.path);
    if (!apiPath) return { status: 404, type: 'text/plain; charset=utf-8', text: '404 page not found\n' };
    const status = request.method === 'POST' ? 201 : 200;
    return toResponse(status, perform(store, request, apiPath));
  } catch (error) {
    if (error instanceof StatusError) return toResponse(error.code, error.status);
    const internal = new StatusError(500, 'InternalError', `Internal error occurred: ${String(error)}`);
    return toResponse(internal.code, internal.status);
  }
}

function toResponse(status: number, body: object): FakeResponse {
  return { status, type: JSON_TYPE, text: `${JSON.stringify(body)}\n` };
}

/** What a path of the API names; `name` is empty for a collection, `namespace` for all namespaces. */
interface ApiPath extends ObjectKey {
  readonly isStatus: boolean;
}

/** `/api/v1/…` or `/apis/GROUP/VERSION/…`, followed by `[namespaces/NAMESPACE/]PLURAL[/NAME[/status]]`. */
const PATH =
  /^\/(?:api|apis\/(?<group>[^/]+))\/(?<version>[^/]+)(?:\/namespaces\/(?<namespace>[^/]+)(?=\/))?\/(?<plural>[^/]+)(?:\/(?<name>[^/]+)(?<status>\/status)?)?$/;

function parsePath(path: string): ApiPath | undefined {
  const { group = '', version, namespace = '', plural, name = '', status } = PATH.exec(path)?.groups ?? {};
  const kind = RESOURCE_KINDS.find(
    (one) => one.plural === plural && one.group === group && one.version === version,
  );
  if (!kind || (status !== undefined && !kind.hasStatus)) return undefined;
  // Only a list can leave the namespace out.
  if (kind.namespaced ? namespace === '' && name !== '' : namespace !== '') return undefined;
  return { kind, namespace, name, isStatus: status !== undefined };
}

function perform(store: ObjectStore, request: FakeRequest, apiPath: ApiPath): object {
  const { kind, namespace, name, isStatus } = apiPath;
  const isCollection = name === '';
  const isList = request.method === 'GET' && isCollection;
  requireQuery(request, isList ? ['limit', 'continue', 'includeObject'] : []);
  switch (request.method) {
    case 'GET':
      return isCollection
        ? listObjects(store, request, apiPath)
        : represent(request, getObject(store, apiPath));
    case 'POST':
      if (!isCollection || (kind.namespaced && namespace === '')) break;
      return createObject(store, kind, namespace, parseBody(request, JSON_TYPE));
    case 'PATCH':
      if (isCollection) break;
      return represent(request, patchObject(store, apiPath, parseBody(request, MERGE_PATCH), isStatus));
    case 'DELETE':
      if (isCollection || isStatus) break;
      if (request.body !== '') throw badRequest('the fake does not implement delete options');
      return deleteObject(store, apiPath);
  }
  throw new StatusError(
    405,
    'MethodNotAllowed',
    'the server does not allow this method on the requested resource',
  );
}

function represent({ headers }: FakeRequest, object: KubernetesObject): object {
  return representationOf(headers.accept) === 'metadata' ? toMetadata(object) : object;
}

function listObjects(
  store: ObjectStore,
  { query, headers }: FakeRequest,
  { kind, namespace }: ApiPath,
): object {
  const limit = Number(query.get('limit') ?? 0);
  if (!Number.isInteger(limit) || limit < 0) throw badRequest(`limit: ${query.get('limit')} is not a number`);
  const token = query.get('continue');
  const { items, metadata } = token ? store.listNext(token, limit) : store.list(kind, namespace, limit);
  switch (representationOf(headers.accept)) {
    case 'metadata':
      return toMetadataList(items, metadata);
    case 'table':
      return toTable(kind, items, metadata, query.get('includeObject') !== 'None');
    case 'objects':
      return { apiVersion: apiVersionOf(kind), kind: `${kind.kind}List`, metadata, items };
  }
}

/** A parameter that is ignored would look as if it worked. */
function requireQuery({ query }: FakeRequest, known: readonly string[]): void {
  const unknown = [...query.keys()].find((name) => !known.includes(name));
  if (unknown !== undefined) throw badRequest(`the fake does not implement the query parameter ${unknown}`);
}

function parseBody({ headers, body }: FakeRequest, accepted: string): unknown {
  const [type = ''] = (headers['content-type'] ?? JSON_TYPE).split(';');
  if (type.trim().toLowerCase() !== accepted) {
    const message = `the body of the request was in an unknown format - accepted media types include: ${accepted}`;
    throw new StatusError(415, 'UnsupportedMediaType', message);
  }
  try {
    return JSON.parse(body);
  } catch (error) {
    throw badRequest(`couldn't get version/kind; json parse error: ${(error as Error).message}`);
  }
}
