import { isRecord, type JsonRecord } from '../kubernetes-object.ts';
import { stringFaults } from './schema-string-faults.ts';
import type { FieldFault } from '../status-error.ts';
import { propertyOf, type StructuralSchema } from './structural-schema.ts';

/**
 * Compares a value with its schema and gives what breaks it, in the API server's own words.
 * `field` is the value's path, as in `spec.subscriptions[0]`, and empty for the whole.
 */
export function schemaFaults(schema: StructuralSchema, value: unknown, field: string): FieldFault[] {
  const wrongType = typeFault(schema, value, field);
  if (wrongType) return [wrongType];
  if (typeof value === 'string') return stringFaults(schema, value, field);
  if (typeof value === 'number') return numberFaults(schema, value, field);
  if (Array.isArray(value)) return listFaults(schema, value, field);
  return isRecord(value) ? recordFaults(schema, value, field) : [];
}

function typeFault({ type }: StructuralSchema, value: unknown, field: string): FieldFault | undefined {
  const actual = typeName(value);
  if (type === undefined || type === actual || (type === 'number' && actual === 'integer')) return undefined;
  const message = `Invalid value: "${actual}": ${field} in body must be of type ${type}: "${actual}"`;
  return { reason: 'FieldValueTypeInvalid', message, field };
}

function typeName(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return Number.isInteger(value) ? 'integer' : typeof value;
}

function numberFaults({ minimum }: StructuralSchema, value: number, field: string): FieldFault[] {
  if (minimum === undefined || value >= minimum) return [];
  const message = `Invalid value: ${value}: ${field} in body should be greater than or equal to ${minimum}`;
  return [{ reason: 'FieldValueInvalid', message, field }];
}

function listFaults(schema: StructuralSchema, list: unknown[], field: string): FieldFault[] {
  const faults: FieldFault[] = [];
  const { minItems = 0, items = {} } = schema;
  if (list.length < minItems) {
    const message = `Invalid value: ${list.length}: ${field} in body should have at least ${minItems} items`;
    faults.push({ reason: 'FieldValueInvalid', message, field });
  }
  faults.push(...list.flatMap((item, index) => schemaFaults(items, item, `${field}[${index}]`)));
  return [...faults, ...duplicates(schema, list, field)];
}

/** A list of the type `map` has one item for each value of its keys. */
function duplicates(schema: StructuralSchema, list: unknown[], field: string): FieldFault[] {
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  const seen = new Set<string>();
  return list.flatMap((item, index) => {
    if (keys.length === 0 || !isRecord(item)) return [];
    const key = JSON.stringify(Object.fromEntries(keys.map((name) => [name, item[name]])));
    const isFirst = !seen.has(key);
    seen.add(key);
    if (isFirst) return [];
    return [
      { reason: 'FieldValueDuplicate', message: `Duplicate value: ${key}`, field: `${field}[${index}]` },
    ];
  });
}

function recordFaults(schema: StructuralSchema, record: JsonRecord, field: string): FieldFault[] {
  const at = (name: string): string => (field ? `${field}.${name}` : name);
  const missing = (schema.required ?? []).filter((name) => record[name] === undefined);
  return [
    ...Object.entries(record).flatMap(([name, value]) =>
      schemaFaults(propertyOf(schema, name) ?? {}, value, at(name)),
    ),
    ...missing.map((name) => ({ reason: 'FieldValueRequired', message: 'Required value', field: at(name) })),
  ];
}
