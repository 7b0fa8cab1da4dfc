import { expect } from '@jest/globals';
import type { Expected } from './contract-case.ts';

/** What the API says of one field of a refused object. */
export interface Cause {
  reason: string;
  field: string;
  message: string;
}

export function required(field: string, more = ''): Cause {
  return {
    reason: 'FieldValueRequired',
    field,
    message: more ? `Required value: ${more}` : 'Required value',
  };
}

/** `words` are what follows the invalid value's title. */
export function invalid(field: string, words: RegExp): Cause {
  return { reason: 'FieldValueInvalid', field, message: matching(words) };
}

export function wrongType(field: string, words: RegExp): Cause {
  return { reason: 'FieldValueTypeInvalid', field, message: matching(words) };
}

function matching({ source }: RegExp): string {
  return expect.stringMatching(`^Invalid value: ${source.slice(1)}`) as unknown as string;
}

/** The answer to an object that breaks a rule, maybe among others. */
export function refused(cause: Cause): Expected {
  return { code: 422, body: { reason: 'Invalid', details: { causes: expect.arrayContaining([cause]) } } };
}
