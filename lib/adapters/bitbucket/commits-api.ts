import * as v from 'valibot';
import { BitbucketError } from '../../app/register/bitbucket-ports.ts';
import { CLOUD_SERVER } from '../../core/bitbucket/webhook-subject.ts';
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
 * Reads what is at a path of Bitbucket's API, for path filters.
 *
 * @throws {BitbucketError} where the request fails, or the answer does not fit the schema
 */
export async function readCommitAnswer<Schema extends v.GenericSchema>(
  client: BitbucketClient,
  subject: string,
  schema: Schema,
  path: string,
  signal: AbortSignal,
): Promise<v.InferOutput<Schema>> {
  const { body } = await client.request({ method: 'GET', path, purpose: 'change', subject }, signal);
  const parsed = v.safeParse(schema, body);
  if (parsed.success) return parsed.output;
  const kind = client.credential.server === CLOUD_SERVER ? 'Bitbucket Cloud' : 'Data Center';
  const message = `the commits cannot be read: the answer is not that of ${kind}.`;
  throw new BitbucketError({ reason: 'BitbucketUnavailable', message });
}
