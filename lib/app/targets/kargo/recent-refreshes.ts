import type { Clock, ObjectName } from '../../ports.ts';

/**
 * Time within which a repeated delivery does not refresh the same objects again. It limits a replay loop to one PATCH per object, and is
 * shorter than the interval of Bitbucket's own retries.
 */
const REPETITION_MS = 2_000;

/** Remembers which delivery refreshed which object a moment ago, so that a replayed delivery does not refresh it again. */
export class RecentRefreshes {
  readonly #clock: Clock;
  /** By object and delivery: the time in milliseconds. The oldest come first. */
  readonly #refreshedAt = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Returns whether one of these deliveries has just refreshed the object. */
  has(object: ObjectName, deliveryIds: readonly string[]): boolean {
    const since = this.#clock().getTime() - REPETITION_MS;
    return deliveryIds.some((id) => (this.#refreshedAt.get(keyOf(object, id)) ?? -Infinity) > since);
  }

  add(object: ObjectName, deliveryIds: readonly string[]): void {
    const now = this.#clock().getTime();
    for (const [key, at] of this.#refreshedAt) {
      if (at > now - REPETITION_MS) break;
      this.#refreshedAt.delete(key);
    }
    for (const id of deliveryIds) {
      // Deleted first: a key that is set again keeps its place in the order.
      this.#refreshedAt.delete(keyOf(object, id));
      this.#refreshedAt.set(keyOf(object, id), now);
    }
  }
}

function keyOf({ namespace, name, uid }: ObjectName, deliveryId: string): string {
  return `${namespace}/${name} ${uid} ${deliveryId}`;
}
