import * as v from 'valibot';
import type { PushEvent, Ref } from '../bitbucket/event.ts';
import { isAddressOf } from '../bitbucket/repository-identity.ts';
import {
  judgeSelection,
  refsOfStrategy,
  type SelectionVerdict,
} from './commit-selection/commit-selection.ts';
import { readGitSubscription, type SubscriptionFault } from './commit-selection/git-subscription.ts';
import { gitSubscription, subscriptionsOf } from './object-parts.ts';
import { readPathSelectors } from './commit-selection/path-filter.ts';
import { PatternAllowance } from './commit-selection/tag-filter.ts';
import {
  AFFECTED,
  UNAFFECTED,
  concludeWith,
  isFurther,
  type Mismatch,
  type NarrowedSelection,
  type Unaffected,
  type Verdict,
} from './verdict.ts';

/** More than any real Warehouse has, and the limit of the admission policy in infra/rbac. To compare 50,000 addresses takes 0.1 s. */
export const MAX_SUBSCRIPTIONS = 1_000;

/** A subscription to the pushed repository, by its index in the Warehouse, and its verdict or the steps that lead to it. */
interface Judgement {
  readonly index: number;
  readonly selection: SubscriptionFault | Generator<void, SelectionVerdict>;
  /** Its path filters. */
  readonly narrowed: NarrowedSelection | undefined;
}

/**
 * Decides whether a push affects a Warehouse: one of its Git subscriptions is to the pushed repository, and one of the pushed refs
 * could change the commits it selects. Any one subscription is enough. Other kinds of subscription are ignored, and so is a broken
 * subscription next to an affected one.
 *
 * @param object - the Warehouse as the cluster holds it
 * @returns the steps that lead to the verdict. They do not keep the object in memory, and nothing expensive happens before the first
 *   one ends
 */
export function judgeWarehouse({ addresses, refs }: PushEvent, object: unknown): Generator<void, Verdict> {
  const subscriptions = subscriptionsOf(object);
  if (subscriptions === undefined) {
    return concludeWith({ kind: 'broken', reason: 'spec.subscriptions cannot be read' });
  }
  if (subscriptions.length > MAX_SUBSCRIPTIONS) {
    return concludeWith({
      kind: 'broken',
      reason: `spec.subscriptions has more than ${MAX_SUBSCRIPTIONS} entries`,
    });
  }
  const allowance = new PatternAllowance();
  let unaffected = UNAFFECTED['no-git-subscription'];
  const judgements: Judgement[] = [];
  const narrowed: NarrowedSelection[] = [];
  for (const [index, subscription] of subscriptions.entries()) {
    if (!v.is(gitSubscription, subscription)) continue;
    if (!isAddressOf(addresses, subscription.git.repoURL)) {
      if (unaffected.mismatch === 'no-git-subscription') unaffected = UNAFFECTED['other-repository'];
      continue;
    }
    const reading = readGitSubscription(subscription.git);
    const selection =
      reading.kind === 'read' ? judgeSelection(reading.subscription, refs, allowance) : reading;
    const narrow = (): NarrowedSelection | undefined => narrowSelection(subscription.git, reading, refs);
    if (selection === 'selected') {
      const selected = narrow();
      if (selected === undefined) return concludeWith(AFFECTED);
      narrowed.push(selected);
    } else if (typeof selection === 'string') unaffected = furthest(unaffected, selection, index);
    else judgements.push({ index, selection, narrowed: narrow() });
  }
  if (judgements.length > 0) return combine(judgements, narrowed, unaffected);
  return concludeWith(narrowed.length > 0 ? { kind: 'affected', narrowed } : unaffected);
}

/** Returns the refs and path filters of a subscription that selects a pushed ref; undefined where it has no filters that can be read. */
function narrowSelection(
  git: unknown,
  reading: ReturnType<typeof readGitSubscription>,
  refs: readonly Ref[],
): NarrowedSelection | undefined {
  const selectors = reading.kind === 'read' ? readPathSelectors(git) : undefined;
  if (selectors === undefined || reading.kind !== 'read') return undefined;
  return { selectors, refs: refsOfStrategy(reading.subscription, refs) };
}

function furthest(unaffected: Unaffected, mismatch: Mismatch, subscription: number): Unaffected {
  return isFurther(mismatch, unaffected.mismatch)
    ? { kind: 'unaffected', mismatch, subscription }
    : unaffected;
}

function* combine(
  judgements: readonly Judgement[],
  judged: readonly NarrowedSelection[],
  others: Unaffected,
): Generator<void, Verdict> {
  const narrowed = [...judged];
  let unaffected = others;
  let broken: Verdict | undefined;
  for (const { index, selection, narrowed: own } of judgements) {
    const verdict = 'kind' in selection ? selection : yield* selection;
    if (verdict === 'selected') {
      if (own === undefined) return AFFECTED;
      narrowed.push(own);
    } else if (typeof verdict === 'string') unaffected = furthest(unaffected, verdict, index);
    else broken ??= { kind: 'broken', reason: `spec.subscriptions[${index}].git.${verdict.message}` };
  }
  return narrowed.length > 0 ? { kind: 'affected', narrowed } : (broken ?? unaffected);
}
