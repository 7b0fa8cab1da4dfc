import type { ReceiverRow } from '../../core/kargo/lookup-index/index-head.ts';
import { packReceivers } from '../../core/kargo/lookup-index/receiver-copy.ts';
import type { Clock, Log, ReceiverCopy } from '../ports.ts';

/** In place of a copy of receivers that are too many. */
const TOO_MANY = '';

/**
 * Writes of the copy: as many at once, and one more in each interval, 88 in a day at most. Secrets Manager keeps about a hundred versions of a
 * secret, and none younger than a day is removed: a tenant who renames a receiver every minute would use them up.
 */
const MAX_WRITES_AT_ONCE = 40;
const WRITE_INTERVAL_MS = 30 * 60_000;

export interface ReceiverCopierDeps {
  readonly copy: ReceiverCopy;
  readonly clock: Clock;
  readonly log: Log;
}

/** Copies the receivers of the index to where they can be read while the cluster API is unavailable. Kept between runs. */
export class ReceiverCopier {
  readonly #deps: ReceiverCopierDeps;
  /** The copy as it is, once that is known. */
  #copied: string | undefined;
  /** Writes that are left, as of a time; with fractions. */
  #writes = { left: MAX_WRITES_AT_ONCE, at: 0 };

  constructor(deps: ReceiverCopierDeps) {
    this.#deps = deps;
  }

  /**
   * Copies these receivers, if they were changed, and if the copy was not written too often.
   *
   * @throws {RetryableError} where the copy cannot be written
   */
  async copyReceivers(receivers: readonly ReceiverRow[], signal: AbortSignal): Promise<void> {
    const { copy, log } = this.#deps;
    const packed = packReceivers(receivers) ?? TOO_MANY;
    this.#copied ??= await copy.read(signal);
    if (packed === this.#copied) return;
    if (packed === TOO_MANY)
      log.warn('the receivers are too many for their copy', { count: receivers.length });
    else if (!this.#mayWrite()) return;
    else await copy.write(packed, signal);
    this.#copied = packed;
  }

  /** Returns whether the copy may be written, and counts that as done. */
  #mayWrite(): boolean {
    const { left, at } = this.#writes;
    const now = this.#deps.clock().getTime();
    const regained = Math.min(MAX_WRITES_AT_ONCE, left + (now - at) / WRITE_INTERVAL_MS);
    if (regained < 1) return false;
    this.#writes = { left: regained - 1, at: now };
    return true;
  }
}
