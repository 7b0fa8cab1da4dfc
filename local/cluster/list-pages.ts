import type { KubernetesObject } from './kubernetes-object.ts';
import { badRequest, StatusError } from './status-error.ts';

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

/** How many unfinished lists are kept at their revision. The real API keeps five minutes of history. */
const KEPT_SNAPSHOTS = 1000;

const EXPIRED =
  'The provided continue parameter is too old to display a consistent list result. You can start a new list without the ' +
  'continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing ' +
  'with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the ' +
  'time the first chunk was returned and now may show up in the list.';

/** Cuts lists into pages. Every page after the first shows the objects as they were when the first was made. */
export class ListPages {
  readonly #snapshots = new Map<string, { revision: string; rest: KubernetesObject[] }>();
  #lastToken = 0;

  first(items: KubernetesObject[], revision: string, limit: number): Page {
    if (limit <= 0 || items.length <= limit) return { items, metadata: { resourceVersion: revision } };
    this.#lastToken += 1;
    const rest = items.slice(limit);
    const token = Buffer.from(
      JSON.stringify({ v: 'meta.k8s.io/v1', rv: Number(revision), start: this.#lastToken }),
    ).toString('base64url');
    this.#snapshots.set(token, { revision, rest });
    for (const oldest of this.#snapshots.keys()) {
      if (this.#snapshots.size <= KEPT_SNAPSHOTS) break;
      this.#snapshots.delete(oldest);
    }
    const metadata = { resourceVersion: revision, continue: token, remainingItemCount: rest.length };
    return { items: items.slice(0, limit), metadata };
  }

  /** Raises a StatusError: 400 for what is no token, 410 for one whose list is not kept any more. */
  next(token: string, limit: number): Page {
    const snapshot = this.#snapshots.get(token);
    if (snapshot) return this.first(snapshot.rest, snapshot.revision, limit);
    if (!/^eyJ[\w-]+$/.test(token)) {
      throw badRequest('continue key is not valid: illegal base64 data');
    }
    throw new StatusError(410, 'Expired', EXPIRED);
  }
}
