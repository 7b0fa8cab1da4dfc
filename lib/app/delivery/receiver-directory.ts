import { receiverHash } from '../../core/kargo/receiver-path.ts';
import { acceptedSecrets, type SecretReading } from '../../core/kargo/receiver-secret.ts';
import type { Receiver } from '../../core/kargo/receiver.ts';
import { RetryableError } from '../errors.ts';
import type { Clock, ReceiverConfigs, ReceiverSecrets } from '../ports.ts';
import { ReceiverListings } from './receiver-listing.ts';

/** The receiver that a path belongs to, and the secrets that verify its deliveries: two during the grace of a rotation. */
export interface LiveReceiver {
  readonly receiver: Receiver;
  readonly secrets: readonly string[];
}

/** Minimum interval between two lookups for unknown paths, and between two refetches of one secret, whatever the request rate. */
const MIN_LOOKUP_INTERVAL_MS = 2_000;

export interface ReceiverDirectoryDeps {
  readonly configs: ReceiverConfigs;
  readonly secrets: ReceiverSecrets;
  readonly clock: Clock;
  /** How long the previous secret version stays valid, in milliseconds. */
  readonly graceMs: number;
}

/** What a search among receivers found. */
interface SearchResult {
  readonly live?: LiveReceiver;
  /** Why the secret of one of them could not be read, so that the hash may be its own. */
  readonly unreadable?: string | undefined;
}

/**
 * Finds the receiver that a path belongs to.
 *
 * The proof is the hash computed from project, receiver name and secret, at every delivery. Status lists and earlier lookups only say
 * where to look first, because Kargo's own controller may blank a list at any time.
 */
export class ReceiverDirectory {
  readonly #deps: ReceiverDirectoryDeps;
  readonly #listings: ReceiverListings;
  /** By hash: the receiver that an earlier search found. A status list does not name the hash of the previous secret. */
  readonly #known = new Map<string, Receiver>();
  #lookedUpAt = -Infinity;
  #lookupError: RetryableError | undefined;
  /** By secret: when it was last read past the cache. */
  readonly #refetchedAt = new Map<string, number>();

  constructor(deps: ReceiverDirectoryDeps) {
    this.#deps = deps;
    this.#listings = new ReceiverListings(deps.configs, deps.clock);
  }

  /**
   * Returns the receiver of this hash, or undefined where there is none.
   *
   * An unknown hash causes a lookup through all receivers, unless the last one was a moment ago: then it is answered at once.
   *
   * @throws {RetryableError} when a dependency is unavailable, or when the secret of a receiver that is listed with this hash cannot
   * be read
   */
  async find(hash: string, signal: AbortSignal): Promise<LiveReceiver | undefined> {
    const listing = await this.#listings.current(signal);
    const known = this.#known.get(hash);
    const candidates = listing.candidatesOf(hash);
    const likely = known !== undefined && listing.isDeclared(known) ? [known, ...candidates] : candidates;
    const cached = await this.#searchAmong(likely, hash, 'cached', signal);
    const search = cached.live === undefined ? await this.#lookUp(hash, cached, signal) : cached;
    if (search.live === undefined && search.unreadable !== undefined)
      throw secretUnreadable(search.unreadable);
    return search.live;
  }

  /**
   * Reads the receiver's secret again, for a signature that did not verify: the secret may have been replaced since it was cached.
   *
   * @returns undefined where that was done a moment ago, or where the receiver no longer has this hash
   * @throws {RetryableError} when the secret cannot be read
   */
  async refetch(
    hash: string,
    { receiver }: LiveReceiver,
    signal: AbortSignal,
  ): Promise<LiveReceiver | undefined> {
    if (!this.#isRefetchDue(receiver)) return undefined;
    const { live, unreadable } = await this.#searchAmong([receiver], hash, 'store', signal);
    if (unreadable !== undefined) throw secretUnreadable(unreadable);
    return live;
  }

  /** Searches a newer listing: the receivers that it lists with this hash, then all. Each is done at most once in an interval. */
  async #lookUp(hash: string, cached: SearchResult, signal: AbortSignal): Promise<SearchResult> {
    const now = this.#now();
    const listing = await this.#listings.since(now - MIN_LOOKUP_INTERVAL_MS, signal);
    const due = listing.candidatesOf(hash).filter((receiver) => this.#isRefetchDue(receiver));
    const listed = due.length === 0 ? cached : await this.#searchAmong(due, hash, 'store', signal);
    if (listed.live !== undefined) return listed;
    if (now - this.#lookedUpAt < MIN_LOOKUP_INTERVAL_MS) {
      if (this.#lookupError !== undefined) throw this.#lookupError;
      return listed;
    }
    this.#lookedUpAt = now;
    this.#lookupError = undefined;
    try {
      const { live } = await this.#searchAmong(listing.receivers, hash, 'store', signal);
      return live === undefined ? listed : { live };
    } catch (error) {
      if (error instanceof RetryableError) this.#lookupError = error;
      throw error;
    }
  }

  /** Returns whether the receiver's secret may be read past the cache, and counts that as done. */
  #isRefetchDue({ project, secretName }: Receiver): boolean {
    const key = `${project}/${secretName}`;
    const now = this.#now();
    if (now - (this.#refetchedAt.get(key) ?? -Infinity) < MIN_LOOKUP_INTERVAL_MS) return false;
    this.#refetchedAt.set(key, now);
    return true;
  }

  /** Computes the hashes of these receivers from their secrets, remembers them, and returns the receiver that has this one. */
  async #searchAmong(
    receivers: readonly Receiver[],
    hash: string,
    from: 'cached' | 'store',
    signal: AbortSignal,
  ): Promise<SearchResult> {
    if (receivers.length === 0) return {};
    const readings = await this.#deps.secrets.read(receivers, from, signal);
    let live: LiveReceiver | undefined;
    let unreadable: string | undefined;
    for (const [index, receiver] of receivers.entries()) {
      const reading = readings[index];
      if (reading?.kind === 'fault' && reading.fault === 'unreadable') unreadable ??= reading.reason;
      const secrets = this.#acceptedSecrets(reading);
      for (const secret of secrets) {
        const own = receiverHash(receiver.project, receiver.name, secret);
        this.#known.set(own, receiver);
        if (own === hash) live ??= { receiver, secrets };
      }
    }
    return live === undefined ? { unreadable } : { live };
  }

  #acceptedSecrets(reading: SecretReading | undefined): string[] {
    if (reading?.kind !== 'found') return [];
    return acceptedSecrets(reading.versions, this.#deps.clock(), this.#deps.graceMs);
  }

  #now(): number {
    return this.#deps.clock().getTime();
  }
}

function secretUnreadable(detail: string): RetryableError {
  return new RetryableError('secret store unavailable', { detail });
}
