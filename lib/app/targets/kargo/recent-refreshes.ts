import type { ObjectName } from '../../../core/kargo/object-name.ts';
import type { Clock } from '../../ports.ts';

/**
 * Time within which a repeated delivery does not refresh the same objects again. It limits a replay loop to one PATCH per object, and is
 * shorter than the interval of Bitbucket's own retries.
 */
const REPETITION_MS = 2_000;

interface Refresh {
  readonly uid: string;
  /** Time in milliseconds. */
  readonly at: number;
}

/** Remembers which delivery refreshed which object a moment ago, so that a replayed delivery does not refresh it again. */
export class RecentRefreshes {
  readonly #clock: Clock;
  readonly #repetitionMs: number;
  /** By object and delivery. The oldest come first. */
  readonly #refreshes = new Map<string, Refresh>();

  /** @param repetitionMs - how long a refresh is remembered */
  constructor(clock: Clock, repetitionMs = REPETITION_MS) {
    this.#clock = clock;
    this.#repetitionMs = repetitionMs;
  }

  /** Returns whether one of these deliveries has just refreshed the object. An unknown uid equals any. */
  has(object: ObjectName, deliveryIds: readonly string[]): boolean {
    const since = this.#clock().getTime() - this.#repetitionMs;
    return deliveryIds.some((id) => {
      const { uid = '', at = -Infinity } = this.#refreshes.get(keyOf(object, id)) ?? {};
      return at > since && (uid === object.uid || uid === '' || object.uid === '');
    });
  }

  add(object: ObjectName, deliveryIds: readonly string[]): void {
    const now = this.#clock().getTime();
    for (const [key, { at }] of this.#refreshes) {
      if (at > now - this.#repetitionMs) break;
      this.#refreshes.delete(key);
    }
    for (const id of deliveryIds) {
      // Deleted first: a key that is set again keeps its place in the order.
      this.#refreshes.delete(keyOf(object, id));
      this.#refreshes.set(keyOf(object, id), { uid: object.uid, at: now });
    }
  }
}

function keyOf({ namespace, name }: ObjectName, deliveryId: string): string {
  return `${namespace}/${name} ${deliveryId}`;
}
