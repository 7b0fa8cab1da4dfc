import * as v from 'valibot';

/** The step of a Promotion that polls until a pull request is closed. */
const WAITING_STEP = 'git-wait-for-pr';

const warehouse = v.object({ spec: v.object({ subscriptions: v.array(v.unknown()) }) });
const gitSubscription = v.object({ git: v.object({ repoURL: v.string() }) });

const stage = v.object({
  spec: v.object({
    promotionTemplate: v.object({ spec: v.object({ steps: v.array(v.unknown()) }) }),
  }),
});
const waitingStep = v.object({ uses: v.literal(WAITING_STEP) });
const taskStep = v.object({ task: v.record(v.string(), v.unknown()) });

/** Lists the addresses of the Git repositories that a Warehouse subscribes to; none where it cannot be read. */
export function repositoriesOf(object: unknown): string[] {
  if (!v.is(warehouse, object)) return [];
  return object.spec.subscriptions.flatMap((subscription) =>
    v.is(gitSubscription, subscription) ? [subscription.git.repoURL] : [],
  );
}

/**
 * Returns whether a Stage's Promotions may wait for a pull request. A step that refers to a task counts: its own steps are in another object,
 * and an event too many refreshes nothing.
 */
export function waitsForPullRequests(object: unknown): boolean {
  if (!v.is(stage, object)) return false;
  return object.spec.promotionTemplate.spec.steps.some(
    (step) => v.is(waitingStep, step) || v.is(taskStep, step),
  );
}
