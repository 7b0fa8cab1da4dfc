import * as v from 'valibot';
import type { PushEvent } from '../bitbucket/event.ts';
import { compileCommitSelection } from './commit-selection/commit-selection.ts';
import { readGitSubscription } from './commit-selection/git-subscription.ts';
import { isAddressOf } from '../bitbucket/repository-identity.ts';
import { AFFECTED, UNAFFECTED, type Verdict } from './verdict.ts';

/** Kargo keeps a subscription's content without a schema, so only its place is relied on here. */
const warehouse = v.object({ spec: v.object({ subscriptions: v.nullish(v.array(v.unknown())) }) });
const gitSubscription = v.object({ git: v.object({ repoURL: v.string() }) });

/**
 * Tells whether a Warehouse, as the cluster holds it, subscribes to the repository that was pushed to with a commit selection that one
 * of the pushed refs could move. Any one subscription is enough. Subscriptions to images, charts and kinds not known yet are passed
 * over, and so is a broken one beside one that is affected.
 */
export function subscribesToPush(object: unknown, { repository, refs }: PushEvent): Verdict {
  if (!v.is(warehouse, object)) return { kind: 'broken', reason: 'spec.subscriptions cannot be read' };
  let broken: Verdict | undefined;
  for (const [index, subscription] of (object.spec.subscriptions ?? []).entries()) {
    if (!v.is(gitSubscription, subscription) || !isAddressOf(repository, subscription.git.repoURL)) continue;
    const reading = readGitSubscription(subscription.git);
    const selection = reading.kind === 'read' ? compileCommitSelection(reading.subscription) : reading;
    if (selection.kind === 'selection' && refs.some((ref) => selection.couldBeMovedBy(ref))) return AFFECTED;
    if (selection.kind === 'fault') {
      broken ??= { kind: 'broken', reason: `spec.subscriptions[${index}].git.${selection.message}` };
    }
  }
  return broken ?? UNAFFECTED;
}
