import { hashInPath } from '../../core/kargo/receiver-path.ts';
import { usableReceivers, type Receiver, type ReceiverConfig } from '../../core/kargo/receiver.ts';
import { RetryableError } from '../errors.ts';
import type { Clock, ReceiverConfigs } from '../ports.ts';

/** Every usable receiver of the cluster, with the hashes in the status lists. */
export interface ReceiverListing {
  readonly receivers: readonly Receiver[];
  /**
   * Returns the receivers that a status list names for this hash. They are candidates only: whoever may write a status may write any
   * hash there.
   */
  candidatesOf(hash: string): readonly Receiver[];
  /** Returns whether a receiver of an older listing is declared unchanged in this one. */
  isDeclared(receiver: Receiver): boolean;
}

/** TTL of a listing: a deleted receiver stops receiving within this time. */
const LISTING_TTL_MS = 10_000;

/** How long a failed fetch is remembered: unauthenticated callers cause them. */
const FAILURE_TTL_MS = 1_000;

/** Timeout for replacing a stale listing, so that time is left to use the stale one. */
const REFETCH_TIMEOUT_MS = 2_000;

/** The cached listing of all receivers. */
export class ReceiverListings {
  readonly #configs: ReceiverConfigs;
  readonly #clock: Clock;
  #latest: { readonly listing: ReceiverListing; readonly fetchedAt: number } | undefined;
  #failure: { readonly error: unknown; readonly at: number } | undefined;

  constructor(configs: ReceiverConfigs, clock: Clock) {
    this.#configs = configs;
    this.#clock = clock;
  }

  /**
   * Returns a listing within its TTL, or a stale one where no newer one can be fetched in time. The signature can be verified with a
   * stale one, so that the answer to an authenticated caller names the unavailable dependency.
   *
   * @throws {RetryableError} when there is no listing and none can be fetched, or could be a moment ago
   */
  async current(signal: AbortSignal): Promise<ReceiverListing> {
    const latest = this.#latest;
    const now = this.#clock().getTime();
    if (latest === undefined) return this.since(now - FAILURE_TTL_MS, signal);
    if (now - latest.fetchedAt < LISTING_TTL_MS) return latest.listing;
    try {
      return await this.since(
        now - FAILURE_TTL_MS,
        AbortSignal.any([signal, AbortSignal.timeout(REFETCH_TIMEOUT_MS)]),
      );
    } catch (error) {
      if (signal.aborted || !(error instanceof RetryableError)) throw error;
      return latest.listing;
    }
  }

  /**
   * Returns a listing that was fetched after this time. A fetch that failed after it is not repeated.
   *
   * @throws {RetryableError} when that fetch fails or has failed
   */
  async since(timeMs: number, signal: AbortSignal): Promise<ReceiverListing> {
    const latest = this.#latest;
    if (latest !== undefined && latest.fetchedAt > timeMs) return latest.listing;
    if (this.#failure !== undefined && this.#failure.at > timeMs) throw this.#failure.error;
    return this.#fetch(signal);
  }

  async #fetch(signal: AbortSignal): Promise<ReceiverListing> {
    const fetchedAt = this.#clock().getTime();
    try {
      const { configs } = await this.#configs.list(signal);
      const listing = toListing(configs);
      this.#latest = { listing, fetchedAt };
      return listing;
    } catch (error) {
      this.#failure = { error, at: this.#clock().getTime() };
      throw error;
    }
  }
}

function toListing(configs: readonly ReceiverConfig[]): ReceiverListing {
  const receivers = configs.flatMap(usableReceivers);
  const byHash = new Map<string, Receiver[]>();
  for (const config of configs) {
    for (const receiver of usableReceivers(config)) {
      const entry = config.status.webhookReceivers.find(({ name }) => name === receiver.name);
      const hash = hashInPath(entry?.path ?? '');
      if (hash !== undefined) byHash.set(hash, [...(byHash.get(hash) ?? []), receiver]);
    }
  }
  const declared = new Set(receivers.map(keyOf));
  return {
    receivers,
    candidatesOf: (hash) => byHash.get(hash) ?? [],
    isDeclared: (receiver) => declared.has(keyOf(receiver)),
  };
}

function keyOf({ project, name, secretName }: Receiver): string {
  return JSON.stringify([project, name, secretName]);
}
