import * as v from 'valibot';

// Parts of Kargo's objects that several rules read.

const warehouse = v.object({ spec: v.object({ subscriptions: v.nullish(v.array(v.unknown())) }) });

/** A subscription to a Git repository. */
export const gitSubscription = v.object({ git: v.object({ repoURL: v.string() }) });

/** The step of a Promotion that polls until a pull request is merged or declined. */
export const WAITING_STEP = 'git-wait-for-pr';

/** What a step about a pull request leaves in the state of its Promotion. */
export const stepOutput = v.object({ pr: v.object({ url: v.string() }) });

/**
 * Lists the subscriptions of a Warehouse. The CRD has no schema for their content.
 *
 * @returns undefined where they cannot be read
 */
export function subscriptionsOf(object: unknown): readonly unknown[] | undefined {
  return v.is(warehouse, object) ? (object.spec.subscriptions ?? []) : undefined;
}

/** Lists the addresses of the Git repositories that a Warehouse subscribes to; none where it cannot be read. */
export function repositoriesOf(object: unknown): string[] {
  return (subscriptionsOf(object) ?? []).flatMap((subscription) =>
    v.is(gitSubscription, subscription) ? [subscription.git.repoURL] : [],
  );
}
