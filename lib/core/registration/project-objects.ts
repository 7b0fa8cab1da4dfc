import * as v from 'valibot';
import { WAITING_STEP } from '../kargo/object-parts.ts';

const stage = v.object({
  spec: v.object({
    promotionTemplate: v.object({ spec: v.object({ steps: v.array(v.unknown()) }) }),
  }),
});
const waitingStep = v.object({ uses: v.literal(WAITING_STEP) });
const taskStep = v.object({ task: v.record(v.string(), v.unknown()) });

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
