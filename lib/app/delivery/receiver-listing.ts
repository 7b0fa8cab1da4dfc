import { hashInPath } from '../../core/kargo/receiver-path.ts';
import { usableReceivers, type Receiver, type ReceiverConfig } from '../../core/kargo/receiver.ts';
import type { Clock, ReceiverConfigs } from '../ports.ts';
import { RetryableError } from '../errors.ts';

/** Every usable receiver of the cluster, and which one each hash in a status list is said to name. */
export interface ReceiverListing {
  readonly receivers: readonly Receiver[];
  /** By hash. A place to look first, never a proof: anyone who may write a status may write anything there. */
  readonly hinted: ReadonlyMap<string, Receiver>;
  /** Tells whether a receiver of an older listing is still declared as it was. */
  isDeclared(receiver: Receiver): boolean;
}

/** How long a listing is believed in: as long as a deleted receiver may go on receiving. */
const BELIEVED_MS = 10_000;

/** What a delivery waits for a newer listing at the most where an old one is at hand, so that time is left to answer with that. */
const NEWER_WITHIN_MS = 2_000;

/** The listing of the receivers, read again when it is too old for the one who asks. */
export class ReceiverListings {
  readonly #configs: ReceiverConfigs;
  readonly #clock: Clock;
  #latest: { readonly listing: ReceiverListing; readonly since: Date; readonly step: number } | undefined;
  #step = 0;

  constructor(configs: ReceiverConfigs, clock: Clock) {
    this.#configs = configs;
    this.#clock = clock;
  }

  /** Gives a number that orders requests and readings among each other, for which a clock's milliseconds are too coarse. */
  nextStep(): number {
    this.#step += 1;
    return this.#step;
  }

  /** Gives a listing that is a few seconds old at most. Raises `RetryableError` where there is none and none can be read. */
  async believed(signal: AbortSignal): Promise<ReceiverListing> {
    const latest = this.#latest;
    if (latest !== undefined && this.#clock().getTime() - latest.since.getTime() < BELIEVED_MS)
      return latest.listing;
    if (latest === undefined) return this.#read(signal);
    try {
      return await this.#read(AbortSignal.any([signal, AbortSignal.timeout(NEWER_WITHIN_MS)]));
    } catch (error) {
      // An old list still lets the signature be checked, so that a signed caller is told what is away.
      if (signal.aborted || !(error instanceof RetryableError)) throw error;
      return latest.listing;
    }
  }

  /** Gives a listing whose reading began after this step. Raises `RetryableError`. */
  async newerThan(step: number, signal: AbortSignal): Promise<ReceiverListing> {
    return this.#latest !== undefined && this.#latest.step > step ? this.#latest.listing : this.#read(signal);
  }

  async #read(signal: AbortSignal): Promise<ReceiverListing> {
    const began = { since: this.#clock(), step: this.nextStep() };
    const { configs } = await this.#configs.list(signal);
    const listing = listReceivers(configs);
    this.#latest = { listing, ...began };
    return listing;
  }
}

function listReceivers(configs: readonly ReceiverConfig[]): ReceiverListing {
  const receivers = configs.flatMap(usableReceivers);
  const hinted = new Map<string, Receiver>();
  for (const config of configs) {
    for (const receiver of usableReceivers(config)) {
      const entry = config.status.webhookReceivers.find(({ name }) => name === receiver.name);
      const hash = hashInPath(entry?.path ?? '');
      if (hash !== undefined) hinted.set(hash, receiver);
    }
  }
  const declared = new Set(receivers.map(keyOf));
  return { receivers, hinted, isDeclared: (receiver) => declared.has(keyOf(receiver)) };
}

function keyOf({ project, name, secretName }: Receiver): string {
  return JSON.stringify([project, name, secretName]);
}
