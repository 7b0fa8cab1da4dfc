import { readdirSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { isRecord, type KubernetesObject } from './kubernetes-object.ts';
import type { FieldFault } from './status-error.ts';
import { compileValidator, shape, type StructuralSchema } from './structural-schema.ts';

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

const CORE = { group: '', version: 'v1', hasStatus: false, hasGeneration: false };

export const NAMESPACE: ResourceKind = {
  ...CORE,
  kind: 'Namespace',
  plural: 'namespaces',
  namespaced: false,
  complete: ({ apiVersion, kind, metadata }) => ({
    apiVersion,
    kind,
    metadata: {
      ...metadata,
      labels: { ...metadata.labels, 'kubernetes.io/metadata.name': metadata.name ?? '' },
    },
    spec: { finalizers: ['kubernetes'] },
    status: { phase: 'Active' },
  }),
  validate: compileValidator({ properties: { metadata: METADATA_SCHEMA } }),
};

const SECRET: ResourceKind = {
  ...CORE,
  kind: 'Secret',
  plural: 'secrets',
  namespaced: true,
  complete: ({ apiVersion, kind, metadata, data, stringData, type = 'Opaque' }) => ({
    apiVersion,
    kind,
    metadata,
    data: isRecord(stringData) ? { ...(data as object), ...encodeValues(stringData) } : data,
    type,
  }),
  validate: compileValidator({ properties: { metadata: METADATA_SCHEMA, data: STRING_MAP } }),
};

function encodeValues(texts: Record<string, unknown>): Record<string, string> {
  const encode = (text: unknown): string => Buffer.from(String(text)).toString('base64');
  return Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, encode(text)]));
}

interface CustomResourceDefinition {
  readonly spec: {
    readonly group: string;
    readonly scope: 'Namespaced' | 'Cluster';
    readonly names: { readonly kind: string; readonly plural: string };
    readonly versions: readonly [
      {
        readonly name: string;
        readonly subresources?: { readonly status?: object };
        readonly schema: { readonly openAPIV3Schema: StructuralSchema };
      },
    ];
  };
}

function toResourceKind({ spec }: CustomResourceDefinition): ResourceKind {
  const [{ name: version, subresources, schema }] = spec.versions;
  const { properties, ...rules } = schema.openAPIV3Schema;
  return {
    group: spec.group,
    version,
    kind: spec.names.kind,
    plural: spec.names.plural,
    namespaced: spec.scope === 'Namespaced',
    hasStatus: subresources?.status !== undefined,
    hasGeneration: true,
    complete: ({ apiVersion, kind, metadata, ...content }) => {
      return { apiVersion, kind, metadata, ...(shape(schema.openAPIV3Schema, content) as object) };
    },
    validate: compileValidator({ ...rules, properties: { ...properties, metadata: METADATA_SCHEMA } }),
  };
}

function readDefinitions(): CustomResourceDefinition[] {
  const files = readdirSync(DEFINITIONS_FOLDER).filter((name) => name.endsWith('.yaml'));
  return files.map((name) => parse(readFileSync(new URL(name, DEFINITIONS_FOLDER), 'utf8')));
}

/** Every kind that the fake serves. A further built-in kind is one more entry here. */
export const RESOURCE_KINDS: readonly ResourceKind[] = [
  NAMESPACE,
  SECRET,
  ...readDefinitions().map(toResourceKind),
];

/** Returns the `apiVersion` of the kind's objects. */
export function apiVersionOf({ group, version }: ResourceKind): string {
  return group ? `${group}/${version}` : version;
}
