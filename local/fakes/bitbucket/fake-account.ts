/** A webhook as the fakes keep it. `secret` is empty where there is none. */
export interface StoredWebhook {
  readonly id: number;
  readonly uuid: string;
  description: string;
  url: string;
  active: boolean;
  events: readonly string[];
  secret: string;
  verifiesTls: boolean;
}

/** A commit of a repository: its first parent, and the paths that it changes against that parent. */
export interface FakeCommit {
  readonly parents: readonly string[];
  readonly paths: readonly string[];
}

/** What one token may do. Without a list, it may do so everywhere. */
interface FakeToken {
  /** Value of the `Authorization` header: `Bearer …` or `Basic …`. */
  readonly authorization: string;
  /** Subjects that it can see: `acme/shop`, and `acme` for a workspace or project. */
  readonly sees?: readonly string[];
  /** Subjects whose webhooks it may manage. */
  readonly administers?: readonly string[];
}

export interface FakeAccountOptions {
  /** Repositories that exist, by owner and slug: `acme/shop`. Their workspaces or projects exist, too. */
  readonly repositories: readonly string[];
  readonly tokens: readonly FakeToken[];
}

/** Whether a token may do something: the status that the server answers where it may not. */
export type Access = 'allowed' | 'unknown-token' | 'forbidden' | 'not-found';

/** Repositories, their webhooks and commits, and who may see them: what Cloud and Data Center have in common. */
export class FakeAccount {
  readonly #options: FakeAccountOptions;
  readonly #webhooks = new Map<string, StoredWebhook[]>();
  readonly #commits = new Map<string, ReadonlyMap<string, FakeCommit>>();
  #lastId = 0;

  constructor(options: FakeAccountOptions) {
    this.#options = options;
  }

  /** Returns the webhooks of a subject, for tests to look at and to change as people do. */
  webhooksOf(subject: string): StoredWebhook[] {
    const webhooks = this.#webhooks.get(subject) ?? [];
    this.#webhooks.set(subject, webhooks);
    return webhooks;
  }

  /** Adds a webhook, as a person does in Bitbucket's pages. */
  add(subject: string, webhook: Partial<Omit<StoredWebhook, 'id' | 'uuid'>> = {}): StoredWebhook {
    this.#lastId += 1;
    const id = this.#lastId;
    const uuid = `{${String(id).padStart(8, '0')}-0000-4000-8000-000000000000}`;
    const defaults = { description: '', url: '', active: true, events: [], secret: '', verifiesTls: true };
    const added = { id, uuid, ...defaults, ...webhook };
    this.webhooksOf(subject).push(added);
    return added;
  }

  /** Removes a webhook; returns false where there is none. */
  remove(subject: string, webhook: StoredWebhook | undefined): boolean {
    const webhooks = this.webhooksOf(subject);
    const index = webhook === undefined ? -1 : webhooks.indexOf(webhook);
    if (index >= 0) webhooks.splice(index, 1);
    return index >= 0;
  }

  setCommits(repository: string, commits: Readonly<Record<string, FakeCommit>>): void {
    this.#commits.set(repository, new Map(Object.entries(commits)));
  }

  commitOf(repository: string, hash: string): FakeCommit | undefined {
    return this.#commits.get(repository)?.get(hash);
  }

  /** Lists the hashes that are reachable from a commit, newest first, as a breadth-first walk. */
  reachable(repository: string, hash: string): string[] {
    const found = new Set<string>();
    const queue = [hash];
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const commit = this.commitOf(repository, next);
      if (commit === undefined || found.has(next)) continue;
      found.add(next);
      queue.push(...commit.parents);
    }
    return [...found];
  }

  /** Checks what a request's token may do with a subject. */
  accessTo(subject: string, authorization: string | undefined, right: 'see' | 'administer'): Access {
    const token = this.#options.tokens.find((known) => known.authorization === authorization);
    if (token === undefined) return 'unknown-token';
    const { repositories } = this.#options;
    const exists =
      repositories.includes(subject) || repositories.some((name) => name.startsWith(`${subject}/`));
    if (!exists || token.sees?.includes(subject) === false) return 'not-found';
    return right === 'see' || token.administers?.includes(subject) !== false ? 'allowed' : 'forbidden';
  }
}
