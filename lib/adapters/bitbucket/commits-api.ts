import type * as v from 'valibot';
import type { BitbucketClient } from './bitbucket-client.ts';

/** A commit and its parents, the first one first. */
export interface CommitParents {
  readonly hash: string;
  readonly parents: readonly string[];
}

/** The commits of one repository with one credential. Its methods throw `BitbucketError` where a request fails. */
export interface CommitsApi {
  /**
   * Lists commits that are reachable from `to` and not from `from`, newest first.
   *
   * @returns undefined where there are more than `max`
   */
  list(from: string, to: string, max: number, signal: AbortSignal): Promise<CommitParents[] | undefined>;
  /** Lists the paths that a commit changes against its first parent; undefined where there are more than the server returns. */
  paths(hash: string, signal: AbortSignal): Promise<string[] | undefined>;
}

/**
 * Reads an answer about the commits of a repository, for path filters.
 *
 * @param subject - the repository, formatted
 * @throws {BitbucketError} where the request fails, or the answer does not fit the schema
 */
export function readCommits<Schema extends v.GenericSchema>(
  client: BitbucketClient,
  subject: string,
  schema: Schema,
  path: string,
  signal: AbortSignal,
): Promise<v.InferOutput<Schema>> {
  return client.read(schema, 'the commits', { path, subject, purpose: 'change' }, signal);
}
