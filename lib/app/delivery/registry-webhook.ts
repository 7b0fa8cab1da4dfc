import {
  acceptedSecrets,
  type AcceptedSecret,
  type SecretReading,
} from '../../core/kargo/receiver-secret.ts';
import { RetryableError } from '../errors.ts';
import type { Clock } from '../ports.ts';

/** Minimum interval between two refetches of the secret, whatever the request rate. */
const MIN_REFETCH_INTERVAL_MS = 2_000;

/** Reads the secret with which the registry's deliveries are signed. Throws `RetryableError` where the store is unavailable. */
export type ReadWebhookSecret = (from: 'cached' | 'store', signal: AbortSignal) => Promise<SecretReading>;

export interface RegistryWebhookDeps {
  /** Undefined where deliveries are accepted unsigned. */
  readonly readSecret: ReadWebhookSecret | undefined;
  readonly clock: Clock;
  /** How long the previous secret version stays valid, in milliseconds. */
  readonly graceMs: number;
}

/** The webhook of the package registry: one path for all repositories, with one secret or none. */
export class RegistryWebhook {
  readonly #deps: RegistryWebhookDeps;
  #refetchedAt = -Infinity;
  #refetchError: unknown;

  constructor(deps: RegistryWebhookDeps) {
    this.#deps = deps;
  }

  get isSigned(): boolean {
    return this.#deps.readSecret !== undefined;
  }

  /**
   * Returns the secrets that verify a delivery; two during the grace of a rotation.
   *
   * @throws {RetryableError} where there is none that can be used
   */
  async secrets(signal: AbortSignal): Promise<readonly AcceptedSecret[]> {
    return this.#read('cached', signal);
  }

  /**
   * Reads the secret past the cache, for a signature that did not verify. Returns nothing within the minimum interval.
   *
   * @throws {RetryableError} where it cannot be read, and within the interval after that: the cached one may be outdated
   */
  async refetch(signal: AbortSignal): Promise<readonly AcceptedSecret[]> {
    const now = this.#deps.clock().getTime();
    if (now - this.#refetchedAt < MIN_REFETCH_INTERVAL_MS) {
      if (this.#refetchError !== undefined) throw this.#refetchError;
      return [];
    }
    this.#refetchedAt = now;
    this.#refetchError = undefined;
    try {
      return await this.#read('store', signal);
    } catch (error) {
      this.#refetchError = error;
      throw error;
    }
  }

  async #read(from: 'cached' | 'store', signal: AbortSignal): Promise<readonly AcceptedSecret[]> {
    const { readSecret, clock, graceMs } = this.#deps;
    const reading = await readSecret?.(from, signal);
    if (reading === undefined) return [];
    if (reading.kind === 'fault') throw noSecret(reading.reason);
    const secrets = acceptedSecrets(reading.versions, clock(), graceMs);
    const { current } = reading.versions;
    if (secrets.length === 0 && current.kind === 'unusable')
      throw noSecret(`Secret "${reading.secretId}" ${current.reason}`);
    return secrets;
  }
}

function noSecret(detail: string): RetryableError {
  return new RetryableError('secret store unavailable', { detail });
}
