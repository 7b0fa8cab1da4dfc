import { createHash } from 'node:crypto';
import type { BitbucketEvent } from '../../core/bitbucket/event.ts';
import { parseDelivery, type Delivery } from '../../core/delivery/delivery.ts';
import type { Endpoint } from '../../core/delivery/endpoint.ts';
import { receiverFields, type Receiver } from '../../core/kargo/receiver.ts';
import { RetryableError } from '../errors.ts';
import type { Clock, Log, RetryQueue } from '../ports.ts';
import type { EventOrigin, Target, TargetResult } from '../targets/target.ts';
import {
  authenticateDelivery,
  type AuthenticationDeps,
  type PreviousSecretUse,
} from './authenticate-delivery.ts';
import { dispatchEvent } from './dispatch-event.ts';
import type { Outcome } from './outcome.ts';
import { queueUnfinished, type DeliveryIdentity } from './queue-unfinished.ts';

/** Names the webhook of the package registry in queued events, which have no receiver. */
const REGISTRY_WEBHOOK = { project: '', name: 'package registry' };

export interface DeliveryDeps extends AuthenticationDeps {
  readonly targets: readonly Target[];
  /** Takes what a target has not finished; undefined where there is none, so that it is answered with 503. */
  readonly queue: RetryQueue | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

/** A delivery as the gateway passes it on. */
export interface ReceivedDelivery {
  /** Undefined where the path is no endpoint's. */
  readonly endpoint: Endpoint | undefined;
  readonly delivery: Delivery;
  /** Bitbucket's identifier of the request, shown under "View requests". */
  readonly requestUuid: string | undefined;
}

/** The outcome of a delivery, with the fields of its log line: names only, never a body, a signature or a secret. */
export interface HandledDelivery {
  readonly outcome: Outcome;
  /** Undefined where there is none: the path is unknown, or that of the package registry. */
  readonly receiver?: Receiver | undefined;
  readonly previousSecret?: PreviousSecretUse | undefined;
  readonly event?: BitbucketEvent;
  readonly error?: RetryableError | undefined;
  /** Why what is left was not queued. */
  readonly queueError?: RetryableError;
}

/**
 * Handles one delivery: authenticates it, parses its event, and dispatches the event to the targets.
 *
 * @param signal - ends the work when the time budget is used up
 * @throws {Error} for a bug only; everything else is an outcome
 */
export async function handleDelivery(
  deps: DeliveryDeps,
  { endpoint, delivery, requestUuid }: ReceivedDelivery,
  signal: AbortSignal,
): Promise<HandledDelivery> {
  if (endpoint === undefined) return { outcome: { kind: 'unknown-receiver' } };
  const authentication = await authenticateDelivery(deps, endpoint, delivery, signal);
  if (authentication.kind === 'rejected') return authentication;
  const { receiver, previousSecret, isSigned } = authentication;
  if (receiver !== undefined) deps.log.addFields(receiverFields(receiver));
  const parsed = parseDelivery(delivery, endpoint.kind);
  if (parsed.kind !== 'event') return { outcome: parsed, receiver, previousSecret };
  const { event } = parsed;
  const scope = { project: receiver?.project ?? '', deliveryIds: deliveryIdsOf(delivery, requestUuid) };
  const origin = originOf(receiver);
  const concerned = deps.targets.filter(({ origins }) => origins.includes(origin));
  const results = await dispatchEvent(concerned, event, scope, signal);
  const identity = { receiver: receiver ?? REGISTRY_WEBHOOK, requestUuid };
  // What anybody can send must not fill the queue.
  const queue = isSigned ? deps.queue : undefined;
  return {
    receiver,
    previousSecret,
    event,
    ...(await queueAndDecide({ ...deps, queue }, event, identity, results)),
  };
}

/** Decides the outcome, after what the targets have not finished was queued, where there is a queue. */
async function queueAndDecide(
  { queue, clock }: DeliveryDeps,
  event: BitbucketEvent,
  identity: DeliveryIdentity,
  results: readonly TargetResult[],
): Promise<Pick<HandledDelivery, 'outcome' | 'error' | 'queueError'>> {
  const error = results.find((result) => result.error !== undefined)?.error;
  if (error === undefined) return { outcome: { kind: 'handled', results } };
  const { reason } = error;
  const unavailable: Outcome = { kind: 'unavailable', reason, results };
  if (queue === undefined) return { outcome: unavailable, error };
  try {
    await queueUnfinished(queue, clock, event, identity, results);
    return { outcome: { kind: 'queued', reason, results }, error };
  } catch (queueError) {
    if (!(queueError instanceof RetryableError)) throw queueError;
    return { outcome: unavailable, error, queueError };
  }
}

function originOf(receiver: Receiver | undefined): EventOrigin {
  if (receiver === undefined) return 'registry-webhook';
  return receiver.project === '' ? 'cluster-receiver' : 'project-receiver';
}

function deliveryIdsOf({ body }: Delivery, requestUuid: string | undefined): string[] {
  const digest = createHash('sha256').update(body).digest('hex');
  return requestUuid === undefined ? [digest] : [digest, requestUuid];
}
