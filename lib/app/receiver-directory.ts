import { receiverHash } from '../core/receiver-path.ts';
import { acceptedSecrets, type SecretReading } from '../core/receiver-secret.ts';
import type { Receiver } from '../core/receiver.ts';
import type { Clock, ReceiverConfigs, ReceiverSecrets } from './ports.ts';
import { listReceivers, type ReceiverListing } from './receiver-listing.ts';
import { within } from './within.ts';

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

/**
 * Finds the receiver that a path belongs to. The proof is the hash computed from spec and secret, at every delivery; the status lists
 * and what was found before only tell where to look first, because Kargo's own controller may blank a list at any time.
 */
export class ReceiverDirectory {
  readonly #parts: ReceiverDirectoryParts;
  #listing: (ReceiverListing & { readonly since: number }) | undefined;
  /** By hash: where it was found before, which a status list does not tell of the previous secret. */
  #found = new Map<string, Receiver>();
  /** By hash: when it was last looked for in vain. */
  readonly #missed = new Map<string, number>();
  /** By secret: when a signature that did not verify last made us read it. */
  readonly #reread = new Map<string, number>();
  /** The next look, not yet begun, with the hashes it is to find: what is stored now will be seen by it. */
  #nextLook: { readonly hashes: Set<string>; readonly done: Promise<void> } | undefined;
  #lookedAt = -Infinity;

  constructor(parts: ReceiverDirectoryParts) {
    this.#parts = parts;
  }

  /** Gives the receiver of this hash, or undefined where there is none. Raises `Unavailable`. */
  async find(hash: string, signal: AbortSignal): Promise<LiveReceiver | undefined> {
    const listing = await this.#believedListing(signal);
    const likely = this.#found.get(hash) ?? listing.hinted.get(hash);
    const live = likely && (await this.#prove(hash, likely, 'cached', signal));
    if (live !== undefined) return live;
    if (this.#isWithinLookInterval(this.#missed.get(hash))) return undefined;
    await this.#lookFor(hash, signal);
    const receiver = this.#found.get(hash);
    return receiver && this.#prove(hash, receiver, 'cached', signal);
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
    if (this.#isWithinLookInterval(this.#reread.get(key))) return undefined;
    this.#reread.set(key, this.#now());
    return this.#prove(hash, receiver, 'store', signal);
  }

  async #believedListing(signal: AbortSignal): Promise<ReceiverListing> {
    if (this.#listing !== undefined && this.#now() - this.#listing.since < LISTING_BELIEVED_MS)
      return this.#listing;
    try {
      return await this.#list(signal);
    } catch (error) {
      // An old list still lets the signature be checked, so that a signed caller is told what is away.
      if (this.#listing === undefined || signal.aborted) throw error;
      return this.#listing;
    }
  }

  async #list(signal: AbortSignal): Promise<ReceiverListing> {
    const since = this.#now();
    const { configs } = await this.#parts.configs.list(signal);
    const listing = listReceivers(configs);
    this.#listing = { ...listing, since };
    const declared = new Map(listing.receivers.map((receiver) => [keyOf(receiver), receiver]));
    this.#found = new Map(
      [...this.#found].flatMap(([hash, { project, name, secretName }]) => {
        const still = declared.get(keyOf({ project, name, secretName }));
        return still === undefined ? [] : [[hash, still] as const];
      }),
    );
    return listing;
  }

  /** Checks that the receiver has this hash by one of its accepted secrets, and remembers so. */
  async #prove(
    hash: string,
    receiver: Receiver,
    from: 'cached' | 'store',
    signal: AbortSignal,
  ): Promise<LiveReceiver | undefined> {
    const [reading] = await this.#parts.secrets.read([receiver], from, signal);
    const secrets = reading === undefined ? [] : this.#accepted(reading);
    if (!secrets.some((secret) => receiverHash(receiver.project, receiver.name, secret) === hash))
      return undefined;
    this.#found.set(hash, receiver);
    return { receiver, secrets };
  }

  async #lookFor(hash: string, signal: AbortSignal): Promise<void> {
    this.#nextLook ??= this.#scheduleLook();
    this.#nextLook.hashes.add(hash);
    await within(this.#nextLook.done, signal);
  }

  #scheduleLook(): { readonly hashes: Set<string>; readonly done: Promise<void> } {
    const hashes = new Set<string>();
    const wait = Math.max(0, this.#lookedAt + LOOK_EVERY_MS - this.#now());
    const done = new Promise((resolve) => setTimeout(resolve, wait)).then(() => {
      this.#nextLook = undefined;
      this.#lookedAt = this.#now();
      return this.#look(hashes);
    });
    // Those who wait see the error; when none is left, it must not end the process.
    done.catch(() => undefined);
    return { hashes, done };
  }

  /** Reads everything anew: first the secrets of the receivers that a status list names for the hashes, then all. */
  async #look(hashes: ReadonlySet<string>): Promise<void> {
    const signal = AbortSignal.timeout(LOOK_TIMEOUT_MS);
    const { receivers, hinted } = await this.#list(signal);
    const likely = [...hashes].map((hash) => hinted.get(hash)).filter((receiver) => receiver !== undefined);
    await this.#remember(likely, signal);
    if (![...hashes].every((hash) => this.#found.has(hash))) await this.#remember(receivers, signal);
    const now = this.#now();
    for (const [hash, at] of this.#missed) if (now - at >= LOOK_EVERY_MS) this.#missed.delete(hash);
    for (const hash of hashes) if (!this.#found.has(hash)) this.#missed.set(hash, now);
  }

  async #remember(receivers: readonly Receiver[], signal: AbortSignal): Promise<void> {
    const readings = await this.#parts.secrets.read(receivers, 'store', signal);
    for (const [index, receiver] of receivers.entries()) {
      const reading = readings[index];
      if (reading === undefined) continue;
      for (const secret of this.#accepted(reading)) {
        this.#found.set(receiverHash(receiver.project, receiver.name, secret), receiver);
      }
    }
  }

  #accepted(reading: SecretReading): string[] {
    return reading.kind === 'found'
      ? acceptedSecrets(reading.versions, this.#parts.clock(), this.#parts.graceMs)
      : [];
  }

  #isWithinLookInterval(since: number | undefined): boolean {
    return since !== undefined && this.#now() - since < LOOK_EVERY_MS;
  }

  #now(): number {
    return this.#parts.clock().getTime();
  }
}

function keyOf({ project, name, secretName }: Receiver): string {
  return JSON.stringify([project, name, secretName]);
}
