import { receiverKeyOf, receiverOf, type ReceiverRow } from '../../core/kargo/lookup-index/index-head.ts';
import { unpackReceivers } from '../../core/kargo/lookup-index/receiver-copy.ts';
import type { Receiver } from '../../core/kargo/receiver.ts';
import { RetryableError } from '../errors.ts';
import type { Clock, ReceiverCopy } from '../ports.ts';

/** How long the copy is cached; and how long it is not read again where that failed. */
const TTL_MS = 60_000;
const FAILURE_TTL_MS = 1_000;

/**
 * The receivers of the lookup index, from the copy outside the cluster. With it, an environment that starts while the cluster API is
 * unavailable can verify deliveries, so that they can be queued.
 */
export class CopiedReceivers {
  readonly #copy: ReceiverCopy;
  readonly #clock: Clock;
  #receivers: readonly ReceiverRow[] = [];
  #readAfter = -Infinity;

  constructor(copy: ReceiverCopy, clock: Clock) {
    this.#copy = copy;
    this.#clock = clock;
  }

  /** Returns the receivers whose hash may be this one; none where the copy cannot be read. */
  async receiversOf(hash: string, signal: AbortSignal): Promise<readonly Receiver[]> {
    await this.#read(signal);
    const key = receiverKeyOf(hash);
    return this.#receivers.filter(([rowKey]) => rowKey === key).map(receiverOf);
  }

  async #read(signal: AbortSignal): Promise<void> {
    const now = this.#clock().getTime();
    if (now < this.#readAfter) return;
    this.#readAfter = now + TTL_MS;
    try {
      const text = await this.#copy.read(signal);
      this.#receivers = (text === undefined ? undefined : unpackReceivers(text)) ?? [];
    } catch (error) {
      if (!(error instanceof RetryableError)) throw error;
      this.#readAfter = now + FAILURE_TTL_MS;
    }
  }
}
