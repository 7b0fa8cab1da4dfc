import { RetryableError } from '../../app/errors.ts';
import type { Clock, Log, ReceiverSecrets } from '../../app/ports.ts';
import { isUnreadable, type SecretReading } from '../../core/kargo/receiver-secret.ts';
import type { Receiver } from '../../core/kargo/receiver.ts';
import type { SecretIdOf } from './secret-ids.ts';
import { unreturnedSecret, type SecretsManager } from './secrets-manager.ts';

/** A secret that the store reports as unchanged is read as often, because a change of its policy or its key is not reported. */
const UNCHANGED_TTL_MS = 60 * 60_000;

/** Where changes are not reported, every secret is read within five minutes: a run every minute reads it in the fifth. */
const UNREPORTED_TTL_MS = 4.5 * 60_000;

/** A missing secret is read in every run for so long: somebody is about to create it, and the store may report it minutes later. */
const AWAITED_MS = 10 * 60_000;

/** A secret that is missing for longer. */
const MISSING_TTL_MS = UNREPORTED_TTL_MS;

/** Secrets named in one log line. */
const MAX_LOGGED = 20;

export interface ChangedReceiverSecretsDeps {
  readonly secrets: ReceiverSecrets;
  readonly store: Pick<SecretsManager, 'listChanges'>;
  readonly secretIdOf: SecretIdOf;
  /** The fixed part with which the names of all receivers' secrets begin. */
  readonly namePrefix: string;
  readonly clock: Clock;
  readonly log: Log;
}

interface KeptReading {
  readonly reading: SecretReading;
  readonly readAt: number;
  readonly missingSince: number | undefined;
  /** As the store reported it when the secret was read: undefined where it was not in the list. */
  readonly change: string | undefined;
}

/**
 * The receivers' secrets for a process that asks for all of them again and again. Each run lists when secrets were changed, a hundred with
 * one request, and reads only those that are new or were changed. Reads are billed one by one.
 */
export class ChangedReceiverSecrets implements ReceiverSecrets {
  readonly #deps: ChangedReceiverSecretsDeps;
  readonly #kept = new Map<string, KeptReading>();
  #hasLogged = false;

  constructor(deps: ChangedReceiverSecretsDeps) {
    this.#deps = deps;
  }

  async read(
    receivers: readonly Receiver[],
    from: 'cached' | 'store',
    signal: AbortSignal,
  ): Promise<SecretReading[]> {
    const byId = new Map(receivers.map((receiver) => [this.#deps.secretIdOf(receiver), receiver]));
    const now = this.#deps.clock().getTime();
    const changes = from === 'store' && byId.size > 0 ? await this.#listChanges(signal) : undefined;
    const due = [...byId].filter(([id]) => {
      const kept = this.#kept.get(id);
      return kept === undefined || (from === 'store' && isDue(id, kept, changes, now));
    });
    const read = await this.#readDue(due, due.length === byId.size, signal);
    this.#keepWhereUnavailable(read);
    for (const [id, reading] of read) this.#keep(id, reading, changes?.get(id), now);
    if (from === 'store') for (const id of this.#kept.keys()) if (!byId.has(id)) this.#kept.delete(id);
    return receivers.map((receiver) => {
      const id = this.#deps.secretIdOf(receiver);
      return read.get(id) ?? this.#kept.get(id)?.reading ?? unreturnedSecret(id);
    });
  }

  /** Returns undefined where changes cannot be listed. */
  async #listChanges(signal: AbortSignal): Promise<ReadonlyMap<string, string> | undefined> {
    try {
      return await this.#deps.store.listChanges(this.#deps.namePrefix, signal);
    } catch (error) {
      if (signal.aborted || !(error instanceof RetryableError)) throw error;
      if (!this.#hasLogged)
        this.#deps.log.warn('secrets cannot be listed: each is read every five minutes', { error });
      this.#hasLogged = true;
      return undefined;
    }
  }

  /** Takes out the secrets that the store failed to return, where what it returned before is kept. They stay due. */
  #keepWhereUnavailable(read: Map<string, SecretReading>): void {
    const reasons: string[] = [];
    for (const [id, reading] of read) {
      if (reading.kind === 'found' || reading.isRetryable === undefined || !this.#kept.has(id)) continue;
      read.delete(id);
      reasons.push(reading.reason);
    }
    if (reasons.length === 0) return;
    this.#deps.log.warn('secrets stay as they were read before', {
      count: reasons.length,
      reasons: reasons.slice(0, MAX_LOGGED),
    });
  }

  /** @param isAll - whether every secret is due: then an unavailable store ends the run */
  async #readDue(
    due: readonly (readonly [id: string, receiver: Receiver])[],
    isAll: boolean,
    signal: AbortSignal,
  ): Promise<Map<string, SecretReading>> {
    if (due.length === 0) return new Map();
    const receivers = due.map(([, receiver]) => receiver);
    try {
      const readings = await this.#deps.secrets.read(receivers, 'store', signal);
      return new Map(due.map(([id], index) => [id, readings[index] ?? unreturnedSecret(id)]));
    } catch (error) {
      if (isAll || signal.aborted || !(error instanceof RetryableError)) throw error;
      return new Map(due.map(([id]) => [id, unreturnedSecret(id, error.message)]));
    }
  }

  #keep(id: string, reading: SecretReading, change: string | undefined, now: number): void {
    if (isUnreadable(reading)) {
      // Its policy may have been corrected by the next run.
      this.#kept.delete(id);
      return;
    }
    const since = this.#kept.get(id)?.missingSince ?? now;
    const missingSince = reading.kind === 'fault' ? since : undefined;
    this.#kept.set(id, { reading, readAt: now, missingSince, change });
  }
}

function isDue(
  id: string,
  { readAt, missingSince, change }: KeptReading,
  changes: ReadonlyMap<string, string> | undefined,
  now: number,
): boolean {
  if (missingSince !== undefined && now - missingSince < AWAITED_MS) return true;
  if (changes === undefined) return now - readAt >= UNREPORTED_TTL_MS;
  if (changes.get(id) !== change) return true;
  return now - readAt >= (missingSince === undefined ? UNCHANGED_TTL_MS : MISSING_TTL_MS);
}
