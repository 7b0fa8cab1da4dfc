import { receiverHash } from '../core/receiver-path.ts';
import { acceptedSecrets, type SecretReading } from '../core/receiver-secret.ts';
import type { Receiver } from '../core/receiver.ts';
import type { Clock, ReceiverConfigs, ReceiverSecrets } from './ports.ts';
import { PacedLookup } from './paced-lookup.ts';
import { listReceivers, type ReceiverListing } from './receiver-listing.ts';
import { Unavailable } from './unavailable.ts';

/** A receiver that a path belongs to, and what its deliveries may be signed with: during a rotation's grace, two secrets. */
export interface LiveReceiver {
  readonly receiver: Receiver;
  readonly secrets: readonly string[];
}

/** How long the list of receivers is believed in: as long as a deleted receiver may go on receiving. */
const LISTING_BELIEVED_MS = 10_000;

/** An unknown path, or a signature that does not verify, costs at most one look at the outside in this time, whoever asks. */
const LOOK_EVERY_MS = 2_000;

/** Bounds a look that several deliveries wait for, each with less time than this left to answer in. */
const LOOK_TIMEOUT_MS = 8_000;

export interface ReceiverDirectoryParts {
  readonly configs: ReceiverConfigs;
  readonly secrets: ReceiverSecrets;
  readonly clock: Clock;
  /** How long the secret before the current one stays good, in milliseconds. */
  readonly graceMs: number;
}

interface DatedListing extends ReceiverListing {
  readonly since: number;
  /** When its reading began, among the requests that came in. */
  readonly step: number;
}

/**
 * Finds the receiver that a path belongs to. The proof is the hash computed from spec and secret, at every delivery; the status lists
 * and what was found before only tell where to look first, because Kargo's own controller may blank a list at any time.
 */
export class ReceiverDirectory {
  readonly #parts: ReceiverDirectoryParts;
  readonly #lookup: PacedLookup;
  #listing: DatedListing | undefined;
  /** By hash: where it was found before, which a status list does not tell of the previous secret. */
  #found = new Map<string, Receiver>();
  /** Puts requests and lists in order, for which a clock's milliseconds are too coarse. */
  #step = 0;
  /** By secret: when a signature that did not verify last made us read it. */
  readonly #reread = new Map<string, number>();

  constructor(parts: ReceiverDirectoryParts) {
    this.#parts = parts;
    const look = (hashes: ReadonlySet<string>, lastCameIn: number): Promise<string[]> =>
      this.#look(hashes, lastCameIn);
    this.#lookup = new PacedLookup({ look, everyMs: LOOK_EVERY_MS, clock: parts.clock });
  }

  /** Gives the receiver of this hash, or undefined where there is none. Raises `Unavailable`. */
  async find(hash: string, signal: AbortSignal): Promise<LiveReceiver | undefined> {
    const cameIn = this.#nextStep();
    await this.#believedListing(signal);
    // What a status list names may be another project's claim: that its secret is kept from us says nothing yet.
    const live = await this.#proveLikely(hash, 'passed over', signal);
    if (live !== undefined) return live;
    await this.#lookup.lookFor(hash, cameIn, signal);
    return this.#proveLikely(hash, 'raised', signal);
  }

