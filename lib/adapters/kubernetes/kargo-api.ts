import * as v from 'valibot';
import { RetryableError } from '../../app/errors.ts';
import type { ClusterObject } from '../../app/ports.ts';
import type { SecretsManager } from '../aws/secrets-manager.ts';
import type { ClusterSettings } from '../settings/settings.ts';
import { ClusterConnection, type ConnectionOptions } from './cluster-connection.ts';
import { clusterCredentials } from './cluster-credentials.ts';
import { AnswerTooLargeError } from './cluster-errors.ts';
import type { ClusterRequest } from './cluster-pool.ts';

/** The fields that are kept of each object in a list. A Warehouse's status, which is most of its bytes, is not needed. */
const KINDS = {
  projectconfigs: { kind: 'ProjectConfig', fields: ['metadata', 'spec', 'status'] },
  clusterconfigs: { kind: 'ClusterConfig', fields: ['metadata', 'spec', 'status'] },
  warehouses: { kind: 'Warehouse', fields: ['metadata', 'spec'] },
  promotions: { kind: 'Promotion', fields: ['metadata', 'spec', 'status'] },
} as const;

/** The kinds of Kargo that are read or written here, by their plural names. */
export type KargoPlural = keyof typeof KINDS;

/** Objects of the first page of a list: 350 KB of usual Warehouses of 7 KB. */
const FIRST_PAGE_OBJECTS = 50;

/** Objects of one page at most, so that a page of small ones does not hold up the event loop. */
const MAX_PAGE_OBJECTS = 500;

/** A page is at most this many times as long as the one before, whose objects may have been smaller. */
const MAX_PAGE_GROWTH = 4;

/** Intended size of a page: half of the limit for one answer, because objects differ in size. */
const PAGE_BYTES = 4 * 1024 * 1024;

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

export type PatchResult = 'patched' | 'conflict' | 'gone';

/** Connects to the cluster that the settings name; nothing is sent before the first use. */
export function connectToKargo(
  settings: ClusterSettings,
  store: SecretsManager,
  options: ConnectionOptions,
): KargoApi {
  return new KargoApi(new ClusterConnection(clusterCredentials(settings, store), options));
}

/**
 * Kargo's API group on the cluster. Every method throws `RetryableError` where the cluster is unavailable, throttles, rejects the
 * credentials or forbids a read, and `TerminalError` where it rejects a request for good.
 */
export class KargoApi {
  readonly #connection: ClusterConnection;

  constructor(connection: ClusterConnection) {
    this.#connection = connection;
  }

  /**
   * Lists the objects of a namespace, or of all where it is empty, page by page. Pages are bounded by their bytes: one whose answer is
   * too large is requested again with half as many objects.
   */
  async *pages(
    plural: KargoPlural,
    namespace: string,
    signal: AbortSignal,
  ): AsyncGenerator<readonly ClusterObject[]> {
    let limit = FIRST_PAGE_OBJECTS;
    let next: string | undefined;
    for (;;) {
      const query = new URLSearchParams({ limit: String(limit), ...(next && { continue: next }) });
      const path = `${listPath(plural, namespace)}?${query.toString()}`;
      const page = await this.#readPage(plural, path, signal).catch((error: unknown) => {
        if (error instanceof AnswerTooLargeError && limit > 1) return undefined;
        throw error;
      });
      if (page === undefined) limit = Math.floor(limit / 2);
      else {
        yield page.objects;
        if (page.next === undefined) return;
        ({ next } = page);
        limit = nextLimit(limit, page.bytes / Math.max(1, page.objects.length));
      }
    }
  }

  /**
   * Reads an object.
   *
   * @param namespace - empty for a cluster-scoped object
   * @returns undefined where the object does not exist
   */
  async get(plural: KargoPlural, namespace: string, name: string, signal: AbortSignal): Promise<unknown> {
    const request = { method: 'GET', ...locate(plural, namespace, name), expected: [404] } as const;
    const answer = await this.#connection.request(request, signal);
    return answer.status === 404 ? undefined : answer.body;
  }

  /** Merge-patches an object, except its status. */
  async patch(
    plural: KargoPlural,
    namespace: string,
    name: string,
    body: object,
    signal: AbortSignal,
  ): Promise<PatchResult> {
    return this.#patch(locate(plural, namespace, name), body, signal);
  }

  /** Merge-patches the status subresource; `namespace` is empty for a cluster-scoped object. */
  async patchStatus(
    plural: KargoPlural,
    namespace: string,
    name: string,
    body: object,
    signal: AbortSignal,
  ): Promise<PatchResult> {
    const { path, object } = locate(plural, namespace, name);
    return this.#patch({ path: `${path}/status`, object }, body, signal);
  }

  async #patch(location: Location, patch: object, signal: AbortSignal): Promise<PatchResult> {
    // Without a resourceVersion, a conflict is one inside the API server, and is retried.
    const expected = v.is(conditionalPatch, patch) ? [404, 409] : [404];
    const request = { method: 'PATCH', ...location, patch, expected } as const;
    const { status } = await this.#connection.request(request, signal);
    if (status === 404) return 'gone';
    return status === 409 ? 'conflict' : 'patched';
  }

  async #readPage(plural: KargoPlural, path: string, signal: AbortSignal): Promise<Page> {
    const { kind, fields } = KINDS[plural];
    const answer = await this.#connection.request({ method: 'GET', path, object: `${kind} list` }, signal);
    if (!v.is(listPage, answer.body))
      throw new RetryableError('cluster API unavailable', { detail: `the ${kind} list cannot be read` });
    const { items, metadata } = answer.body;
    return {
      objects: items.map((item) => ({
        name: item.metadata.name,
        namespace: item.metadata.namespace ?? '',
        uid: item.metadata.uid ?? '',
        content: Object.fromEntries(fields.map((field) => [field, item[field]])),
      })),
      next: metadata?.continue || undefined,
      bytes: answer.bytes,
    };
  }
}

interface Page {
  readonly objects: readonly ClusterObject[];
  /** The continue token of the next page; undefined after the last. */
  readonly next: string | undefined;
  readonly bytes: number;
}

const conditionalPatch = v.object({ metadata: v.object({ resourceVersion: v.string() }) });

function nextLimit(limit: number, bytesPerObject: number): number {
  const aim = Math.floor(PAGE_BYTES / bytesPerObject);
  return Math.max(1, Math.min(aim, limit * MAX_PAGE_GROWTH, MAX_PAGE_OBJECTS));
}

type Location = Pick<ClusterRequest, 'path' | 'object'>;

function locate(plural: KargoPlural, namespace: string, name: string): Location {
  const object = `${KINDS[plural].kind} ${namespace === '' ? '' : `${namespace}/`}${name}`;
  return { path: `${listPath(plural, namespace)}/${encodeURIComponent(name)}`, object };
}

function listPath(plural: KargoPlural, namespace: string): string {
  const scope = namespace === '' ? '' : `namespaces/${encodeURIComponent(namespace)}/`;
  return `/apis/kargo.akuity.io/v1alpha1/${scope}${plural}`;
}
