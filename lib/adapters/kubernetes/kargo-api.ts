import * as v from 'valibot';
import type { ObjectName, ObjectVersion } from '../../core/kargo/object-name.ts';
import type { ClusterObject } from '../../app/ports.ts';
import type { ClusterConnection } from './cluster-connection.ts';
import { readAnswer } from './cluster-errors.ts';
import type { ClusterRequest } from './cluster-pool.ts';
import { listPages, METADATA_LIST, type ListOptions } from './list-pages.ts';

/** The fields that are kept of each object in a list. A Warehouse's status, which is most of its bytes, is not needed. */
const KINDS = {
  projectconfigs: { kind: 'ProjectConfig', fields: ['metadata', 'spec', 'status'] },
  clusterconfigs: { kind: 'ClusterConfig', fields: ['metadata', 'spec', 'status'] },
  warehouses: { kind: 'Warehouse', fields: ['metadata', 'spec'] },
  promotions: { kind: 'Promotion', fields: ['metadata', 'spec', 'status'] },
  stages: { kind: 'Stage', fields: ['metadata', 'spec'] },
} as const;

/** The kinds of Kargo that are read or written here, by their plural names. */
export type KargoPlural = keyof typeof KINDS;

/** Rows of one page at most, where the objects themselves, of which a few hundred bytes are left, are not in it. */
const MAX_PAGE_ROWS = 5_000;

const TABLE = 'application/json;as=Table;g=meta.k8s.io;v=v1,application/json';

const objectMetadata = v.looseObject({
  name: v.string(),
  namespace: v.optional(v.string(), ''),
  uid: v.optional(v.string(), ''),
  generation: v.optional(v.unknown()),
});
const objectPage = v.object({
  items: v.array(v.looseObject({ metadata: objectMetadata })),
});
const metadataPage = v.object({ items: v.nullish(v.array(v.object({ metadata: objectMetadata })), []) });
const tablePage = v.object({
  kind: v.literal('Table'),
  columnDefinitions: v.array(v.object({ name: v.string() })),
  rows: v.nullish(
    v.array(
      v.object({ cells: v.array(v.unknown()), object: v.nullish(v.object({ metadata: objectMetadata })) }),
    ),
    [],
  ),
});

export type PatchResult = 'patched' | 'conflict' | 'gone';

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
   *
   * @param options.maxAttempts - attempts at each request
   * @param options.fields - the fields that are kept of each object. Default: those that events are judged by
   */
  async *pages(
    plural: KargoPlural,
    namespace: string,
    signal: AbortSignal,
    { fields = KINDS[plural].fields, ...options }: PageOptions = {},
  ): AsyncGenerator<readonly ClusterObject[]> {
    for await (const body of this.#answers(plural, namespace, signal, options)) {
      const { items } = readAnswer(objectPage, listName(plural), body);
      yield items.map(({ metadata, ...item }) => ({
        name: metadata.name,
        namespace: metadata.namespace,
        uid: metadata.uid,
        content: Object.fromEntries(
          fields.map((field) => [field, field === 'metadata' ? metadata : item[field]]),
        ),
      }));
    }
  }

  /** Lists which objects there are, in which version of their specs, without the objects themselves. */
  async *versions(
    plural: KargoPlural,
    namespace: string,
    signal: AbortSignal,
  ): AsyncGenerator<readonly ObjectVersion[]> {
    const options = { accept: METADATA_LIST, maxObjects: MAX_PAGE_ROWS };
    for await (const body of this.#answers(plural, namespace, signal, options)) {
      const { items } = readAnswer(metadataPage, listName(plural), body);
      yield items.map(({ metadata }) => {
        const { namespace: inNamespace, name, uid, generation } = metadata;
        return {
          namespace: inNamespace,
          name,
          uid,
          generation: typeof generation === 'number' ? generation : 0,
        };
      });
    }
  }

  /**
   * Lists the names of the objects whose cell in a column of the kind's table has this value, without the objects themselves.
   *
   * @returns undefined where the cluster has no such table, or the table no such column
   */
  async namesByCell(
    plural: KargoPlural,
    namespace: string,
    { column, value }: { readonly column: string; readonly value: string },
    signal: AbortSignal,
  ): Promise<ObjectName[] | undefined> {
    const names: ObjectName[] = [];
    // The metadata is most of a row. In one namespace the name is enough, which is the first cell.
    const includeObject = namespace === '' ? 'Metadata' : 'None';
    const options = { accept: TABLE, maxObjects: MAX_PAGE_ROWS, query: { includeObject } };
    for await (const body of this.#answers(plural, namespace, signal, options)) {
      const { success, output } = v.safeParse(tablePage, body);
      if (!success) return undefined;
      const { columnDefinitions, rows } = output;
      const position = columnDefinitions.findIndex(({ name }) => name === column);
      if (position < 0) return undefined;
      for (const { cells, object } of rows) {
        if (cells[position] !== value) continue;
        const {
          namespace: inNamespace = namespace,
          name = String(cells[0]),
          uid = '',
        } = object?.metadata ?? {};
        names.push({ namespace: inNamespace, name, uid });
      }
    }
    return names;
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

  #answers(
    plural: KargoPlural,
    namespace: string,
    signal: AbortSignal,
    options: ListOptions,
  ): AsyncGenerator {
    const list = { path: listPath(plural, namespace), object: `${KINDS[plural].kind} list` };
    return listPages(this.#connection, list, signal, options);
  }
}

interface PageOptions extends Pick<ClusterRequest, 'maxAttempts'> {
  readonly fields?: readonly string[];
}

const conditionalPatch = v.object({ metadata: v.object({ resourceVersion: v.string() }) });

function listName(plural: KargoPlural): string {
  return `the ${KINDS[plural].kind} list`;
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
