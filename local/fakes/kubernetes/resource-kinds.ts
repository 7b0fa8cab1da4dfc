import { readdirSync, readFileSync } from 'node:fs';
import type { V1CustomResourceDefinition } from '@kubernetes/client-node';
import { load } from 'js-yaml';
import { isRecord, type KubernetesObject } from './kubernetes-object.ts';
import type { FieldFault } from './status-error.ts';
import { compileValidator, shape, type StructuralSchema } from './structural-schema.ts';

/** A column of the table of a kind; `jsonPath` is a path of names, such as `.status.phase`. */
interface PrinterColumn {
  readonly name: string;
  readonly type: string;
  readonly jsonPath: string;
}

/** What the fake needs to know about a kind in order to serve its objects. */
export interface ResourceKind {
  /** Empty for the core API. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly namespaced: boolean;
  /** True when status is a subresource, which only writes to `…/status` change. */
  readonly hasStatus: boolean;
  /** True when `metadata.generation` counts changes of everything but metadata and status. */
  readonly hasGeneration: boolean;
  /** The columns of a table besides the name. */
  readonly columns: readonly PrinterColumn[];
  /** Returns the object as it is stored: pruned, with defaults. */
  readonly complete: (object: KubernetesObject) => KubernetesObject;
  /** Returns the fields that break the kind's rules. */
  readonly validate: (object: unknown) => FieldFault[];
}

/** The definitions of Kargo's kinds. They are excerpts of Kargo's own, and a real API server loads them, too. */
export const DEFINITIONS_FOLDER: URL = new URL('crds/', import.meta.url);

const DNS_SUBDOMAIN = '^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$';
const STRING_MAP = { type: 'object', additionalProperties: { type: 'string' } };

/** The rules for the metadata of every object. */
const METADATA_SCHEMA = {
  type: 'object',
  required: ['name'],
  properties: {
    name: { type: 'string', maxLength: 253, pattern: DNS_SUBDOMAIN },
    labels: STRING_MAP,
    annotations: STRING_MAP,
    ownerReferences: { type: 'array', items: { type: 'object' } },
  },
};

const CORE = {
  group: '',
  version: 'v1',
  hasStatus: false,
  hasGeneration: false,
  columns: [],
  validate: compileValidator({ properties: { metadata: METADATA_SCHEMA, data: STRING_MAP } }),
};

export const NAMESPACE: ResourceKind = {
  ...CORE,
  kind: 'Namespace',
  plural: 'namespaces',
  namespaced: false,
  complete: ({ apiVersion, kind, metadata }) => {
    const labels = { ...metadata.labels, 'kubernetes.io/metadata.name': metadata.name ?? '' };
    return { apiVersion, kind, metadata: { ...metadata, labels }, status: { phase: 'Active' } };
  },
};

const SECRET: ResourceKind = {
  ...CORE,
  kind: 'Secret',
  plural: 'secrets',
  namespaced: true,
  complete: ({ apiVersion, kind, metadata, data, stringData, type = 'Opaque' }) => {
    const texts = isRecord(stringData) ? Object.entries(stringData) : [];
    const encoded = texts.map(([key, text]) => [key, Buffer.from(String(text)).toString('base64')]);
    const bytes = { ...(isRecord(data) && data), ...Object.fromEntries(encoded) };
    return { apiVersion, kind, metadata, data: bytes, type };
  },
};

const CONFIG_MAP: ResourceKind = {
  ...CORE,
  kind: 'ConfigMap',
  plural: 'configmaps',
  namespaced: true,
  complete: ({ apiVersion, kind, metadata, data }) => ({
    apiVersion,
    kind,
    metadata,
    ...(isRecord(data) && { data }),
  }),
};

function toResourceKind({ spec }: V1CustomResourceDefinition): ResourceKind {
  const { group, scope, names, versions } = spec;
  const [version] = versions;
  const schema = (version?.schema?.openAPIV3Schema ?? {}) as StructuralSchema;
  const { properties, ...rules } = schema;
  return {
    group,
    version: version?.name ?? '',
    kind: names.kind,
    plural: names.plural,
    namespaced: scope === 'Namespaced',
    hasStatus: version?.subresources?.status !== undefined,
    hasGeneration: true,
    columns: version?.additionalPrinterColumns ?? [],
    complete: ({ apiVersion, kind, metadata, ...content }) => {
      return { apiVersion, kind, metadata, ...(shape(schema, content) as object) };
    },
    validate: compileValidator({ ...rules, properties: { ...properties, metadata: METADATA_SCHEMA } }),
  };
}

/** Every kind that the fake serves. A further built-in kind is one more entry here. */
export const RESOURCE_KINDS: readonly ResourceKind[] = [
  NAMESPACE,
  SECRET,
  CONFIG_MAP,
  ...readdirSync(DEFINITIONS_FOLDER).map((name) =>
    toResourceKind(
      load(readFileSync(new URL(name, DEFINITIONS_FOLDER), 'utf8')) as V1CustomResourceDefinition,
    ),
  ),
];

/** Returns the `apiVersion` of the kind's objects. */
export function apiVersionOf({ group, version }: ResourceKind): string {
  return group ? `${group}/${version}` : version;
}
