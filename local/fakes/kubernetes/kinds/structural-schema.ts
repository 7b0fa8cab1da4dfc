import { isRecord, type JsonRecord } from '../kubernetes-object.ts';

/** The part of a CustomResourceDefinition's OpenAPI schema that the kinds of `crds/` use. */
export interface StructuralSchema {
  type?: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean';
  properties?: Record<string, StructuralSchema>;
  items?: StructuralSchema;
  required?: string[];
  default?: unknown;
  enum?: string[];
  pattern?: string;
  format?: string;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  minimum?: number;
  'x-kubernetes-preserve-unknown-fields'?: boolean;
  'x-kubernetes-list-type'?: 'atomic' | 'map' | 'set';
  'x-kubernetes-list-map-keys'?: string[];
  'x-kubernetes-validations'?: { rule: string; message: string }[];
}

/** The schema of a property, if the schema names it. */
export function propertyOf(schema: StructuralSchema, name: string): StructuralSchema | undefined {
  return schema.properties && Object.hasOwn(schema.properties, name) ? schema.properties[name] : undefined;
}

/**
 * Gives `value` as the API keeps it: fields that the schema does not name are dropped, unless it preserves them; so are
 * nulls, which none of the fields that it names may be; absent fields get their default.
 */
export function shaped(schema: StructuralSchema, value: unknown): unknown {
  const { items } = schema;
  if (Array.isArray(value)) return items ? value.map((item) => shaped(items, item)) : value;
  return isRecord(value) ? shapedRecord(schema, value) : value;
}

function shapedRecord(schema: StructuralSchema, record: JsonRecord): JsonRecord {
  const kept: [string, unknown][] = [];
  for (const [name, value] of Object.entries(record)) {
    const property = propertyOf(schema, name);
    if (property && value !== null) kept.push([name, shaped(property, value)]);
    if (!property && schema['x-kubernetes-preserve-unknown-fields']) kept.push([name, value]);
  }
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const isAbsent = record[name] === undefined || record[name] === null;
    if (isAbsent && property.default !== undefined) kept.push([name, shaped(property, property.default)]);
  }
  return Object.fromEntries(kept);
}
