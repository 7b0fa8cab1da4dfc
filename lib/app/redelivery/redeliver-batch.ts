import { receiverFields } from '../../core/kargo/receiver.ts';
import { RetryableError } from '../errors.ts';
import type { Clock, Log, ReceivedMessage, RedeliveryQueue } from '../ports.ts';
import type { Target, TargetResult } from '../targets/target.ts';
import { backoffMs } from './backoff.ts';
import { Outages } from './outages.ts';
import { readRetryMessage, splitUnfinished, type RetryMessage } from './retry-message.ts';

export interface RedeliveryDeps {
  readonly targets: readonly Target[];
  readonly queue: RedeliveryQueue;
  /** An older message is moved to the dead-letter queue. */
  readonly maxAgeMs: number;
  readonly clock: Clock;
  /** Returns a number from 0 to 1. */
  readonly random: () => number;
  readonly log: Log;
}

export interface RedeliverySignals {
  /** Ends the work on the targets. */
  readonly work: AbortSignal;
  /** Ends the requests to the queue, for which time is left after the work. */
  readonly queue: AbortSignal;
}

/** What became of a message. Names only, as in the log line of a delivery. */
export interface Redelivery {
  /**
   * `done`: nothing is left. `requeued`: what is left is in a new message. `postponed`: it is received again later. `dead`: it is in
   * the dead-letter queue.
   */
  readonly kind: 'done' | 'requeued' | 'postponed' | 'dead';
  readonly received: ReceivedMessage;
  /** Undefined where it cannot be read. */
  readonly message?: RetryMessage;
  readonly result?: TargetResult;
  /** Why it is not done. */
  readonly reason?: string;
  /** Of the target, of the queue, or a bug. */
  readonly error?: unknown;
}

/**
 * Handles a batch of the retry queue. Messages are handled one after the other, so that the target does not get more concurrent requests
 * than from a delivery. Where a target is unavailable, or fails for all objects of an owner, the rest of these messages are postponed without an attempt.
 *
 * @param batchId - another one for each batch: an object that several messages of one batch name is refreshed once
 * @returns what became of each message, in their order; those that are `postponed` must not be deleted
 */
export async function redeliverBatch(
  deps: RedeliveryDeps,
  batchId: string,
  messages: readonly ReceivedMessage[],
  signals: RedeliverySignals,
): Promise<Redelivery[]> {
  const batch = new Batch(deps, batchId, signals);
  const redeliveries: Redelivery[] = [];
  for (const message of messages) redeliveries.push(await batch.handle(message));
  deps.log.addFields(fieldsOf());
  await batch.setDelays();
  return redeliveries;
}

/** Returns the fields of every log line about a message; without one, those that remove them. */
function fieldsOf(message?: RetryMessage): Record<string, string | undefined> {
  return {
    requestUuid: message?.requestUuid,
    ...(message === undefined
      ? { receiver: undefined, project: undefined }
      : receiverFields({ name: message.receiver, project: message.project })),
  };
}

/** What is known of a message while it is handled. */
type About = Pick<Redelivery, 'received' | 'message'>;

class Batch {
  readonly #deps: RedeliveryDeps;
  readonly #batchId: string;
  readonly #signals: RedeliverySignals;
  readonly #outages: readonly Outages[];
  readonly #postponed: (ReceivedMessage & { readonly delayMs: number })[] = [];

  constructor(deps: RedeliveryDeps, batchId: string, signals: RedeliverySignals) {
    this.#deps = deps;
    this.#outages = deps.targets.map((target) => new Outages(target));
    this.#batchId = batchId;
    this.#signals = signals;
  }

  async handle(received: ReceivedMessage): Promise<Redelivery> {
    const reading = readRetryMessage(received.text);
    if (reading.kind === 'unreadable') return this.#bury({ received }, `unreadable: ${reading.reason}`);
    const { message } = reading;
    this.#deps.log.addFields(fieldsOf(message));
    const about = { received, message };
    const outages = this.#outages.find(({ target }) => target.name === message.target);
    if (outages === undefined) return this.#bury(about, `there is no target "${message.target}"`);
    if (this.#deps.clock().getTime() - message.queuedAt.getTime() > this.#deps.maxAgeMs)
      return this.#bury(about, `too old: ${message.reason}`);
    const outage = outages.find(message.only);
    if (outage !== undefined) return this.#postpone(about, outage.reason, outage.retryAfterMs);
    if (this.#signals.work.aborted) return this.#postpone(about, 'no time left in this batch');
    try {
      return await this.#attempt(outages, received, message);
    } catch (error) {
      // A bug affects one message.
      return { ...this.#postpone(about, 'internal error'), error };
    }
  }

  async #attempt(outages: Outages, received: ReceivedMessage, message: RetryMessage): Promise<Redelivery> {
    const { event, project, only } = message;
    const deliveryIds = [`${this.#batchId} ${event.kind}`];
    const result = await outages.target.handle(event, { project, deliveryIds, only }, this.#signals.work);
    const { error, remaining } = result;
    const about = { received, message, result };
    if (error === undefined) {
      outages.addSuccess(only);
      return { ...about, kind: 'done' };
    }
    if (remaining !== undefined && (only === undefined || remaining.length < only.length)) {
      if (only !== undefined) outages.addSuccess(only.filter((name) => !remaining.includes(name)));
      return this.#requeue(about, { ...message, only: remaining, reason: error.reason }, error);
    }
    const { reason, retryAfterMs } = error;
    outages.addFailure(remaining, { reason, retryAfterMs });
    return { ...about, ...this.#postpone(about, reason, retryAfterMs), error };
  }

  /** Replaces the message by what is left of it, so that what was done is not repeated. */
  async #requeue(about: About, left: RetryMessage, error: RetryableError): Promise<Redelivery> {
    const delayMs = backoffMs(1, error.retryAfterMs, this.#deps.random());
    try {
      await this.#deps.queue.send(splitUnfinished(left), this.#signals.queue, delayMs);
      return { ...about, kind: 'requeued', reason: left.reason, error };
    } catch (queueError) {
      if (!(queueError instanceof RetryableError)) throw queueError;
      return { ...about, ...this.#postpone(about, left.reason, error.retryAfterMs), error: queueError };
    }
  }

  async #bury(about: About, reason: string): Promise<Redelivery> {
    try {
      await this.#deps.queue.sendToDeadLetters(about.received, reason, this.#signals.queue);
      return { ...about, kind: 'dead', reason };
    } catch (error) {
      if (!(error instanceof RetryableError)) throw error;
      return { ...this.#postpone(about, reason), error };
    }
  }

  #postpone(about: About, reason: string, retryAfterMs?: number): Redelivery {
    const { received } = about;
    const delayMs = backoffMs(received.receiveCount, retryAfterMs, this.#deps.random());
    this.#postponed.push({ ...received, delayMs });
    return { ...about, kind: 'postponed', reason };
  }

  /** Sets the delays. Where that fails, the messages are received again after the queue's visibility timeout. */
  async setDelays(): Promise<void> {
    if (this.#postponed.length === 0) return;
    try {
      await this.#deps.queue.postpone(this.#postponed, this.#signals.queue);
    } catch (error) {
      if (!(error instanceof RetryableError)) throw error;
      this.#deps.log.warn('messages keep the visibility timeout of the queue', { error });
    }
  }
}
