import { isRecord, type JsonRecord } from '../kubernetes-object.ts';
import type { FieldFault } from '../status-error.ts';
import { propertyOf, type StructuralSchema } from './structural-schema.ts';

/** The rules (`x-kubernetes-validations`, written in CEL) of `crds/`, each by its text: there is no CEL engine here. */
const RULES: Record<string, (self: JsonRecord) => boolean> = {
  'has(self.freight) != has(self.origin)': (self) => has(self, 'freight') !== has(self, 'origin'),
  'has(self.uses) && !has(self.task)': (self) => has(self, 'uses') && !has(self, 'task'),
};

function has(self: JsonRecord, name: string): boolean {
  return self[name] !== undefined;
}

/** What the API server adds to the faults of an object whose rules it could therefore not check. */
export const RULES_NOT_CHECKED: FieldFault = {
  reason: 'FieldValueInvalid',
  message:
    'Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing ' +
    'errors to complete validation',
  field: '<nil>',
};

/** The faults after which rules are not checked, as they could ask for what is not there. */
const BLOCKING = new Set(
  ['NotSupported', 'Required', 'TooLong', 'TypeInvalid'].map((why) => `FieldValue${why}`),
);

/** Whether rules cannot be checked after these faults of the schema. */
export function preventRules(faults: FieldFault[]): boolean {
  return faults.some(({ reason }) => BLOCKING.has(reason));
}

/** Whether there is a rule anywhere in the schema. */
export function hasRules(schema: StructuralSchema): boolean {
  const inner = [...Object.values(schema.properties ?? {}), ...(schema.items ? [schema.items] : [])];
  return schema['x-kubernetes-validations'] !== undefined || inner.some(hasRules);
}

/**
 * Gives the rules that `value`, which has the schema's shape, breaks.
 * Raises an Error for a rule that is not known, so that none is passed over in silence.
 */
export function ruleFaults(schema: StructuralSchema, value: unknown, field: string): FieldFault[] {
  const { items } = schema;
  if (Array.isArray(value) && items)
    return value.flatMap((item, index) => ruleFaults(items, item, `${field}[${index}]`));
  if (!isRecord(value)) return [];
  const broken = (schema['x-kubernetes-validations'] ?? []).filter(({ rule }) => !ruleHolds(rule, value));
  return [
    ...broken.map(({ message }) => ({
      reason: 'FieldValueInvalid',
      message: `Invalid value: ${message}`,
      field,
    })),
    ...Object.entries(value).flatMap(([name, inner]) =>
      ruleFaults(propertyOf(schema, name) ?? {}, inner, field ? `${field}.${name}` : name),
    ),
  ];
}

function ruleHolds(rule: string, self: JsonRecord): boolean {
  const check = RULES[rule];
  if (!check) throw new Error(`the fake cluster does not know the validation rule ${rule}`);
  return check(self);
}
