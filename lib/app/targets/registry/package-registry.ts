/** A package of a Composer registry. */
export interface RegistryPackage {
  /** `vendor/name`. */
  readonly name: string;
  /** As the registry holds it; see `isPackageOf`. */
  readonly repositoryUrl: string;
  /** One repository with several packages, which is synced as a whole. */
  readonly isMonorepo: boolean;
}

/**
 * A Composer registry. Both methods throw `RetryableError` where it is unavailable, throttles or rejects the credentials, and when the
 * signal ends them.
 */
export interface PackageRegistry {
  /** Lists the packages that have a repository. */
  list(signal: AbortSignal): Promise<readonly RegistryPackage[]>;
  /**
   * Makes the registry read the package's repository again.
   *
   * @returns `gone` where the package has been deleted since it was listed
   * @throws {TerminalError} where the registry refuses for good
   */
  sync(target: RegistryPackage, signal: AbortSignal): Promise<'synced' | 'gone'>;
}