  /**
   * Reads the receiver's secret again, for a signature that did not verify: the secret may have been replaced since it was cached.
   * Undefined where that was done a moment ago, or where the receiver no longer has this hash. Raises `Unavailable`.
   */
  async findAfresh(
    hash: string,
    { receiver }: LiveReceiver,
    signal: AbortSignal,
  ): Promise<LiveReceiver | undefined> {
    const key = `${receiver.project}/${receiver.secretName}`;
    if (this.#now() - (this.#reread.get(key) ?? -Infinity) < LOOK_EVERY_MS) return undefined;
    this.#reread.set(key, this.#now());
    return this.#prove(hash, receiver, 'store', 'raised', signal);
  }

  async #believedListing(signal: AbortSignal): Promise<void> {
    if (this.#listing !== undefined && this.#now() - this.#listing.since < LISTING_BELIEVED_MS) return;
    try {
      await this.#list(signal);
    } catch (error) {
      // An old list still lets the signature be checked, so that a signed caller is told what is away.
      if (this.#listing === undefined || signal.aborted) throw error;
    }
  }

  async #list(signal: AbortSignal): Promise<DatedListing> {
    const dated = { since: this.#now(), step: this.#nextStep() };
    const { configs } = await this.#parts.configs.list(signal);
    const listing = { ...listReceivers(configs), ...dated };
    this.#listing = listing;
    const declared = new Map(listing.receivers.map((receiver) => [keyOf(receiver), receiver]));
    const stillDeclared = [...this.#found].filter(([, receiver]) => declared.has(keyOf(receiver)));
    this.#found = new Map(stillDeclared);
    return listing;
  }

  async #proveLikely(
    hash: string,
    refusal: 'raised' | 'passed over',
    signal: AbortSignal,
  ): Promise<LiveReceiver | undefined> {
    const likely = this.#found.get(hash) ?? this.#listing?.hinted.get(hash);
    return likely && this.#prove(hash, likely, 'cached', refusal, signal);
  }

  /** Checks that the receiver has this hash by one of its accepted secrets, and remembers so. */
  async #prove(
    hash: string,
    receiver: Receiver,
    from: 'cached' | 'store',
    refusal: 'raised' | 'passed over',
    signal: AbortSignal,
  ): Promise<LiveReceiver | undefined> {
    const [reading] = await this.#parts.secrets.read([receiver], from, signal);
    if (refusal === 'raised' && reading?.kind === 'fault' && reading.fault === 'unreadable') {
      throw new Unavailable('secret store refuses us', { detail: reading.reason });
    }
    const secrets = reading === undefined ? [] : this.#accepted(reading);
    if (!secrets.some((secret) => receiverHash(receiver.project, receiver.name, secret) === hash))
      return undefined;
    this.#found.set(hash, receiver);
    return { receiver, secrets };
  }

  /** Reads everything anew: first the secrets of the receivers that a status list names for the hashes, then all. */
  async #look(hashes: ReadonlySet<string>, lastCameIn: number): Promise<string[]> {
    const signal = AbortSignal.timeout(LOOK_TIMEOUT_MS);
    const isNewEnough = this.#listing !== undefined && this.#listing.step > lastCameIn;
    const { receivers, hinted } = this.#listing && isNewEnough ? this.#listing : await this.#list(signal);
    for (const hash of hashes) this.#found.delete(hash);
    const likely = [...hashes].map((hash) => hinted.get(hash)).filter((receiver) => receiver !== undefined);
    await this.#remember(likely, signal);
    const missing = (): string[] => [...hashes].filter((hash) => !this.#found.has(hash));
    if (missing().length > 0) await this.#remember(receivers, signal);
    return missing();
  }

  async #remember(receivers: readonly Receiver[], signal: AbortSignal): Promise<void> {
    const readings = await this.#parts.secrets.read(receivers, 'store', signal);
    for (const [index, receiver] of receivers.entries()) {
      const reading = readings[index];
      for (const secret of reading === undefined ? [] : this.#accepted(reading)) {
        this.#found.set(receiverHash(receiver.project, receiver.name, secret), receiver);
      }
    }
  }

  #accepted(reading: SecretReading): string[] {
    if (reading.kind !== 'found') return [];
    return acceptedSecrets(reading.versions, this.#parts.clock(), this.#parts.graceMs);
  }

  #nextStep(): number {
    this.#step += 1;
    return this.#step;
  }

  #now(): number {
    return this.#parts.clock().getTime();
  }
}

function keyOf({ project, name, secretName }: Receiver): string {
  return JSON.stringify([project, name, secretName]);
}
