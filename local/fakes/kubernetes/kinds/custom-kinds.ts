import { readdirSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';
import type { ResourceKind } from './resource-kind.ts';
import { schemaFaults } from './schema-faults.ts';
import { hasRules, preventRules, ruleFaults, RULES_NOT_CHECKED } from './schema-rules.ts';
import { propertyOf, shaped, type StructuralSchema } from './structural-schema.ts';
import { unknownFields } from './unknown-fields.ts';

interface CustomResourceDefinition {
  spec: {
    group: string;
    scope: 'Namespaced' | 'Cluster';
    names: { kind: string; listKind: string; plural: string; singular: string; shortNames?: string[] };
    versions: [
      { name: string; subresources?: { status?: object }; schema: { openAPIV3Schema: StructuralSchema } },
    ];
  };
}

/** The definitions in `crds/`: as much of Kargo's own as matters here, so that a real API server can load them too. */
export const DEFINITIONS_FOLDER: URL = new URL('../crds/', import.meta.url);

/** Reads the kinds that the definitions in {@link DEFINITIONS_FOLDER} declare. */
export function customKinds(): ResourceKind[] {
  const files = readdirSync(DEFINITIONS_FOLDER).filter((name) => name.endsWith('.yaml'));
  return files.map((name) => kindOf(parse(readFileSync(new URL(name, DEFINITIONS_FOLDER), 'utf8'))));
}

function kindOf({ spec }: CustomResourceDefinition): ResourceKind {
  const [version] = spec.versions;
  const schema = withoutObjectHead(version.schema.openAPIV3Schema);
  return {
    ...spec.names,
    shortNames: spec.names.shortNames ?? [],
    group: spec.group,
    version: version.name,
    namespaced: spec.scope === 'Namespaced',
    hasStatus: version.subresources?.status !== undefined,
    custom: true,
    complete: ({ apiVersion, kind, metadata, ...content }) => {
      return { apiVersion, kind, metadata, ...(shaped(schema, content) as object) };
    },
    unknownFields: ({ apiVersion: _version, kind: _kind, metadata: _metadata, ...content }) =>
      unknownFields(schema, content, ''),
    faults: ({ apiVersion: _version, kind: _kind, metadata: _metadata, ...content }) => {
      const faults = schemaFaults(schema, content, '');
      if (!hasRules(schema)) return faults;
      return [...faults, ...(preventRules(faults) ? [RULES_NOT_CHECKED] : ruleFaults(schema, content, ''))];
    },
    statusFaults: ({ status = {} }) =>
      // The paths within the words start at status; only those beside them start at the object.
      schemaFaults(propertyOf(schema, 'status') ?? {}, status, '').map((fault) => {
        return { ...fault, field: fault.field ? `status.${fault.field}` : 'status' };
      }),
  };
}

/** Every kind has these three and the API server minds them itself: a definition only says that they are there. */
function withoutObjectHead(schema: StructuralSchema): StructuralSchema {
  const { apiVersion: _version, kind: _kind, metadata: _metadata, ...properties } = schema.properties ?? {};
  return { ...schema, properties };
}
