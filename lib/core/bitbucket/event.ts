/** What a delivery reports, whichever Bitbucket sent it. It is plain JSON, so that it can be queued. */
export type BitbucketEvent = PushEvent | PullRequestClosedEvent;

/** Refs of a repository that now point at another commit. Deleted refs are left out, because a deletion adds no commit. */
export interface PushEvent {
  readonly kind: 'push';
  /** Normalized addresses of the repository; see `repository-identity.ts`. Few, whatever the payload holds. */
  readonly addresses: readonly string[];
  readonly refs: readonly Ref[];
}

/** A pull request that was merged or declined. */
export interface PullRequestClosedEvent {
  readonly kind: 'pull-request-closed';
  /** The pull request's web address, as Kargo's `git-open-pr` step stores it. */
  readonly url: string;
}

/** A branch or tag of a repository, by its short name: without `refs/heads/` or `refs/tags/`. */
export interface Ref {
  readonly kind: 'branch' | 'tag';
  readonly name: string;
  /** Hash of the commit that it points at now, where the payload says. */
  readonly to?: string;
  /** Hash of the commit that it pointed at before; absent where it was created, where the push was forced, and where its commits were truncated. */
  readonly from?: string;
}
