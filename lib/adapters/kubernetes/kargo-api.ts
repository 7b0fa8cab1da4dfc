import * as v from 'valibot';
import type { ClusterObject } from '../../app/ports.ts';
import { RetryableError } from '../../app/errors.ts';
import type { ClusterConnection } from './cluster-connection.ts';
import { callCluster, isStatus, type ClusterRequest } from './cluster-call.ts';

/** The kinds of Kargo that are read or written here, by their plural names. */
export type KargoPlural = 'projectconfigs' | 'clusterconfigs' | 'warehouses' | 'promotions';

/** Objects of one page of a list: a Warehouse is about 7 KB, so a page stays below 4 MB. */
const PAGE_SIZE = 500;

const GROUP = { group: 'kargo.akuity.io', version: 'v1alpha1' } as const;
const MERGE_PATCH = 'application/merge-patch+json';

const listPage = v.object({
  metadata: v.optional(v.object({ continue: v.optional(v.string()) })),
  items: v.array(
    v.looseObject({
      metadata: v.looseObject({
        name: v.string(),
        namespace: v.optional(v.string()),
        uid: v.optional(v.string()),
      }),
    }),
  ),
});

/** Kargo's API group on the cluster. Every method raises `RetryableError` where the cluster is away, throttles or refuses. */
export class KargoApi {
  readonly #connection: ClusterConnection;

  constructor(connection: ClusterConnection) {
    this.#connection = connection;
  }

  /** Gives the objects of a namespace, or of all where it is empty, page by page. */
  async *pages(
    plural: KargoPlural,
    namespace: string,
    signal: AbortSignal,
  ): AsyncGenerator<readonly ClusterObject[]> {
    let next: string | undefined;
    do {
      const page: unknown = await callCluster(
        this.#connection,
        (api, options) => {
          const query = {
            ...GROUP,
            plural,
            limit: PAGE_SIZE,
            ...(next === undefined ? {} : { _continue: next }),
          };
          return namespace === ''
            ? api.listClusterCustomObject(query, options)
            : api.listNamespacedCustomObject({ ...query, namespace }, options);
        },
        { signal },
      ).catch(unavailableOn404);
      if (!v.is(listPage, page))
        throw new RetryableError('cluster API is in trouble', { detail: 'its list cannot be read' });
      const { items, metadata } = page;
      yield items.map((content) => ({
        name: content.metadata.name,
        namespace: content.metadata.namespace ?? '',
        uid: content.metadata.uid ?? '',
        content,
      }));
      next = metadata?.continue || undefined;
    } while (next !== undefined);
  }

  /** Gives an object as it is now, or undefined where it is gone. `namespace` is empty for a cluster-scoped one. */
  async get(plural: KargoPlural, namespace: string, name: string, signal: AbortSignal): Promise<unknown> {
    const id = { ...GROUP, plural, name };
    return callCluster<unknown>(
      this.#connection,
      (api, options) =>
        namespace === ''
          ? api.getClusterCustomObject(id, options)
          : api.getNamespacedCustomObject({ ...id, namespace }, options),
      { signal },
    ).catch(undefinedOn404);
  }

  /** Merge-patches metadata of a namespaced object. */
  async patch(
    plural: KargoPlural,
    namespace: string,
    name: string,
    body: object,
    signal: AbortSignal,
  ): Promise<PatchResult> {
    return this.#mergePatch(
      (api, options) => api.patchNamespacedCustomObject({ ...GROUP, plural, namespace, name, body }, options),
      signal,
    );
  }

  /** Merge-patches the status subresource; `namespace` is empty for a cluster-scoped object. */
  async patchStatus(
    plural: KargoPlural,
    namespace: string,
    name: string,
    body: object,
    signal: AbortSignal,
  ): Promise<PatchResult> {
    const id = { ...GROUP, plural, name, body };
    return this.#mergePatch(
      (api, options) =>
        namespace === ''
          ? api.patchClusterCustomObjectStatus(id, options)
          : api.patchNamespacedCustomObjectStatus({ ...id, namespace }, options),
      signal,
    );
  }

  async #mergePatch(request: ClusterRequest<unknown>, signal: AbortSignal): Promise<PatchResult> {
    try {
      await callCluster(this.#connection, request, { signal, contentType: MERGE_PATCH });
      return 'patched';
    } catch (error) {
      if (isStatus(error, 404)) return 'gone';
      if (isStatus(error, 409)) return 'conflict';
      throw error;
    }
  }
}

export type PatchResult = 'patched' | 'conflict' | 'gone';

/** A list of what there is none of is empty; not found is a kind that the cluster does not serve, or not yet. */
function unavailableOn404(cause: unknown): never {
  if (isStatus(cause, 404)) throw new RetryableError('cluster API does not know Kargo', { cause });
  throw cause;
}

function undefinedOn404(error: unknown): undefined {
  if (isStatus(error, 404)) return undefined;
  throw error;
}
