import { asMembers, readList, readStrings, requireString } from './request-members.ts';
import type { Members } from './request-members.ts';
import type { Secret } from './secret.ts';
import { invalidParameter } from './service-error.ts';

/**
 * The secrets that pass every filter of a request: a name filter passes the names that begin with one of its values, case
 * counting, or, where a value begins with `!`, those that do not begin with the rest of it.
 */
export function secretsNamed(secrets: readonly Secret[], members: Members): readonly Secret[] {
  const filters = (readList(members, 'Filters', { min: 0, max: 10 }) ?? []).map((filter) =>
    prefixesOf(asMembers(filter)),
  );
  return secrets.filter(({ name }) =>
    filters.every((prefixes) => prefixes.some((prefix) => passes(name, prefix))),
  );
}

function passes(name: string, prefix: string): boolean {
  return prefix.startsWith('!') ? !name.startsWith(prefix.slice(1)) : name.startsWith(prefix);
}

function prefixesOf(filter: Members): readonly string[] {
  // To leave out a filter that is not understood would answer with secrets that were not asked for.
  if (requireString(filter, 'Key', { max: 64 }) !== 'name')
    throw invalidParameter('This fake filters by name only.');
  return readStrings(filter, 'Values', { max: 10 }) ?? [];
}
