import type { Clock } from '../../ports.ts';
import type { PackageRegistry, RegistryPackage } from './package-registry.ts';

/**
 * TTL of the list. One webhook of a workspace reports the pushes to all its repositories, and the registry accepts 100 requests a minute. A
 * package that is added is synced by the registry itself, and by pushes within this time.
 */
const LIST_TTL_MS = 30_000;

/** How long a failed attempt at the list is remembered, so that deliveries do not add to the load of a registry in difficulties. */
const FAILURE_TTL_MS = 2_000;

/** The cached list of the registry's packages. */
export class PackageListing {
  readonly #registry: PackageRegistry;
  readonly #clock: Clock;
  #latest: { readonly packages: readonly RegistryPackage[]; readonly expiresAt: number } | undefined;
  #failure: { readonly error: unknown; readonly expiresAt: number } | undefined;

  constructor(registry: PackageRegistry, clock: Clock) {
    this.#registry = registry;
    this.#clock = clock;
  }

  /**
   * Returns the packages, at most as old as the TTL.
   *
   * @throws {RetryableError} where they cannot be listed, or could not a moment ago
   */
  async packages(signal: AbortSignal): Promise<readonly RegistryPackage[]> {
    const startedAt = this.#now();
    if (this.#latest !== undefined && startedAt < this.#latest.expiresAt) return this.#latest.packages;
    if (this.#failure !== undefined && startedAt < this.#failure.expiresAt) throw this.#failure.error;
    try {
      const packages = await this.#registry.list(signal);
      this.#latest = { packages, expiresAt: startedAt + LIST_TTL_MS };
      return packages;
    } catch (error) {
      this.#failure = { error, expiresAt: this.#now() + FAILURE_TTL_MS };
      throw error;
    }
  }

  #now(): number {
    return this.#clock().getTime();
  }
}
