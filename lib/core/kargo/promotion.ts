import * as v from 'valibot';
import type { PullRequestClosedEvent } from '../bitbucket/event.ts';
import { AFFECTED, UNAFFECTED, type Verdict } from './verdict.ts';

/** The step of a Promotion that polls until a pull request is merged or declined. */
const WAITING_STEP = 'git-wait-for-pr';

const phaseOf = v.object({ status: v.object({ phase: v.literal('Running') }) });

const runningPromotion = v.object({
  spec: v.object({
    steps: v.nullish(v.array(v.object({ uses: v.optional(v.string()), as: v.optional(v.string()) }))),
  }),
  status: v.object({
    /** Kargo leaves it out while it is 0. */
    currentStep: v.optional(v.number(), 0),
    state: v.nullish(v.record(v.string(), v.unknown())),
  }),
});

const stepOutput = v.object({ pr: v.object({ url: v.string() }) });

/**
 * Tells whether a Promotion, as the cluster holds it, waits for the pull request that was closed: it is running, and has at or
 * before its current step a `git-wait-for-pr` with an alias, under which the state holds that pull request's URL. The rule, the exact
 * comparison of URLs and the silence about steps without an alias are Kargo's.
 */
export function awaitsPullRequest(promotion: unknown, { url }: PullRequestClosedEvent): Verdict {
  if (!v.is(phaseOf, promotion)) return UNAFFECTED;
  const parsed = v.safeParse(runningPromotion, promotion, { abortEarly: true });
  if (!parsed.success) {
    return { kind: 'broken', reason: `${v.getDotPath(parsed.issues[0]) ?? 'the object'} cannot be read` };
  }
  const { spec, status } = parsed.output;
  const reached = (spec.steps ?? []).slice(0, status.currentStep + 1);
  const awaited = reached
    .filter(({ uses, as }) => uses === WAITING_STEP && as)
    .map(({ as = '' }) => status.state?.[as])
    .some((output) => v.is(stepOutput, output) && output.pr.url !== '' && output.pr.url === url);
  return awaited ? AFFECTED : UNAFFECTED;
}
