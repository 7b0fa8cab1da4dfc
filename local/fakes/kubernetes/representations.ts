import { isRecord, type KubernetesObject } from './kubernetes-object.ts';
import type { ResourceKind } from './resource-kinds.ts';

/** The forms in which the API returns a list: whole objects, their metadata alone, or a table. */
export type Representation = 'objects' | 'metadata' | 'table';

const META = 'meta.k8s.io/v1';

/** Selects the representation that the first understood entry of an `Accept` header asks for. */
export function representationOf(accept: string | undefined): Representation {
  for (const entry of (accept ?? '').split(',')) {
    const parameters = new Set(entry.split(';').map((part) => part.trim()));
    if (!parameters.has('g=meta.k8s.io') || !parameters.has('v=v1')) {
      if (parameters.has('application/json') && parameters.size === 1) return 'objects';
      continue;
    }
    if (parameters.has('as=PartialObjectMetadataList') || parameters.has('as=PartialObjectMetadata'))
      return 'metadata';
    if (parameters.has('as=Table')) return 'table';
  }
  return 'objects';
}

/** Returns the metadata of an object, as the API represents it by itself. */
export function toMetadata({ metadata }: KubernetesObject): object {
  return { kind: 'PartialObjectMetadata', apiVersion: META, metadata };
}

/** Returns the metadata of a list's objects. Where there is none, the API has null instead of a list. */
export function toMetadataList(items: readonly KubernetesObject[], metadata: object): object {
  return {
    kind: 'PartialObjectMetadataList',
    apiVersion: META,
    metadata,
    items: items.length === 0 ? null : items.map(toMetadata),
  };
}

/**
 * Returns a list as a table with the columns of the kind.
 *
 * @param withMetadata - whether each row has the metadata of its object
 */
export function toTable(
  { columns }: ResourceKind,
  items: readonly KubernetesObject[],
  metadata: object,
  withMetadata: boolean,
): object {
  const definitions = columns.map(({ name, type }) => ({ name, type, format: '', priority: 0 }));
  return {
    kind: 'Table',
    apiVersion: META,
    metadata,
    columnDefinitions: [{ name: 'Name', type: 'string', format: 'name', priority: 0 }, ...definitions],
    rows: items.map((item) => ({
      cells: [item.metadata.name, ...columns.map((column) => cellOf(item, column.jsonPath, column.type))],
      object: withMetadata ? toMetadata(item) : null,
    })),
  };
}

function cellOf(object: KubernetesObject, jsonPath: string, type: string): unknown {
  // A dot that belongs to a name is escaped.
  const names = jsonPath.split(/(?<!\\)\./).slice(1);
  let value: unknown = object;
  for (const name of names) value = isRecord(value) ? value[name.replaceAll(String.raw`\.`, '.')] : undefined;
  if (type !== 'date' || typeof value !== 'string') return value ?? null;
  return `${Math.max(0, Math.round((Date.now() - Date.parse(value)) / 1_000))}s`;
}
