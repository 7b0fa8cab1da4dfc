import pLimit from 'p-limit';
import type { Clock, ReceiverSecrets } from '../../app/ports.ts';
import { RetryableError } from '../../app/errors.ts';
import {
  inGrace,
  isUnreadable,
  readSecretContent,
  type SecretReading,
} from '../../core/kargo/receiver-secret.ts';
import type { Receiver } from '../../core/kargo/receiver.ts';
import { RequestPacer } from './request-pacer.ts';
import {
  BATCH_SIZE,
  isAboutOneSecret,
  STORE_UNAVAILABLE,
  type SecretsManager,
  type StoredReading,
  type StoredVersion,
  unreturnedSecret,
} from './secrets-manager.ts';
import type { SecretIdOf } from './secret-ids.ts';

/** TTL of a cached secret: a deleted one may go on verifying for as long. */
const CACHE_TTL_MS = 30_000;

/** Concurrent requests to the store of one process: enough for 10,000 single reads in a run of the reconciler. */
const CONCURRENCY = 32;

/**
 * Batch reads of the one reconciler in a second. The quota of BatchGetSecretValue is 100 a second for the whole account, which the other
 * function and everything else in the account share. 40 batches are 800 secrets; GetSecretValue has a quota of 10,000 a second.
 */
const BATCHES_PER_SECOND = 40;

export interface ReceiverSecretsDeps {
  readonly store: Pick<SecretsManager, 'read' | 'readBatch'>;
  readonly secretIdOf: SecretIdOf;
  readonly clock: Clock;
  readonly graceMs: number;
  /** Batch reads of this process in a second. Default: those of a process that runs once. */
  readonly batchesPerSecond?: number;
}

/** A result, or the retryable error that took its place. */
type Attempted<T> = T | RetryableError;

/**
 * The receivers' secrets in Secrets Manager: current version and, within the grace of a rotation, the previous one. A secret that
 * cannot be read is a reading of kind `fault` and does not affect the others.
 */
export class StoredReceiverSecrets implements ReceiverSecrets {
  readonly #deps: ReceiverSecretsDeps;
  readonly #cache = new Map<string, { readonly reading: SecretReading; readonly at: number }>();
  /**
   * Creation date of each version. A batch read is documented to return the date of the secret instead, so the date is read by itself,
   * once per version.
   */
  readonly #madeAt = new Map<string, { readonly versionId: string | undefined; readonly createdAt: Date }>();
  readonly #limit = pLimit(CONCURRENCY);
  readonly #pacer: RequestPacer;

  constructor(deps: ReceiverSecretsDeps) {
    this.#deps = deps;
    this.#pacer = new RequestPacer(deps.batchesPerSecond ?? BATCHES_PER_SECOND, STORE_UNAVAILABLE);
  }

