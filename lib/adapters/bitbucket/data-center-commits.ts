import * as v from 'valibot';
import { formatSubject, type WebhookSubject } from '../../core/bitbucket/webhook-subject.ts';
import type { BitbucketClient } from './bitbucket-client.ts';
import { readCommits, type CommitParents, type CommitsApi } from './commits-api.ts';

const COMMITS_PER_PAGE = 100;

/** Data Center's default limit for the changes of a commit; a server may have a lower one. What is beyond cannot be read on another page. */
const MAX_CHANGES = 1_000;

const page = { isLastPage: v.nullish(v.boolean()), nextPageStart: v.nullish(v.number()) };
const commits = v.object({
  values: v.array(v.object({ id: v.string(), parents: v.array(v.object({ id: v.string() })) })),
  ...page,
});
const file = v.nullish(v.object({ components: v.array(v.string()) }));
const changes = v.object({
  values: v.array(v.object({ path: file, srcPath: file })),
  /** Of this answer: at most what was asked for. */
  limit: v.nullish(v.number(), MAX_CHANGES),
  truncated: v.nullish(v.boolean()),
  ...page,
});

/**
 * The commits of a repository of Data Center.
 *
 * @see https://developer.atlassian.com/server/bitbucket/rest/v902/api-group-repository/
 */
export class DataCenterCommits implements CommitsApi {
  readonly #client: BitbucketClient;
  readonly #subject: string;
  readonly #path: string;

  constructor(client: BitbucketClient, repository: WebhookSubject) {
    const { owner, repository: slug = '' } = repository;
    this.#client = client;
    this.#subject = formatSubject(repository);
    this.#path = `/rest/api/latest/projects/${encodeURIComponent(owner)}/repos/${encodeURIComponent(slug)}/commits`;
  }

  async list(
    from: string,
    to: string,
    max: number,
    signal: AbortSignal,
  ): Promise<CommitParents[] | undefined> {
    const listed: CommitParents[] = [];
    for (let start = 0; ;) {
      const query = `since=${from}&until=${to}&start=${start}&limit=${COMMITS_PER_PAGE}`;
      const { values, isLastPage, nextPageStart } = await readCommits(
        this.#client,
        this.#subject,
        commits,
        `${this.#path}?${query}`,
        signal,
      );
      listed.push(
        ...values.map(({ id, parents }) => ({ hash: id, parents: parents.map((parent) => parent.id) })),
      );
      if (isLastPage !== false) return listed;
      if (listed.length >= max || typeof nextPageStart !== 'number') return undefined;
      start = nextPageStart;
    }
  }

  /** A renamed file has two paths: Kargo looks at renames as deletions and additions. */
  async paths(hash: string, signal: AbortSignal): Promise<string[] | undefined> {
    const path = `${this.#path}/${hash}/changes?limit=${MAX_CHANGES}`;
    const { values, isLastPage, limit, truncated } = await readCommits(
      this.#client,
      this.#subject,
      changes,
      path,
      signal,
    );
    if (isLastPage === false || truncated === true || values.length >= limit) return undefined;
    return values.flatMap((change) =>
      [change.path, change.srcPath].flatMap((one) => (one ? [one.components.join('/')] : [])),
    );
  }
}
