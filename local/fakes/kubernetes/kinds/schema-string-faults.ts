import type { FieldFault } from '../status-error.ts';
import type { StructuralSchema } from './structural-schema.ts';

/** What of a string breaks its schema. The API server tells of the first rule only, but of enum and format beside it. */
export function stringFaults(schema: StructuralSchema, text: string, field: string): FieldFault[] {
  const faults = [
    lengthOrPatternFault(schema, text, field),
    enumFault(schema, text, field),
    formatFault(schema, text, field),
  ];
  return faults.filter((fault) => fault !== undefined);
}

function lengthOrPatternFault(schema: StructuralSchema, text: string, field: string): FieldFault | undefined {
  const { maxLength = Infinity, minLength = 0, pattern } = schema;
  if (text.length > maxLength) {
    return {
      reason: 'FieldValueTooLong',
      message: `Too long: may not be more than ${maxLength} bytes`,
      field,
    };
  }
  const rule =
    text.length < minLength
      ? `should be at least ${minLength} chars long`
      : pattern !== undefined && !new RegExp(pattern, 'u').test(text) && `should match '${pattern}'`;
  if (!rule) return undefined;
  return {
    reason: 'FieldValueInvalid',
    message: `Invalid value: ${JSON.stringify(text)}: ${field} in body ${rule}`,
    field,
  };
}

function enumFault(schema: StructuralSchema, text: string, field: string): FieldFault | undefined {
  if (!schema.enum || schema.enum.includes(text)) return undefined;
  const supported = schema.enum.map((one) => `"${one}"`).join(', ');
  const message = `Unsupported value: "${text}": supported values: ${supported}`;
  return { reason: 'FieldValueNotSupported', message, field };
}

function formatFault({ format }: StructuralSchema, text: string, field: string): FieldFault | undefined {
  if (format !== 'date-time' || isRfc3339(text)) return undefined;
  const value = JSON.stringify(text);
  const message = `Invalid value: ${value}: ${field} in body must be of type date-time: ${value}`;
  return { reason: 'FieldValueTypeInvalid', message, field };
}

function isRfc3339(text: string): boolean {
  return (
    /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/.test(text) &&
    !Number.isNaN(Date.parse(text))
  );
}
