import { BitbucketError, type RequestPurpose } from '../../app/register/bitbucket-ports.ts';
import type { Clock } from '../../app/ports.ts';

/** Bitbucket Cloud counts over a rolling hour. */
const WINDOW_MS = 3_600_000;

/** Part of the budget that checks may use, so that a change is not late because everything has just been checked. */
const CHECK_SHARE = 0.5;

/** Block after a 429 that does not say until when. */
const DEFAULT_BLOCK_MS = 10 * 60_000;

/** A server that asks for a longer wait is asked once an hour all the same. */
const MAX_BLOCK_MS = WINDOW_MS;

/**
 * When requests are free again is told as a quarter of an hour. It moves with every request, and each change of the message is a write of
 * the condition.
 */
const QUARTER_MS = 15 * 60_000;

/** Counts the requests of one credential against its budget for an hour, and keeps it from sending while the server throttles it. */
export class RequestBudget {
  readonly #label: string;
  readonly #perHour: number;
  readonly #clock: Clock;
  /** Times in milliseconds, the oldest first. */
  readonly #sentAt: number[] = [];
  #blockedUntil = -Infinity;

  /** @param label - of the credential */
  constructor(label: string, perHour: number, clock: Clock) {
    this.#label = label;
    this.#perHour = perHour;
    this.#clock = clock;
  }

  /**
   * Counts a request that is about to be sent.
   *
   * @throws {BitbucketError} where the budget is used up or the server throttles the credential
   */
  take(purpose: RequestPurpose): void {
    const now = this.#clock().getTime();
    if (now < this.#blockedUntil) throw this.throttled();
    while (this.#sentAt[0] !== undefined && this.#sentAt[0] <= now - WINDOW_MS) this.#sentAt.shift();
    const limit = Math.floor(purpose === 'check' ? this.#perHour * CHECK_SHARE : this.#perHour);
    if (this.#sentAt.length < limit) {
      this.#sentAt.push(now);
      return;
    }
    const freeAt = (this.#sentAt[this.#sentAt.length - limit] ?? now) + WINDOW_MS;
    throw new BitbucketError({
      reason: 'BudgetUsedUp',
      message: `${this.#label} has used up its ${this.#perHour} requests in an hour. This is retried by ${formatTime(Math.ceil(freeAt / QUARTER_MS) * QUARTER_MS)}.`,
    });
  }

  /** Blocks the credential, after a 429. */
  block(retryAfterMs = DEFAULT_BLOCK_MS): void {
    this.#blockedUntil = this.#clock().getTime() + Math.min(retryAfterMs, MAX_BLOCK_MS);
  }

  /** Makes the error of a blocked credential. */
  throttled(): BitbucketError {
    return new BitbucketError({
      reason: 'Throttled',
      message: `HTTP 429: ${this.#label} is throttled. This is retried at ${formatTime(this.#blockedUntil)}.`,
    });
  }
}

/** To the minute, so that the condition does not change with every run. */
function formatTime(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 16)}Z`;
}
