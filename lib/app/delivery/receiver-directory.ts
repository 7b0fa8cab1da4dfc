import { receiverHash } from '../../core/kargo/receiver-path.ts';
import {
  acceptedSecrets,
  isUnreadable,
  type AcceptedSecret,
  type SecretReading,
} from '../../core/kargo/receiver-secret.ts';
import type { Receiver } from '../../core/kargo/receiver.ts';
import { RetryableError } from '../errors.ts';
import type { CopiedReceivers } from '../lookup/copied-receivers.ts';
import type { IndexReader } from '../lookup/index-reader.ts';
import type { Clock, ReceiverConfigs, ReceiverSecrets } from '../ports.ts';
import { ReceiverListings } from './receiver-listing.ts';

/** The receiver that a path belongs to, and the secrets that verify its deliveries: two during the grace of a rotation. */
export interface LiveReceiver {
  readonly receiver: Receiver;
  readonly secrets: readonly AcceptedSecret[];
  /** The one of them that the path is made of. */
  readonly pathSecret: AcceptedSecret;
}

/** Minimum interval between two lookups through all secrets, and between two refetches of one secret for the same reason. */
const MIN_LOOKUP_INTERVAL_MS = 2_000;

/**
 * Minimum interval between two listings for unknown paths. A URL can be used as soon as a status shows it, so this is shorter than the time
 * in which somebody, or a program, reads the URL and sends to it.
 */
const MIN_LISTING_INTERVAL_MS = 500;

export interface ReceiverDirectoryDeps {
  readonly index: Pick<IndexReader, 'receiversOf'>;
  /** Read while the cluster API is unavailable; undefined without a copy. */
  readonly copy: Pick<CopiedReceivers, 'receiversOf'> | undefined;
  readonly configs: ReceiverConfigs;
  readonly secrets: ReceiverSecrets;
  readonly clock: Clock;
  /** How long the previous secret version stays valid, in milliseconds. */
  readonly graceMs: number;
}

/** A read of a receiver's secret past the cache. */
interface Refetch {
  readonly at: number;
  /** Why the secret could not be read. */
  error?: RetryableError | undefined;
}

/** Result of a search among receivers. */
interface SearchResult {
  readonly live?: LiveReceiver;
  /** Why a secret could not be read. The hash may be that of its receiver. */
  readonly error?: RetryableError | undefined;
}

/**
 * Finds the receiver that a path belongs to.
 *
 * For every delivery the hash is computed from project, receiver name and secret. The lookup index, or where it cannot be used status lists
 * and earlier lookups, only name candidates: tenants can write the lists, and Kargo's own controller may blank them at any time.
 */
export class ReceiverDirectory {
  readonly #deps: ReceiverDirectoryDeps;
  readonly #listings: ReceiverListings;
  /** By hash: the receiver that an earlier search found. Status lists do not contain the hash of the previous secret. */
  readonly #known = new Map<string, Receiver>();
  #lookedUpAt = -Infinity;
  #lookupError: RetryableError | undefined;
  /** By reason and secret: the last read past the cache. */
  readonly #refetches = new Map<string, Refetch>();

  constructor(deps: ReceiverDirectoryDeps) {
    this.#deps = deps;
    this.#listings = new ReceiverListings(deps.configs, deps.clock);
  }

