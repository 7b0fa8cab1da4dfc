import * as v from 'valibot';
import type { PushEvent } from '../bitbucket/event.ts';
import { compileCommitSelection } from './commit-selection/commit-selection.ts';
import { readGitSubscription } from './commit-selection/git-subscription.ts';
import { isAddressOf } from '../bitbucket/repository-identity.ts';
import { AFFECTED, UNAFFECTED, type Verdict } from './verdict.ts';

/** The Warehouse CRD has no schema for the content of a subscription, so only its place is checked here. */
const warehouse = v.object({ spec: v.object({ subscriptions: v.nullish(v.array(v.unknown())) }) });
const gitSubscription = v.object({ git: v.object({ repoURL: v.string() }) });

/**
 * Decides whether a push affects a Warehouse: one of its Git subscriptions is to the pushed repository, and one of the pushed refs
 * could change the commits it selects. Any one subscription is enough. Other kinds of subscription are ignored, and so is a broken
 * subscription next to an affected one.
 *
 * @param object - the Warehouse as the cluster holds it
 */
export function judgeWarehouse({ addresses, refs }: PushEvent, object: unknown): Verdict {
  if (!v.is(warehouse, object)) return { kind: 'broken', reason: 'spec.subscriptions cannot be read' };
  let broken: Verdict | undefined;
  for (const [index, subscription] of (object.spec.subscriptions ?? []).entries()) {
    if (!v.is(gitSubscription, subscription) || !isAddressOf(addresses, subscription.git.repoURL)) continue;
    const reading = readGitSubscription(subscription.git);
    const selection = reading.kind === 'read' ? compileCommitSelection(reading.subscription) : reading;
    if (selection.kind === 'selection' && refs.some((ref) => selection.couldBeMovedBy(ref))) return AFFECTED;
    if (selection.kind === 'fault') {
      broken ??= { kind: 'broken', reason: `spec.subscriptions[${index}].git.${selection.message}` };
    }
  }
  return broken ?? UNAFFECTED;
}
