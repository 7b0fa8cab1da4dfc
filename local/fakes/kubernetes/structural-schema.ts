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
  // The schemas are Kargo's own. Each is compiled for a few objects, which checks and optimizations do not pay for.
  validateSchema: false,
  code: { optimize: false },
  formats: { int64: true, 'date-time': /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/i },
  keywords: [{ keyword: 'x-kubernetes-list-map-keys', type: 'array', validate: hasUniqueKeys }],
});

function hasUniqueKeys(keys: readonly string[], list: readonly unknown[]): boolean {
  const identities = list.map((item) => JSON.stringify(keys.map((key) => isRecord(item) && item[key])));
  return new Set(identities).size === list.length;
}

/** Compiles a schema into a function that returns the fields of an object that break it. CEL rules are not evaluated. */
export function compileValidator(schema: StructuralSchema): (object: unknown) => FieldFault[] {
  // Ajv compiles a schema at its first use, so that unused kinds are not compiled.
  return (object) => (ajv.validate(schema, object) ? [] : (ajv.errors ?? []).map(toFieldFault));
}

const REASONS: Readonly<Record<string, string>> = {
  required: 'FieldValueRequired',
  type: 'FieldValueTypeInvalid',
  enum: 'FieldValueNotSupported',
  'x-kubernetes-list-map-keys': 'FieldValueDuplicate',
};

function toFieldFault({ keyword, instancePath, params, message, data }: ErrorObject): FieldFault {
  const reason = REASONS[keyword] ?? 'FieldValueInvalid';
  if (keyword === 'required') {
    const field = toFieldPath(`${instancePath}/${String(params['missingProperty'])}`);
    return { reason, message: 'Required value', field };
  }
  const field = toFieldPath(instancePath);
  return { reason, message: `Invalid value: ${JSON.stringify(data)}: ${message}`, field };
}

/** Turns a JSON pointer into a field path: `/spec/subscriptions/0` into `spec.subscriptions[0]`. */
function toFieldPath(pointer: string): string {
  const path = pointer
    .replaceAll(/\/(\d+)(?=\/|$)/g, '[$1]')
    .replaceAll('/', '.')
    .replace(/^\./, '');
  return path.replaceAll('~1', '/').replaceAll('~0', '~');
}
