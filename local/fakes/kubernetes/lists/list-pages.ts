import { isRecord, type KubernetesObject } from '../kubernetes-object.ts';
import { pathOf } from '../objects/object-store.ts';
import { badRequest, StatusError } from '../status-error.ts';

/** What the API says of a list beside its items. */
export interface ListMetadata {
  resourceVersion: string;
  continue?: string;
  remainingItemCount?: number;
}

interface Page {
  items: KubernetesObject[];
  metadata: ListMetadata;
}

/** Where a list goes on: after the object at `start`, in the state of `rv`, or in whatever state there is if that is -1. */
interface Position {
  v: string;
  rv: number;
  start: string;
}

const TOKEN_VERSION = 'meta.k8s.io/v1';

/** How many unfinished lists are kept in their state; the real API keeps five minutes of history. */
const KEPT_LISTS = 1000;

const EXPIRED =
  'The provided continue parameter is too old to display a consistent list result. You can start a new list without the ' +
  'continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing ' +
  'with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the ' +
  'time the first chunk was returned and now may show up in the list.';

/** Cuts lists into pages. Every page after the first shows the objects as they were when the first was made. */
export class ListPages {
  readonly #rests = new Map<string, KubernetesObject[]>();

  /** The first page of a list as it is at `revision`. No limit, or one below 1, means all. */
  first(items: KubernetesObject[], revision: string, limit: number): Page {
    if (limit <= 0 || items.length <= limit) return { items, metadata: { resourceVersion: revision } };
    const page = items.slice(0, limit);
    const rest = items.slice(limit);
    const token = tokenOf({
      v: TOKEN_VERSION,
      rv: Number(revision),
      start: pathOf(page.at(-1)?.metadata ?? {}),
    });
    this.#rests.set(token, rest);
    for (const oldest of this.#rests.keys()) {
      if (this.#rests.size <= KEPT_LISTS) break;
      this.#rests.delete(oldest);
    }
    return {
      items: page,
      metadata: { resourceVersion: revision, continue: token, remainingItemCount: rest.length },
    };
  }

  /**
   * The page that `token` leads to. `items` and `revision` are the list as it is now.
   * Raises a StatusError: 400 for what is no token, 410 for one whose list is not kept any more.
   */
  next(token: string, items: KubernetesObject[], revision: string, limit: number): Page {
    const { rv, start } = positionOf(token);
    if (rv === -1)
      return this.first(
        items.filter(({ metadata }) => pathOf(metadata) > start),
        revision,
        limit,
      );
    const rest = this.#rests.get(token);
    if (rest) return this.first(rest, String(rv), limit);
    const expired = new StatusError(410, 'Expired', EXPIRED);
    expired.status.metadata.continue = tokenOf({ v: TOKEN_VERSION, rv: -1, start });
    throw expired;
  }
}

function tokenOf(position: Position): string {
  return Buffer.from(JSON.stringify(position)).toString('base64url');
}

function positionOf(token: string): Position {
  const refuse = (because: string): never => {
    throw badRequest(`invalid continue token: continue key is not valid: ${because}`);
  };
  let position: unknown;
  try {
    position = JSON.parse(Buffer.from(token, 'base64url').toString());
  } catch (error) {
    return refuse((error as Error).message);
  }
  if (!isRecord(position) || position['v'] !== TOKEN_VERSION)
    return refuse('server does not recognize this encoded version');
  const { rv, start } = position;
  if (typeof rv !== 'number' || typeof start !== 'string') return refuse('rv or start is missing');
  return { v: TOKEN_VERSION, rv, start };
}
