import type { Clock } from '../ports.ts';
import { within } from './within.ts';

/** One look for what several callers wait for. */
interface PendingLook {
  readonly wanted: Set<string>;
  /** The last of those who wait came in at this step: what the look goes by must be read after it. */
  lastCameIn: number;
  readonly done: Promise<void>;
}

export interface PacedLookupDeps {
  /** Looks for all of `wanted`, going by nothing read before the step `lastCameIn`; gives those that are not there. */
  readonly look: (wanted: ReadonlySet<string>, lastCameIn: number) => Promise<Iterable<string>>;
  readonly everyMs: number;
  readonly clock: Clock;
}

/**
 * Looks for things at most once in an interval, whoever asks: those who come too early wait for the next look and share it, and what
 * was just looked for in vain is not looked for again until the interval is over.
 */
export class PacedLookup {
  readonly #deps: PacedLookupDeps;
  readonly #missing = new Map<string, number>();
  /** The next look, not yet begun. */
  #next: PendingLook | undefined;
  #beganAt = -Infinity;

  constructor(deps: PacedLookupDeps) {
    this.#deps = deps;
  }

  /**
   * Waits until a look that began after this call is over. `cameIn` is the caller's own count of steps, which grows from call to call.
   * Raises what the look raises, and `RetryableError` when the signal ends it.
   */
  async lookFor(key: string, cameIn: number, signal: AbortSignal): Promise<void> {
    const missedAt = this.#missing.get(key);
    if (missedAt !== undefined && this.#now() - missedAt < this.#deps.everyMs) return;
    const next = (this.#next ??= this.#schedule());
    next.wanted.add(key);
    next.lastCameIn = cameIn;
    await within(next.done, signal);
  }

  #schedule(): PendingLook {
    const wait = Math.max(0, this.#beganAt + this.#deps.everyMs - this.#now());
    const done = new Promise((resolve) => setTimeout(resolve, wait)).then(() => this.#begin(pending));
    // Those who wait see the error; when none is left, it must not end the process.
    done.catch(() => undefined);
    const pending: PendingLook = { wanted: new Set(), lastCameIn: -Infinity, done };
    return pending;
  }

  async #begin({ wanted, lastCameIn }: PendingLook): Promise<void> {
    this.#next = undefined;
    this.#beganAt = this.#now();
    const missing = await this.#deps.look(wanted, lastCameIn);
    const now = this.#now();
    for (const [key, at] of this.#missing) if (now - at >= this.#deps.everyMs) this.#missing.delete(key);
    for (const key of missing) this.#missing.set(key, now);
  }

  #now(): number {
    return this.#deps.clock().getTime();
  }
}
