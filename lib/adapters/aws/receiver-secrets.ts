import pLimit from 'p-limit';
import type { Clock, ReceiverSecrets } from '../../app/ports.ts';
import { RetryableError } from '../../app/errors.ts';
import { inGrace, readSecretContent, type SecretReading } from '../../core/kargo/receiver-secret.ts';
import type { Receiver } from '../../core/kargo/receiver.ts';
import {
  BATCH_SIZE,
  type SecretsManager,
  type StoredReading,
  type StoredVersion,
} from './secrets-manager.ts';
import type { SecretIdOf } from './secret-ids.ts';

/** How long a secret is used without reading it again: as long as a deleted one may go on verifying. */
const CACHED_MS = 30_000;

/** Requests to the store that run side by side; far below its quotas, which the whole account shares. */
const SIDE_BY_SIDE = 8;

export interface ReceiverSecretsDeps {
  readonly store: SecretsManager;
  readonly secretIdOf: SecretIdOf;
  readonly clock: Clock;
  readonly graceMs: number;
}

/** The receivers' secrets in Secrets Manager: current version and, within the grace of a rotation, the previous one. */
export class StoredReceiverSecrets implements ReceiverSecrets {
  readonly #deps: ReceiverSecretsDeps;
  readonly #cache = new Map<string, { readonly reading: SecretReading; readonly at: number }>();
  /**
   * When each version was made. A batch read is documented to give the date of the secret instead, so the date is asked for once
   * a version.
   */
  readonly #madeAt = new Map<string, { readonly versionId: string | undefined; readonly createdAt: Date }>();
  readonly #limit = pLimit(SIDE_BY_SIDE);

  constructor(deps: ReceiverSecretsDeps) {
    this.#deps = deps;
  }

  async read(
    receivers: readonly Receiver[],
    from: 'cached' | 'store',
    signal: AbortSignal,
  ): Promise<SecretReading[]> {
    const ids = receivers.map(this.#deps.secretIdOf);
    const now = this.#deps.clock().getTime();
    const isCached = (id: string): boolean => {
      const cached = this.#cache.get(id);
      return cached !== undefined && now - cached.at < CACHED_MS;
    };
    const wanted = [...new Set(ids)].filter((id) => from === 'store' || !isCached(id));
    const current = await this.#readCurrent(wanted, signal);
    const fresh = new Map<string, SecretReading>();
    await Promise.all(
      wanted.map(async (id) => {
        const reading = await this.#complete(id, current.get(id), signal);
        fresh.set(id, reading);
        // What could not be read may be read the next moment.
        if (isUnreadable(reading)) this.#cache.delete(id);
        else this.#cache.set(id, { reading, at: now });
      }),
    );
    return ids.map(
      (id) => fresh.get(id) ?? this.#cache.get(id)?.reading ?? unreadable(id, 'no answer for it'),
    );
  }

  async #readCurrent(ids: readonly string[], signal: AbortSignal): Promise<Map<string, StoredReading>> {
    const [only] = ids;
    if (ids.length === 1 && only !== undefined) return new Map([[only, await this.#readOne(only, signal)]]);
    const batches: string[][] = [];
    for (let start = 0; start < ids.length; start += BATCH_SIZE)
      batches.push(ids.slice(start, start + BATCH_SIZE));
    const read = await Promise.all(
      batches.map((batch) => this.#limit(() => this.#deps.store.readBatch(batch, signal))),
    );
    return new Map(read.flatMap((readings) => [...readings]));
  }

  async #readOne(id: string, signal: AbortSignal): Promise<StoredReading> {
    const reading = await this.#limit(() => this.#deps.store.read(id, 'AWSCURRENT', signal));
    if (reading.kind === 'found') {
      const { versionId, createdAt } = reading.version;
      this.#madeAt.set(id, { versionId, createdAt });
    }
    return reading;
  }

  /** Adds the previous version where it may still be used. One secret's trouble is its own reading, and costs the others nothing. */
  async #complete(
    id: string,
    batched: StoredReading | undefined,
    signal: AbortSignal,
  ): Promise<SecretReading> {
    if (batched === undefined) return unreadable(id, 'no answer for it');
    if (batched.kind === 'fault') return batched;
    try {
      const isDated = this.#madeAt.get(id)?.versionId === batched.version.versionId;
      const reading = isDated ? batched : await this.#readOne(id, signal);
      return reading.kind === 'fault' ? reading : await this.#withPrevious(id, reading.version, signal);
    } catch (error) {
      if (signal.aborted || !(error instanceof RetryableError)) throw error;
      return unreadable(id, error.message);
    }
  }

  async #withPrevious(id: string, version: StoredVersion, signal: AbortSignal): Promise<SecretReading> {
    const current = readSecretContent(version.text);
    const currentSince = this.#madeAt.get(id)?.createdAt ?? version.createdAt;
    if (!inGrace(currentSince, this.#deps.clock(), this.#deps.graceMs)) {
      return { kind: 'found', versions: { current, currentSince } };
    }
    const stored = await this.#limit(() => this.#deps.store.read(id, 'AWSPREVIOUS', signal));
    if (isUnreadable(stored)) return stored;
    const previous = stored.kind === 'found' ? readSecretContent(stored.version.text) : undefined;
    return { kind: 'found', versions: { current, currentSince, previous } };
  }
}

type UnreadableSecret = Extract<SecretReading, { kind: 'fault' }>;

function isUnreadable(reading: SecretReading | StoredReading): reading is UnreadableSecret {
  return reading.kind === 'fault' && reading.fault === 'unreadable';
}

function unreadable(id: string, why: string): UnreadableSecret {
  return { kind: 'fault', fault: 'unreadable', reason: `secret "${id}" cannot be read: ${why}` };
}
