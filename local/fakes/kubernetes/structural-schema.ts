import { Ajv, type ErrorObject } from 'ajv';
import { isRecord, type JsonRecord } from './kubernetes-object.ts';
import type { FieldFault } from './status-error.ts';

/** The part of a CustomResourceDefinition's schema that shapes objects; the validator reads the rest of it. */
export interface StructuralSchema {
  readonly properties?: Readonly<Record<string, StructuralSchema>>;
  readonly items?: StructuralSchema;
  readonly default?: unknown;
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean;
  readonly [keyword: string]: unknown;
}

/**
 * Prunes and defaults a value as the API server does before it validates: removes fields that the schema neither names
 * nor preserves, removes nulls of the fields that it names, and sets defaults of absent fields.
 */
export function shape(schema: StructuralSchema, value: unknown): unknown {
  const { items } = schema;
  if (Array.isArray(value)) return items ? value.map((item) => shape(items, item)) : value;
  return isRecord(value) ? shapeRecord(schema, value) : value;
}

function shapeRecord(schema: StructuralSchema, record: JsonRecord): JsonRecord {
  const properties = new Map(Object.entries(schema.properties ?? {}));
  const kept = new Map<string, unknown>();
  for (const [name, value] of Object.entries(record)) {
    const property = properties.get(name);
    if (property ? value !== null : schema['x-kubernetes-preserve-unknown-fields'])
      kept.set(name, property ? shape(property, value) : value);
  }
  for (const [name, property] of properties) {
    if (!kept.has(name) && property.default !== undefined) kept.set(name, shape(property, property.default));
  }
  return Object.fromEntries(kept);
}

const ajv = new Ajv({
  allErrors: true,
  // Schemas of CustomResourceDefinitions carry keywords (x-kubernetes-…) that JSON Schema does not know.
  strict: false,
  // Errors carry the invalid value.
  verbose: true,
  formats: { int64: true, 'date-time': /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/i },
  keywords: [
    {
      keyword: 'x-kubernetes-list-map-keys',
      type: 'array',
      validate: (keys: readonly string[], list: readonly unknown[]) => hasUniqueKeys(keys, list),
    },
  ],
});

function hasUniqueKeys(keys: readonly string[], list: readonly unknown[]): boolean {
  const identities = list.map((item) => JSON.stringify(keys.map((key) => isRecord(item) && item[key])));
  return new Set(identities).size === list.length;
}

/** Compiles a schema into a function that returns the fields of an object that break it. CEL rules are not evaluated. */
export function compileValidator(schema: StructuralSchema): (object: unknown) => FieldFault[] {
  const validate = ajv.compile(schema);
  return (object) => (validate(object) ? [] : (validate.errors ?? []).map(toFieldFault));
}

function toFieldFault({ keyword, instancePath, params, message, data }: ErrorObject): FieldFault {
  const field = toFieldPath(instancePath);
  const value = JSON.stringify(data);
  switch (keyword) {
    case 'required': {
      const missing = String(params['missingProperty']);
      const path = field ? `${field}.${missing}` : missing;
      return { reason: 'FieldValueRequired', message: 'Required value', field: path };
    }
    case 'type': {
      const actual = typeName(data);
      const rule = `${field} in body must be of type ${String(params['type'])}: "${actual}"`;
      return { reason: 'FieldValueTypeInvalid', message: `Invalid value: "${actual}": ${rule}`, field };
    }
    case 'enum':
      return { reason: 'FieldValueNotSupported', message: `Unsupported value: ${value}: ${message}`, field };
    case 'x-kubernetes-list-map-keys':
      return { reason: 'FieldValueDuplicate', message: 'Duplicate value', field };
    default:
      return { reason: 'FieldValueInvalid', message: `Invalid value: ${value}: ${message}`, field };
  }
}

/** Turns a JSON pointer into a field path: `/spec/subscriptions/0` into `spec.subscriptions[0]`. */
function toFieldPath(pointer: string): string {
  const names = pointer.split('/').map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~'));
  return names.reduce((path, name) => {
    if (/^\d+$/.test(name)) return `${path}[${name}]`;
    return path ? `${path}.${name}` : name;
  });
}

function typeName(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return Number.isInteger(value) ? 'integer' : typeof value;
}
