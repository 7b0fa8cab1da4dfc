import * as v from 'valibot';
import type { WritableIndexPieces } from '../../app/ports.ts';
import { RetryableError } from '../../app/errors.ts';
import type { StoredPiece } from '../../core/kargo/lookup-index/index-piece.ts';
import type { ClusterConnection } from './cluster-connection.ts';
import { readAnswer } from './cluster-errors.ts';
import { listPages, METADATA_LIST } from './list-pages.ts';

/** Namespace of the index's ConfigMaps. infra/rbac makes it, and grants the functions their rights in it. */
export const INDEX_NAMESPACE = 'kargo-front-door';

const COLLECTION = `/api/v1/namespaces/${INDEX_NAMESPACE}/configmaps`;
const METADATA = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json';

const configMap = v.object({ data: v.optional(v.unknown()) });
const written = v.object({ metadata: v.object({ resourceVersion: v.string() }) });
const metadataList = v.object({
  items: v.nullish(
    v.array(v.object({ metadata: v.object({ name: v.string(), resourceVersion: v.string() }) })),
  ),
});

/** The pieces of the lookup index, as ConfigMaps. */
export class IndexConfigMaps implements WritableIndexPieces {
  readonly #connection: ClusterConnection;

  constructor(connection: ClusterConnection) {
    this.#connection = connection;
  }

  async read(name: string, attempts: 'once' | 'retried', signal: AbortSignal): Promise<unknown> {
    const request = {
      method: 'GET',
      ...locate(name),
      // 403: the manifests of this version are not applied yet.
      expected: [403, 404],
      ...(attempts === 'once' && { maxAttempts: 1 }),
    } as const;
    const { status, body } = await this.#connection.request(request, signal);
    return status === 200 && v.is(configMap, body) ? body.data : undefined;
  }

  async versions(signal: AbortSignal): Promise<ReadonlyMap<string, string>> {
    const versions = new Map<string, string>();
    const list = { path: COLLECTION, object: 'ConfigMap list' };
    for await (const body of listPages(this.#connection, list, signal, { accept: METADATA_LIST })) {
      const { items } = readAnswer(metadataList, 'the ConfigMap list', body);
      for (const { metadata } of items ?? []) versions.set(metadata.name, metadata.resourceVersion);
    }
    return versions;
  }

  async write(name: string, piece: StoredPiece, signal: AbortSignal): Promise<string> {
    const patched = await this.#patch(name, piece, signal);
    if (patched !== undefined) return patched;
    const content = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: piece };
    const { object } = locate(name);
    const request = { method: 'POST', path: COLLECTION, object, content, accept: METADATA } as const;
    const { status, body } = await this.#connection.request({ ...request, expected: [409] }, signal);
    // An earlier attempt at the same request, or another client, has created it.
    const version = status === 409 ? await this.#patch(name, piece, signal) : versionOf(body);
    if (version === undefined)
      throw new RetryableError('cluster API unavailable', { detail: `ConfigMap ${name} was removed` });
    return version;
  }

  async remove(name: string, signal: AbortSignal): Promise<void> {
    await this.#connection.request({ method: 'DELETE', ...locate(name), expected: [404] }, signal);
  }

  /** Returns undefined where the ConfigMap does not exist. */
  async #patch(name: string, piece: StoredPiece, signal: AbortSignal): Promise<string | undefined> {
    const request = { method: 'PATCH', ...locate(name), patch: { data: piece }, expected: [404] } as const;
    const { status, body } = await this.#connection.request(request, signal);
    return status === 404 ? undefined : versionOf(body);
  }
}

function versionOf(body: unknown): string {
  return v.is(written, body) ? body.metadata.resourceVersion : '';
}

function locate(name: string): { readonly path: string; readonly object: string } {
  return { path: `${COLLECTION}/${name}`, object: `ConfigMap ${INDEX_NAMESPACE}/${name}` };
}
