import type { BitbucketEvent } from '../../core/bitbucket/event.ts';
import type { EventScope, Target, TargetResult } from '../targets/target.ts';

/**
 * Hands a verified event to every target. A target that fails does not keep the others from their work.
 *
 * @returns one result for each target, in their order
 * @throws {Error} only for a bug in a target, after the others have done their work
 */
export async function dispatchEvent(
  targets: readonly Target[],
  event: BitbucketEvent,
  scope: EventScope,
  signal: AbortSignal,
): Promise<TargetResult[]> {
  const handled = targets.map((target) => target.handle(event, scope, signal));
  await Promise.allSettled(handled);
  return Promise.all(handled);
}
