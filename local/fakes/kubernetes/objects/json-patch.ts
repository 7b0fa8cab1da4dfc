import { isDeepStrictEqual } from 'node:util';
import { isRecord, type JsonRecord } from '../kubernetes-object.ts';

/** One operation of RFC 6902. */
interface Operation {
  op?: string;
  path?: string;
  from?: string;
  value?: unknown;
}

/**
 * Applies an RFC 6902 patch and gives the result; the target stays as it is.
 * Raises an Error where an operation is none, leads nowhere, or is a `test` that fails.
 */
export function jsonPatched(target: unknown, operations: unknown[]): unknown {
  const root = { '': structuredClone(target) };
  for (const operation of operations) apply(root, isRecord(operation) ? operation : {});
  return root[''];
}

const APPLY: Record<string, (root: JsonRecord, operation: Operation) => void> = {
  add: (root, { path, value }) => add(root, path, value),
  remove: (root, { path }) => void remove(root, path),
  replace: (root, { path, value }) => {
    remove(root, path);
    add(root, path, value);
  },
  move: (root, { path, from }) => add(root, path, remove(root, from)),
  copy: (root, { path, from }) => add(root, path, structuredClone(valueAt(root, from))),
  test: (root, { path, value }) => {
    if (!isDeepStrictEqual(valueAt(root, path), value)) throw new Error(`${path} is another value`);
  },
};

function apply(root: JsonRecord, operation: Operation): void {
  const { op = '' } = operation;
  const applies = Object.hasOwn(APPLY, op) ? APPLY[op] : undefined;
  if (!applies) throw new Error(`${op} is no operation`);
  applies(root, operation);
}

/** Leads to what holds the place that a JSON pointer (RFC 6901) names. */
function placeOf(root: JsonRecord, pointer: string | undefined): { holder: unknown; key: string } {
  if (typeof pointer !== 'string' || !/^(\/|$)/.test(pointer)) throw new Error(`${pointer} is no path`);
  const keys = pointer.split('/').map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
  const key = keys.pop() ?? '';
  return { holder: keys.reduce<unknown>(childOf, root), key };
}

function childOf(holder: unknown, key: string): unknown {
  const isThere = Array.isArray(holder)
    ? isIndex(key, holder.length)
    : isRecord(holder) && Object.hasOwn(holder, key);
  if (!isThere) throw new Error(`there is no ${key}`);
  return (holder as JsonRecord)[key];
}

function isIndex(key: string, length: number): boolean {
  return /^(0|[1-9]\d*)$/.test(key) && Number(key) < length;
}

function valueAt(root: JsonRecord, pointer: string | undefined): unknown {
  const { holder, key } = placeOf(root, pointer);
  return childOf(holder, key);
}

function add(root: JsonRecord, pointer: string | undefined, value: unknown): void {
  const { holder, key } = placeOf(root, pointer);
  if (Array.isArray(holder)) {
    if (key !== '-' && !isIndex(key, holder.length + 1)) throw new Error(`${key} is no index`);
    holder.splice(key === '-' ? holder.length : Number(key), 0, value);
    return;
  }
  if (!isRecord(holder)) throw new Error(`there is nothing to hold ${key}`);
  // An assignment to `__proto__` would change the holder's prototype.
  Object.defineProperty(holder, key, { value, enumerable: true, configurable: true, writable: true });
}

function remove(root: JsonRecord, pointer: string | undefined): unknown {
  const { holder, key } = placeOf(root, pointer);
  const value = childOf(holder, key);
  if (Array.isArray(holder)) holder.splice(Number(key), 1);
  else delete (holder as JsonRecord)[key];
  return value;
}
