import { toSourcePositions } from './source-positions.ts';

// A push can hold any number of refs with names of any length, and logs are billed by length. These limits keep every line below 8 KB.
// Bytes are those of the JSON in UTF-8.

/** One text: an answer's message, a URL, the message of an error. */
const MAX_TEXT_BYTES = 400;

/** One name in a list: long enough for any name that Kubernetes takes. */
const MAX_NAME_BYTES = 300;

/** All names of one list together. */
const MAX_LIST_BYTES = 1_000;

/** The frames that lead to an error come first. */
const MAX_STACK_BYTES = 1_000;

/** What is read of a stack for that: positions in the sources are shorter than those in a bundle. */
const MAX_READ_STACK_CHARACTERS = 10_000;

/** An error, its cause, and the cause of that. */
const MAX_ERROR_DEPTH = 3;

/** Cuts every text, list and error of a log record so that the line stays below 8 KB. */
export function limitRecord(record: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, limitValue(value)]));
}

function limitValue(value: unknown): unknown {
  if (typeof value === 'string') return cutText(value, MAX_TEXT_BYTES);
  if (value instanceof Error) return limitError(value, MAX_ERROR_DEPTH);
  if (Array.isArray(value)) return limitList(value.map(String));
  if (typeof value === 'object' && value !== null) return limitRecord(value as Record<string, unknown>);
  return value;
}

function limitList(names: readonly string[]): string[] {
  const kept: string[] = [];
  let bytes = 0;
  for (const name of names) {
    const cut = cutText(name, MAX_NAME_BYTES);
    bytes += jsonBytes(cut);
    if (bytes > MAX_LIST_BYTES) return [...kept, `and ${names.length - kept.length} more`];
    kept.push(cut);
  }
  return kept;
}

function limitError(error: Error, depth: number): Record<string, unknown> {
  const { name, message, stack = '', cause } = error;
  // The stack begins with the message, which is a field of its own.
  const start = Math.max(0, stack.indexOf('\n    at '));
  const frames = stack.slice(start, start + MAX_READ_STACK_CHARACTERS);
  const isOutermost = depth === MAX_ERROR_DEPTH;
  return {
    name,
    message: cutText(message, MAX_TEXT_BYTES),
    ...(isOutermost && { stack: cutText(toSourcePositions(frames), MAX_STACK_BYTES) }),
    ...(cause instanceof Error && depth > 1 && { cause: limitError(cause, depth - 1) }),
  };
}

function cutText(text: string, maxBytes: number): string {
  if (text.length <= maxBytes && jsonBytes(text) <= maxBytes) return text;
  let end = Math.min(text.length, maxBytes);
  while (jsonBytes(text.slice(0, end)) > maxBytes) end = Math.floor(end * 0.9);
  return `${text.slice(0, end)}… (${text.length} characters)`;
}

function jsonBytes(text: string): number {
  return Buffer.byteLength(JSON.stringify(text));
}
