import * as v from 'valibot';
import type { PullRequestClosedEvent } from '../bitbucket/event.ts';
import { stepOutput, WAITING_STEP } from './object-parts.ts';
import { AFFECTED, UNAFFECTED, type Verdict } from './verdict.ts';

const runningPhase = v.object({ status: v.object({ phase: v.literal('Running') }) });

const runningPromotion = v.object({
  spec: v.object({
    steps: v.nullish(v.array(v.object({ uses: v.optional(v.string()), as: v.optional(v.string()) }))),
  }),
  status: v.object({
    /** Absent while it is 0. */
    currentStep: v.optional(v.number(), 0),
    state: v.nullish(v.record(v.string(), v.unknown())),
  }),
});

/**
 * Decides whether a closed pull request affects a Promotion: the Promotion is running, and has at or before its current step a
 * `git-wait-for-pr` with an alias under which the state holds the pull request's URL. As in Kargo, URLs are compared exactly, and steps
 * without an alias are ignored.
 *
 * @param object - the Promotion as the cluster holds it
 */
export function judgePromotion({ url }: PullRequestClosedEvent, object: unknown): Verdict {
  if (!v.is(runningPhase, object)) return UNAFFECTED['not-running'];
  const parsed = v.safeParse(runningPromotion, object, { abortEarly: true });
  if (!parsed.success) {
    return { kind: 'broken', reason: `${v.getDotPath(parsed.issues[0]) ?? 'the object'} cannot be read` };
  }
  const { spec, status } = parsed.output;
  const reached = (spec.steps ?? []).slice(0, status.currentStep + 1);
  const awaited = reached
    .filter(({ uses, as }) => uses === WAITING_STEP && as)
    .map(({ as = '' }) => status.state?.[as])
    .flatMap((output) => (v.is(stepOutput, output) && output.pr.url !== '' ? [output.pr.url] : []));
  if (awaited.includes(url)) return AFFECTED;
  return UNAFFECTED[awaited.length === 0 ? 'not-waiting' : 'other-pull-request'];
}
