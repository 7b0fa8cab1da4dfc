import type { BitbucketEvent } from '../../core/bitbucket/event.ts';
import type { Receiver } from '../../core/kargo/receiver.ts';
import type { Clock, RetryQueue } from '../ports.ts';
import { splitUnfinished } from '../redelivery/retry-message.ts';
import type { TargetResult } from '../targets/target.ts';

/** Time for queueing, the first connection included. It is a part of the delivery's time budget. */
export const QUEUEING_TIMEOUT_MS = 1_500;

/** Which delivery an event comes from, for the people who read of it later. */
export interface DeliveryIdentity {
  readonly receiver: Pick<Receiver, 'project' | 'name'>;
  readonly requestUuid: string | undefined;
}

/**
 * Queues what the targets have not finished.
 *
 * @throws {RetryableError} where the queue does not accept all of it
 */
export async function queueUnfinished(
  queue: RetryQueue,
  clock: Clock,
  event: BitbucketEvent,
  { receiver, requestUuid }: DeliveryIdentity,
  results: readonly TargetResult[],
): Promise<void> {
  const now = clock();
  const messages = results.flatMap(({ target, error, remaining }) =>
    error === undefined
      ? []
      : splitUnfinished({
          target,
          event,
          project: receiver.project,
          receiver: receiver.name,
          only: remaining,
          reason: error.reason,
          since: now,
          queuedAt: now,
          requestUuid,
        }),
  );
  await queue.send(messages, AbortSignal.timeout(QUEUEING_TIMEOUT_MS));
}
