import * as v from 'valibot';
import { formatSubject, type WebhookSubject } from '../../core/bitbucket/webhook-subject.ts';
import type { BitbucketClient } from './bitbucket-client.ts';
import { pathOfLink } from './cloud-webhooks.ts';
import { readCommits, type CommitParents, type CommitsApi } from './commits-api.ts';

const COMMITS_PER_PAGE = 100;

/** The largest page of a diffstat. */
const FILES_PER_PAGE = 5_000;

const commits = v.object({
  values: v.array(v.object({ hash: v.string(), parents: v.array(v.object({ hash: v.string() })) })),
  next: v.nullish(v.string()),
});
const file = v.nullish(v.object({ path: v.string() }));
const diffstat = v.object({
  values: v.array(v.object({ old: file, new: file })),
  next: v.nullish(v.string()),
});

/**
 * The commits of a repository of Bitbucket Cloud.
 *
 * @see https://developer.atlassian.com/cloud/bitbucket/rest/api-group-commits/
 */
export class CloudCommits implements CommitsApi {
  readonly #client: BitbucketClient;
  readonly #subject: string;
  readonly #path: string;

  constructor(client: BitbucketClient, repository: WebhookSubject) {
    const { owner, repository: slug = '' } = repository;
    this.#client = client;
    this.#subject = formatSubject(repository);
    this.#path = `/2.0/repositories/${encodeURIComponent(owner)}/${encodeURIComponent(slug)}`;
  }

  async list(
    from: string,
    to: string,
    max: number,
    signal: AbortSignal,
  ): Promise<CommitParents[] | undefined> {
    const listed: CommitParents[] = [];
    let path = `${this.#path}/commits/${to}?exclude=${from}&pagelen=${COMMITS_PER_PAGE}`;
    for (;;) {
      const { values, next } = await readCommits(this.#client, this.#subject, commits, path, signal);
      listed.push(
        ...values.map(({ hash, parents }) => ({ hash, parents: parents.map((parent) => parent.hash) })),
      );
      if (!next) return listed;
      if (listed.length >= max) return undefined;
      path = pathOfLink(next, this.#client.credential.apiUrl);
    }
  }

  /** A renamed file has two paths: Kargo looks at renames as deletions and additions. */
  async paths(hash: string, signal: AbortSignal): Promise<string[] | undefined> {
    const path = `${this.#path}/diffstat/${hash}?pagelen=${FILES_PER_PAGE}`;
    const { values, next } = await readCommits(this.#client, this.#subject, diffstat, path, signal);
    if (next) return undefined;
    return values.flatMap((change) => [change.old?.path ?? [], change.new?.path ?? []].flat());
  }
}