  async read(
    receivers: readonly Receiver[],
    from: 'cached' | 'store',
    signal: AbortSignal,
  ): Promise<SecretReading[]> {
    return this.readIds(receivers.map(this.#deps.secretIdOf), from, signal);
  }

  /** Reads secrets by their names or ARNs: those of other webhooks than the receivers'. */
  async readIds(
    ids: readonly string[],
    from: 'cached' | 'store',
    signal: AbortSignal,
  ): Promise<SecretReading[]> {
    const now = this.#deps.clock().getTime();
    const isCached = (id: string): boolean => {
      const cached = this.#cache.get(id);
      return cached !== undefined && now - cached.at < CACHE_TTL_MS;
    };
    const wanted = [...new Set(ids)].filter((id) => from === 'store' || !isCached(id));
    const current = await this.#readCurrent(wanted, signal);
    const attempts = await Promise.all(
      wanted.map((id) => this.#attempt(() => this.#complete(id, current.get(id), signal), signal)),
    );
    const failures = attempts.filter((attempt) => attempt instanceof RetryableError);
    if (failures[0] !== undefined && failures.length === attempts.length) throw failures[0];
    const fresh = new Map<string, SecretReading>();
    for (const [index, id] of wanted.entries()) {
      const attempt = attempts[index];
      const reading =
        attempt === undefined || attempt instanceof RetryableError
          ? unreturnedSecret(id, attempt?.message)
          : attempt;
      fresh.set(id, reading);
      // Not cached, because the next read may succeed.
      if (isUnreadable(reading)) this.#cache.delete(id);
      else this.#cache.set(id, { reading, at: now });
    }
    return ids.map((id) => fresh.get(id) ?? this.#cache.get(id)?.reading ?? unreturnedSecret(id));
  }

  async #readCurrent(
    ids: readonly string[],
    signal: AbortSignal,
  ): Promise<Map<string, Attempted<StoredReading>>> {
    const [only] = ids;
    if (ids.length === 1 && only !== undefined) return this.#readSingly([only], signal);
    const batches: string[][] = [];
    for (let start = 0; start < ids.length; start += BATCH_SIZE)
      batches.push(ids.slice(start, start + BATCH_SIZE));
    const answers = await Promise.all(
      batches.map((batch) =>
        this.#attempt(
          () =>
            this.#limit(async () => {
              await this.#pacer.waitForTurn(signal);
              return this.#deps.store.readBatch(batch, signal);
            }),
          signal,
        ),
      ),
    );
    // Where every batch fails, the store is unavailable: more requests would not help it.
    const mayReadSingly = batches.length === 1 || answers.some((answer) => answer instanceof Map);
    const current = new Map<string, Attempted<StoredReading>>();
    for (const [index, batch] of batches.entries()) {
      const answer = answers[index];
      if (answer instanceof Map) for (const [id, reading] of answer) current.set(id, reading);
      else if (answer !== undefined && mayReadSingly && isAboutOneSecret(answer)) {
        for (const [id, reading] of await this.#readSingly(batch, signal)) current.set(id, reading);
      } else if (answer !== undefined) for (const id of batch) current.set(id, answer);
    }
    return current;
  }

  async #readSingly(
    ids: readonly string[],
    signal: AbortSignal,
  ): Promise<Map<string, Attempted<StoredReading>>> {
    const readings = ids.map(
      async (id) => [id, await this.#attempt(() => this.#readOne(id, signal), signal)] as const,
    );
    return new Map(await Promise.all(readings));
  }

  async #readOne(id: string, signal: AbortSignal): Promise<StoredReading> {
    const reading = await this.#limit(() => this.#deps.store.read(id, 'AWSCURRENT', signal));
    if (reading.kind === 'found') {
      const { versionId, createdAt } = reading.version;
      this.#madeAt.set(id, { versionId, createdAt });
    }
    return reading;
  }

  /** Returns a retryable error as a value, unless the signal has ended everything. */
  async #attempt<T>(work: () => Promise<T>, signal: AbortSignal): Promise<Attempted<T>> {
    try {
      return await work();
    } catch (error) {
      if (signal.aborted || !(error instanceof RetryableError)) throw error;
      return error;
    }
  }

  /** Adds the previous version where it is still valid. */
  async #complete(
    id: string,
    batched: Attempted<StoredReading> | undefined,
    signal: AbortSignal,
  ): Promise<SecretReading> {
    if (batched === undefined) return unreturnedSecret(id);
    if (batched instanceof RetryableError) throw batched;
    if (batched.kind === 'fault') return batched;
    const isDated = this.#madeAt.get(id)?.versionId === batched.version.versionId;
    const reading = isDated ? batched : await this.#readOne(id, signal);
    return reading.kind === 'fault' ? reading : this.#withPrevious(id, reading.version, signal);
  }

  async #withPrevious(id: string, version: StoredVersion, signal: AbortSignal): Promise<SecretReading> {
    const current = readSecretContent(version.text);
    const currentSince = this.#madeAt.get(id)?.createdAt ?? version.createdAt;
    const found = { kind: 'found', secretId: id } as const;
    if (!inGrace(currentSince, this.#deps.clock(), this.#deps.graceMs)) {
      return { ...found, versions: { current, currentSince } };
    }
    const stored = await this.#limit(() => this.#deps.store.read(id, 'AWSPREVIOUS', signal));
    if (isUnreadable(stored)) return stored;
    const previous = stored.kind === 'found' ? readSecretContent(stored.version.text) : undefined;
    return { ...found, versions: { current, currentSince, previous } };
  }
}
