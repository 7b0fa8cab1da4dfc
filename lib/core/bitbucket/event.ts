import type { RepositoryIdentity } from './repository-identity.ts';

/** What a delivery tells, whichever Bitbucket sent it. */
export type BitbucketEvent = PushEvent | PullRequestClosedEvent;

/** Refs of a repository that now stand at another commit. Deleted refs are left out: a deletion brings no commit. */
export interface PushEvent {
  readonly kind: 'push';
  readonly repository: RepositoryIdentity;
  readonly refs: readonly Ref[];
}

/** A pull request that was merged or declined. */
export interface PullRequestClosedEvent {
  readonly kind: 'pull-request-closed';
  /** The pull request's web address, as Kargo's `git-open-pr` step keeps it. */
  readonly url: string;
}

/** A branch or tag of a repository, by its short name: without `refs/heads/` or `refs/tags/`. */
export type Ref = { readonly kind: 'branch' | 'tag'; readonly name: string };
