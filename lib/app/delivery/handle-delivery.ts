import { createHash } from 'node:crypto';
import type { BitbucketEvent } from '../../core/bitbucket/event.ts';
import { parseDelivery, type Delivery } from '../../core/delivery/delivery.ts';
import { receiverFields, type Receiver } from '../../core/kargo/receiver.ts';
import type { RetryableError } from '../errors.ts';
import type { Log } from '../ports.ts';
import type { Target } from '../targets/target.ts';
import { authenticateDelivery, type PreviousSecretUse } from './authenticate-delivery.ts';
import { dispatchEvent } from './dispatch-event.ts';
import type { Outcome } from './outcome.ts';
import type { ReceiverDirectory } from './receiver-directory.ts';

export interface DeliveryDeps {
  readonly directory: ReceiverDirectory;
  readonly targets: readonly Target[];
  readonly log: Log;
}

/** A delivery as the gateway passes it on. */
export interface ReceivedDelivery {
  /** The receiver's hash; undefined where the path is no receiver's. */
  readonly hash: string | undefined;
  readonly delivery: Delivery;
  /** Bitbucket's identifier of the request, shown under "View requests". */
  readonly requestUuid: string | undefined;
}

/** The outcome of a delivery, with the fields of its log line: names only, never a body, a signature or a secret. */
export interface HandledDelivery {
  readonly outcome: Outcome;
  readonly receiver?: Receiver | undefined;
  readonly previousSecret?: PreviousSecretUse | undefined;
  readonly event?: BitbucketEvent;
  readonly error?: RetryableError | undefined;
}

/**
 * Handles one delivery: authenticates it, parses its event, and dispatches the event to the targets.
 *
 * @param signal - ends the work when the time budget is used up
 * @throws {Error} for a bug only; everything else is an outcome
 */
export async function handleDelivery(
  { directory, targets, log }: DeliveryDeps,
  { hash, delivery, requestUuid }: ReceivedDelivery,
  signal: AbortSignal,
): Promise<HandledDelivery> {
  if (hash === undefined) return { outcome: { kind: 'unknown-receiver' } };
  const authentication = await authenticateDelivery(directory, hash, delivery, signal);
  if (authentication.kind === 'rejected') return authentication;
  const { receiver, previousSecret } = authentication;
  log.addFields(receiverFields(receiver));
  const parsed = parseDelivery(delivery);
  if (parsed.kind !== 'event') return { outcome: parsed, receiver, previousSecret };
  const { event } = parsed;
  const scope = { project: receiver.project, deliveryIds: deliveryIdsOf(delivery, requestUuid) };
  const results = await dispatchEvent(targets, event, scope, signal);
  const error = results.find((result) => result.error !== undefined)?.error;
  const outcome: Outcome =
    error === undefined
      ? { kind: 'handled', results }
      : { kind: 'unavailable', reason: error.reason, results };
  return { outcome, receiver, previousSecret, event, error };
}

function deliveryIdsOf({ body }: Delivery, requestUuid: string | undefined): string[] {
  const digest = createHash('sha256').update(body).digest('hex');
  return requestUuid === undefined ? [digest] : [digest, requestUuid];
}