  /**
   * Returns the receiver of this hash, or undefined where there is none.
   *
   * A hash that the index does not hold has none, and no secret is read for it. Without an index, an unknown hash causes a lookup through all
   * receivers, unless the last lookup was less than the minimum interval ago. While the cluster API is unavailable, the copy of the index's
   * receivers is searched.
   *
   * @throws {RetryableError} when a dependency is unavailable, or when the secret of a receiver that is indexed or listed with this hash
   * cannot be read
   */
  async find(hash: string, signal: AbortSignal): Promise<LiveReceiver | undefined> {
    const search = await this.#searchCluster(hash, signal).catch((error: unknown) =>
      this.#searchCopy(hash, error, signal),
    );
    return liveIn(search);
  }

  async #searchCluster(hash: string, signal: AbortSignal): Promise<SearchResult> {
    const indexed = await this.#deps.index.receiversOf(hash, signal);
    return indexed === undefined
      ? this.#searchListing(hash, signal)
      : this.#searchIndexed(indexed, hash, signal);
  }

  /** Searches the copy of the receivers. A hash that it does not hold may still be that of a receiver, so the error stays. */
  async #searchCopy(hash: string, error: unknown, signal: AbortSignal): Promise<SearchResult> {
    if (!(error instanceof RetryableError)) throw error;
    const copied = (await this.#deps.copy?.receiversOf(hash, signal)) ?? [];
    const search = await this.#searchIndexed(copied, hash, signal);
    if (search.live === undefined) throw error;
    return search;
  }

  async #searchIndexed(
    candidates: readonly Receiver[],
    hash: string,
    signal: AbortSignal,
  ): Promise<SearchResult> {
    const cached = await this.#searchAmong(candidates, hash, 'cached', signal);
    if (cached.live !== undefined || cached.error !== undefined) return cached;
    // The secret may have been replaced since it was cached.
    return this.#refetch(candidates, hash, 'path', signal);
  }

  async #searchListing(hash: string, signal: AbortSignal): Promise<SearchResult> {
    const listing = await this.#listings.current(signal);
    const known = this.#known.get(hash);
    const published = listing.candidatesOf(hash);
    const candidates = known !== undefined && listing.isDeclared(known) ? [known, ...published] : published;
    const cached = await this.#searchAmong(candidates, hash, 'cached', signal);
    return cached.live === undefined ? this.#lookUp(hash, cached, signal) : cached;
  }

  /**
   * Reads the receiver's secret again, for a signature that did not verify: the secret may have been replaced since it was cached.
   *
   * @returns undefined where that was done within the minimum interval, or where the receiver no longer has this hash
   * @throws {RetryableError} when the secret cannot be read
   */
  async refetch(
    hash: string,
    { receiver }: LiveReceiver,
    signal: AbortSignal,
  ): Promise<LiveReceiver | undefined> {
    return liveIn(await this.#refetch([receiver], hash, 'signature', signal));
  }

  /** Searches a newer listing: first its candidates for this hash, then all receivers. Each is done at most once in an interval. */
  async #lookUp(hash: string, cached: SearchResult, signal: AbortSignal): Promise<SearchResult> {
    const now = this.#now();
    const listing = await this.#listings.since(now - MIN_LISTING_INTERVAL_MS, signal);
    const candidates = listing.candidatesOf(hash);
    const refetched = await this.#refetch(candidates, hash, 'path', signal);
    const listed =
      candidates.length === 0 ? cached : await this.#searchAmong(candidates, hash, 'cached', signal);
    if (listed.live !== undefined) return listed;
    // A candidate whose secret cannot be read may be another project's false claim, so the search goes on.
    const error = listed.error ?? refetched.error;
    if (now - this.#lookedUpAt < MIN_LOOKUP_INTERVAL_MS) {
      if (this.#lookupError !== undefined) throw this.#lookupError;
      return { error };
    }
    this.#lookupError = undefined;
    try {
      const { live } = await this.#searchAmong(listing.receivers, hash, 'store', signal);
      return live === undefined ? { error } : { live };
    } catch (lookupError) {
      if (lookupError instanceof RetryableError) this.#lookupError = lookupError;
      throw lookupError;
    } finally {
      // From the end on: a lookup that timed out took longer than the interval.
      this.#lookedUpAt = this.#now();
    }
  }

  /**
   * Searches these receivers with secrets that are read past the cache, each at most once in an interval. Forged signatures must not delay
   * that a new URL can be used, so each reason has an interval of its own. Where the store failed, the cached secrets may be outdated, and
   * nothing can be said of a delivery before the next read: the error stays for the interval.
   */
  async #refetch(
    receivers: readonly Receiver[],
    hash: string,
    reason: 'path' | 'signature',
    signal: AbortSignal,
  ): Promise<SearchResult> {
    const now = this.#now();
    const refetch: Refetch = { at: now };
    const due: Receiver[] = [];
    let failed: RetryableError | undefined;
    for (const receiver of receivers) {
      const key = `${reason} ${receiver.project}/${receiver.secretName}`;
      const last = this.#refetches.get(key);
      if (last !== undefined && now - last.at < MIN_LOOKUP_INTERVAL_MS) failed ??= last.error;
      else {
        this.#refetches.set(key, refetch);
        due.push(receiver);
      }
    }
    const search = await this.#searchAmong(due, hash, 'store', signal).catch(toSearchResult);
    refetch.error = search.error;
    return search.live === undefined ? { error: search.error ?? failed } : search;
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
    let error: RetryableError | undefined;
    for (const [index, receiver] of receivers.entries()) {
      const reading = readings[index];
      if (isUnreadable(reading)) error ??= secretUnreadable(reading.reason);
      const secrets = this.#acceptedSecrets(reading);
      for (const secret of secrets) {
        const own = receiverHash(receiver.project, receiver.name, secret.value);
        this.#known.set(own, receiver);
        if (own === hash) live ??= { receiver, secrets, pathSecret: secret };
      }
    }
    return live === undefined ? { error } : { live };
  }

  #acceptedSecrets(reading: SecretReading | undefined): AcceptedSecret[] {
    if (reading?.kind !== 'found') return [];
    return acceptedSecrets(reading.versions, this.#deps.clock(), this.#deps.graceMs);
  }

  #now(): number {
    return this.#deps.clock().getTime();
  }
}

/** Throws the error where no receiver was found: a secret that could not be read may be that of one. */
function liveIn({ live, error }: SearchResult): LiveReceiver | undefined {
  if (live === undefined && error !== undefined) throw error;
  return live;
}

function toSearchResult(error: unknown): SearchResult {
  if (error instanceof RetryableError) return { error };
  throw error;
}

function secretUnreadable(detail: string): RetryableError {
  return new RetryableError('secret store unavailable', { detail });
}
