import { isRecord } from '../kubernetes-object.ts';
import { propertyOf, type StructuralSchema } from './structural-schema.ts';

/** The paths of the fields that the schema neither names nor preserves, as in `spec.subscribtions`. */
export function unknownFields(schema: StructuralSchema, value: unknown, field: string): string[] {
  const { items } = schema;
  if (Array.isArray(value))
    return items ? value.flatMap((item, i) => unknownFields(items, item, `${field}[${i}]`)) : [];
  if (!isRecord(value)) return [];
  return Object.entries(value).flatMap(([name, inner]) => {
    const path = field ? `${field}.${name}` : name;
    const property = propertyOf(schema, name);
    if (property) return unknownFields(property, inner, path);
    return schema['x-kubernetes-preserve-unknown-fields'] ? [] : [path];
  });
}
