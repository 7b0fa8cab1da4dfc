import { receiverHash } from '../../core/kargo/receiver-path.ts';
import { acceptedSecrets, type SecretReading } from '../../core/kargo/receiver-secret.ts';
import type { Receiver } from '../../core/kargo/receiver.ts';
import { PacedLookup } from './paced-lookup.ts';
import type { Clock, ReceiverConfigs, ReceiverSecrets } from '../ports.ts';
import { ReceiverListings } from './receiver-listing.ts';
import { RetryableError } from '../errors.ts';

/** A receiver that a path belongs to, and what its deliveries may be signed with: during a rotation's grace, two secrets. */
export interface LiveReceiver {
  readonly receiver: Receiver;
  readonly secrets: readonly string[];
}

/** An unknown path, or a signature that does not verify, costs at most one look at the outside in this time, whoever asks. */
const LOOK_EVERY_MS = 2_000;

/** Bounds a look that several deliveries wait for, each with less time than this left to answer in. */
const LOOK_TIMEOUT_MS = 8_000;

export interface ReceiverDirectoryDeps {
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
  readonly #deps: ReceiverDirectoryDeps;
  readonly #listings: ReceiverListings;
  readonly #lookup: PacedLookup;
  /** By hash: where it was found before, which a status list does not tell of the previous secret. */
  readonly #found = new Map<string, Receiver>();
  /** Why the last look cannot say that a hash is nobody's: somebody's secret could not be read. */
  #undecided: string | undefined;
  /** By secret: when a signature that did not verify last made us read it. */
  readonly #reread = new Map<string, number>();

  constructor(deps: ReceiverDirectoryDeps) {
    this.#deps = deps;
    this.#listings = new ReceiverListings(deps.configs, deps.clock);
    this.#lookup = new PacedLookup({
      look: (hashes, lastCameIn) => this.#look(hashes, lastCameIn),
      everyMs: LOOK_EVERY_MS,
      clock: deps.clock,
    });
  }

  /** Gives the receiver of this hash, or undefined where there is none. Raises `RetryableError` also where that cannot be told. */
  async find(hash: string, signal: AbortSignal): Promise<LiveReceiver | undefined> {
    const cameIn = this.#listings.nextStep();
    const listing = await this.#listings.believed(signal);
    const found = this.#found.get(hash);
    const likely = found !== undefined && listing.isDeclared(found) ? found : listing.hinted.get(hash);
    const live = likely && this.#prove(hash, likely, await this.#readSecret(likely, 'cached', signal));
    if (live !== undefined) return live;
    await this.#lookup.lookFor(hash, cameIn, signal);
    const receiver = this.#found.get(hash);
    if (receiver !== undefined)
      return this.#prove(hash, receiver, await this.#readSecret(receiver, 'cached', signal));
    if (this.#undecided !== undefined) throw unreadable(this.#undecided);
    return undefined;
  }

  /**
   * Reads the receiver's secret again, for a signature that did not verify: the secret may have been replaced since it was cached.
   * Undefined where that was done a moment ago, or where the receiver no longer has this hash. Raises `RetryableError`.
   */
  async findAfresh(
    hash: string,
    { receiver }: LiveReceiver,
    signal: AbortSignal,
  ): Promise<LiveReceiver | undefined> {
    const key = `${receiver.project}/${receiver.secretName}`;
    const now = this.#deps.clock().getTime();
    if (now - (this.#reread.get(key) ?? -Infinity) < LOOK_EVERY_MS) return undefined;
    this.#reread.set(key, now);
    const reading = await this.#readSecret(receiver, 'store', signal);
    if (reading?.kind === 'fault' && reading.fault === 'unreadable') throw unreadable(reading.reason);
    return this.#prove(hash, receiver, reading);
  }

  async #readSecret(
    receiver: Receiver,
    from: 'cached' | 'store',
    signal: AbortSignal,
  ): Promise<SecretReading | undefined> {
    return (await this.#deps.secrets.read([receiver], from, signal))[0];
  }

  /** Checks that the receiver has this hash by one of its accepted secrets, and remembers so. */
  #prove(hash: string, receiver: Receiver, reading: SecretReading | undefined): LiveReceiver | undefined {
    const secrets = this.#accepted(reading);
    if (!secrets.some((secret) => hashOf(receiver, secret) === hash)) return undefined;
    this.#found.set(hash, receiver);
    return { receiver, secrets };
  }

  /** Reads everything anew: first the secrets of the receivers that a status list names for the hashes, then all. */
  async #look(hashes: ReadonlySet<string>, lastCameIn: number): Promise<string[]> {
    const signal = AbortSignal.timeout(LOOK_TIMEOUT_MS);
    const { receivers, hinted } = await this.#listings.newerThan(lastCameIn, signal);
    for (const hash of hashes) this.#found.delete(hash);
    const likely = [...hashes].map((hash) => hinted.get(hash)).filter((receiver) => receiver !== undefined);
    this.#undecided = await this.#remember(likely, signal);
    const missing = (): string[] => [...hashes].filter((hash) => !this.#found.has(hash));
    if (missing().length > 0) this.#undecided = await this.#remember(receivers, signal);
    return this.#undecided === undefined ? missing() : [];
  }

  /** Gives, where a secret could not be read, the reason of one. */
  async #remember(receivers: readonly Receiver[], signal: AbortSignal): Promise<string | undefined> {
    const readings = await this.#deps.secrets.read(receivers, 'store', signal);
    let untold: string | undefined;
    for (const [index, receiver] of receivers.entries()) {
      const reading = readings[index];
      if (reading?.kind === 'fault' && reading.fault === 'unreadable') untold ??= reading.reason;
      for (const secret of this.#accepted(reading)) this.#found.set(hashOf(receiver, secret), receiver);
    }
    return untold;
  }

  #accepted(reading: SecretReading | undefined): string[] {
    if (reading?.kind !== 'found') return [];
    return acceptedSecrets(reading.versions, this.#deps.clock(), this.#deps.graceMs);
  }
}

function unreadable(detail: string): RetryableError {
  return new RetryableError('secret store unavailable', { detail });
}

function hashOf({ project, name }: Receiver, secret: string): string {
  return receiverHash(project, name, secret);
}
