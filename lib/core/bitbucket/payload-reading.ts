import * as v from 'valibot';
import type { BitbucketEvent } from './event.ts';

/** The event of a payload, or why it has none. `detail` names the field at fault and never holds a value that was sent. */
type PayloadReading =
  | { readonly kind: 'event'; readonly event: BitbucketEvent }
  | { readonly kind: 'invalid'; readonly detail: string };

/** A commit's hash, SHA-1 or SHA-256. */
export const COMMIT_HASH = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;

/** Reads one payload that was already parsed from JSON. */
export type PayloadReader = (payload: unknown) => PayloadReading;

/**
 * Builds a payload reader.
 *
 * @param schema - the fields that the event needs
 * @param toEvent - converts a payload that fits the schema; returns a {@link MissingField} where the payload lacks a field all the same
 */
export function payloadReader<Schema extends v.GenericSchema>(
  schema: Schema,
  toEvent: (payload: v.InferOutput<Schema>) => BitbucketEvent | MissingField,
): PayloadReader {
  return (payload) => {
    const parsed = v.safeParse(schema, payload, { abortEarly: true });
    if (!parsed.success) return { kind: 'invalid', detail: describeIssue(parsed.issues[0]) };
    const event = toEvent(parsed.output);
    return 'missing' in event
      ? { kind: 'invalid', detail: `${event.missing} is missing` }
      : { kind: 'event', event };
  };
}

/** Builds the schema of a JSON object. `v.object` alone also accepts an array, and takes its methods for fields: `[].push`. */
export function jsonObject<const Entries extends v.ObjectEntries>(entries: Entries) {
  return v.pipe(
    v.unknown(),
    v.check((value) => !Array.isArray(value), 'object'),
    v.object(entries),
  );
}

/** A field that the event needs, although the schema allows its absence. */
export interface MissingField {
  readonly missing: string;
}

function describeIssue(issue: v.BaseIssue<unknown>): string {
  const field = (issue.path ?? []).reduce(
    (path, { key }) =>
      typeof key === 'number' ? `${path}[${key}]` : path === '' ? String(key) : `${path}.${String(key)}`,
    '',
  );
  const found = typeName(issue.path?.at(-1)?.value ?? issue.input);
  if (found === 'undefined') return `${field} is missing`;
  return `${field === '' ? 'the body' : field} must be ${expectation(issue)}, not ${found}`;
}

function expectation(issue: v.BaseIssue<unknown>): string {
  const names = [...new Set((issue.expected ?? issue.message).split(/[^a-z]+/i))].map((name) =>
    name.toLowerCase(),
  );
  const known = ['object', 'array', 'string'].filter((name) => names.includes(name));
  return known.join(' or ') || 'another type';
}

function typeName(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}
