import { invalid, refused, required, type Cause } from './causes.ts';
import type { ContractCase } from './contract-case.ts';
import { post, WAREHOUSES, warehouse } from './requests.ts';

/** Warehouses whose metadata breaks one rule, and what the API says is wrong with it. */
const OBJECTS: [name: string, object: object, cause: Cause][] = [
  ['no name', warehouse(undefined), required('metadata.name', 'name or generateName is required')],
  [
    'a name in capitals',

    warehouse('A'),
    invalid('metadata.name', /^"A": a lowercase RFC 1123 subdomain must/),
  ],
  [
    'a long name',

    warehouse('a'.repeat(254)),
    invalid('metadata.name', /^"a+": must be no more than 253 characters$/),
  ],
  ['a label key', labelled({ 'a b': 'c' }), invalid('metadata.labels', /^"a b": name part must consist of/)],
  [
    'a label value',

    labelled({ a: 'c d' }),
    invalid('metadata.labels', /^"c d": a valid label must be an empty/),
  ],
  [
    'an annotation key',

    warehouse('w', { metadata: { annotations: { 'a b': 'c' } } }),
    invalid('metadata.annotations', /^"a b": name part must consist of/),
  ],
  [
    'too many annotations',

    warehouse('w', { metadata: { annotations: { a: 'x'.repeat(262_144) } } }),
    {
      reason: 'FieldValueTooLong',
      field: 'metadata.annotations',
      message: 'Too long: may not be more than 262144 bytes',
    },
  ],
  [
    'a finalizer',

    warehouse('w', { metadata: { finalizers: ['a b'] } }),
    invalid('metadata.finalizers', /^"a b": name part must consist of/),
  ],
];

function labelled(labels: object): object {
  return warehouse('w', { metadata: { labels } });
}

export const validatingMetadata: ContractCase[] = OBJECTS.map(([name, object, cause]) => ({
  name,
  steps: [{ send: post(WAREHOUSES, object), expect: refused(cause) }],
}));
