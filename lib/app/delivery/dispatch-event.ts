import type { BitbucketEvent } from '../../core/bitbucket/event.ts';
import { RetryableError } from '../errors.ts';
import type { EventScope, Target, TargetResult } from '../targets/target.ts';

/**
 * Passes a verified event to every target. A target that fails does not affect the others.
 *
 * @returns one result for each target, in their order
 * @throws {RetryableError} when a target could not finish
 * @throws {Error} for a bug in a target, even if another one throws a `RetryableError`
 */
export async function dispatchEvent(
  targets: readonly Target[],
  event: BitbucketEvent,
  scope: EventScope,
  signal: AbortSignal,
): Promise<TargetResult[]> {
  const settled = await Promise.allSettled(targets.map((target) => target.handle(event, scope, signal)));
  const errors = settled.filter((one) => one.status === 'rejected').map(({ reason }): unknown => reason);
  if (errors.length > 0) throw errors.find((error) => !(error instanceof RetryableError)) ?? errors[0];
  return settled.filter((one) => one.status === 'fulfilled').map(({ value }) => value);
}
