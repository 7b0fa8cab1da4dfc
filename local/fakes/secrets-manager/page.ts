import { readInteger, readString } from './request-members.ts';
import type { Members } from './request-members.ts';
import { ServiceError } from './service-error.ts';

/** Some of a list, and what to ask for the rest with. */
interface Page<Item> {
  readonly items: readonly Item[];
  readonly NextToken: string | undefined;
}

const TOKEN_LIMIT = 4096;

/**
 * The page that NextToken and MaxResults ask for, of items in ascending order or, newest first, the reverse. The token names
 * the last item of the page before it, not a place in the list, so that nothing is skipped or repeated while secrets come and
 * go; throws InvalidNextTokenException on any other.
 */
export function pageOf<Item extends { readonly number: number }>(
  items: readonly Item[],
  members: Members,
  most: number,
  newestFirst = false,
): Page<Item> {
  const size = readInteger(members, 'MaxResults', { max: most }) ?? most;
  const token = readString(members, 'NextToken', { max: TOKEN_LIMIT });
  const after = token === undefined ? undefined : numberIn(token);
  const ordered = newestFirst ? items.toReversed() : items;
  const rest = ordered.filter(
    ({ number }) => after === undefined || (newestFirst ? number < after : number > after),
  );
  const page = rest.slice(0, size);
  const last = page.at(-1);
  return { items: page, NextToken: last && rest.length > size ? tokenFor(last.number) : undefined };
}

function tokenFor(number: number): string {
  return Buffer.from(`after:${number}`).toString('base64url');
}

function numberIn(token: string): number {
  const number = /^after:(\d+)$/.exec(Buffer.from(token, 'base64url').toString())?.[1];
  if (number === undefined) throw new ServiceError('InvalidNextTokenException', 'Invalid NextToken.');
  return Number(number);
}
