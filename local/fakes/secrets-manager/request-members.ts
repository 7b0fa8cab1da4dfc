import { invalidMember, notSerializable } from './service-error.ts';

/** The members of one request's JSON object. */
export type Members = Readonly<Record<string, unknown>>;

/** The least and most a member may be: characters, items or, for a number, its value. */
interface Bounds {
  readonly min?: number;
  readonly max: number;
}

/** The text of a member, undefined where absent; throws SerializationException on any other type. */
export function readString(members: Members, name: string, bounds: Bounds): string | undefined {
  const value = read(members, name);
  if (value === undefined) return undefined;
  if (typeof value !== 'string') throw notSerializable(`${tokenOf(value)} can not be converted to a String`);
  return within(name, value, value.length, bounds, 'have length');
}

/** The text of a member that has to be there; throws ValidationException where it is not. */
export function requireString(members: Members, name: string, bounds: Bounds): string {
  const value = readString(members, name, bounds);
  if (value === undefined) throw brokenConstraint(name, 'Member must not be null', 'Value null');
  return value;
}

/** The whole number of a member, undefined where absent. */
export function readInteger(members: Members, name: string, bounds: Bounds): number | undefined {
  const value = read(members, name);
  if (value === undefined) return undefined;
  if (typeof value !== 'number' || !Number.isInteger(value))
    throw notSerializable(`${tokenOf(value)} can not be converted to an Integer`);
  return within(name, value, value, bounds, 'have value');
}

/** Whether a flag is set; an absent one is not. */
export function readFlag(members: Members, name: string): boolean {
  const value = read(members, name) ?? false;
  if (typeof value !== 'boolean')
    throw notSerializable(`${tokenOf(value)} can not be converted to a Boolean`);
  return value;
}

/** The items of a list, undefined where absent; what each item is stays unchecked. */
export function readList(members: Members, name: string, bounds: Bounds): readonly unknown[] | undefined {
  const value = read(members, name);
  if (value === undefined) return undefined;
  if (!Array.isArray(value)) throw notSerializable('Expected list or null');
  return within(name, value as readonly unknown[], value.length, bounds, 'have length');
}

/** The texts of a list, undefined where absent. */
export function readStrings(members: Members, name: string, bounds: Bounds): readonly string[] | undefined {
  return readList(members, name, bounds)?.map((item) => {
    if (typeof item !== 'string') throw notSerializable(`${tokenOf(item)} can not be converted to a String`);
    return item;
  });
}

/** Narrows a parsed body or list item to an object; throws SerializationException on anything else. */
export function asMembers(value: unknown): Members {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw notSerializable('Unexpected value type in payload');
  return value as Members;
}

/** AWS takes an explicit null for an absent member. */
function read(members: Members, name: string): unknown {
  return members[name] ?? undefined;
}

function within<Value>(name: string, value: Value, size: number, bounds: Bounds, verb: string): Value {
  const { min = 1, max } = bounds;
  if (size < min) throw brokenConstraint(name, `Member must ${verb} greater than or equal to ${min}`);
  if (size > max) throw brokenConstraint(name, `Member must ${verb} less than or equal to ${max}`);
  return value;
}

/** The ValidationException for a member. AWS leaves the value out of its message for a secret's members, this for all. */
export function brokenConstraint(name: string, rule: string, subject = 'Value'): Error {
  const member = name.charAt(0).toLowerCase() + name.slice(1);
  return invalidMember(
    `1 validation error detected: ${subject} at '${member}' failed to satisfy constraint: ${rule}`,
  );
}

function tokenOf(value: unknown): string {
  if (Array.isArray(value)) return 'START_ARRAY';
  if (typeof value === 'boolean') return value ? 'TRUE_VALUE' : 'FALSE_VALUE';
  if (typeof value === 'number') return 'NUMBER_VALUE';
  return typeof value === 'string' ? 'STRING_VALUE' : 'START_OBJECT';
}
