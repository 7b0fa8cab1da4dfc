import pLimit from 'p-limit';
import type { BitbucketEvent } from '../../../core/bitbucket/event.ts';
import { isPackageOf } from '../../../core/composer/package-repository.ts';
import { RetryableError, TerminalError } from '../../errors.ts';
import type { Clock, Log } from '../../ports.ts';
import type { EventScope, Target, UnfinishedWork } from '../target.ts';
import { PackageListing } from './package-listing.ts';
import type { PackageRegistry, RegistryPackage } from './package-registry.ts';

/** Log lines about packages in one delivery: a repository can hold any number of packages. */
const MAX_LOG_LINES = 20;

/** Concurrent syncs of one delivery. Few repositories hold several packages, and each sync makes the registry clone. */
const SYNC_CONCURRENCY = 4;

export interface RegistryTargetDeps {
  readonly registry: PackageRegistry;
  /** `BITBUCKET_URL`; undefined for Bitbucket Cloud. */
  readonly bitbucketUrl: string | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

/** What an event did in the package registry. Packages are named `vendor/name`. */
export interface RegistryResult extends UnfinishedWork {
  readonly target: 'registry';
  readonly synced: readonly string[];
  /** What the registry refused for good. */
  readonly refused: readonly string[];
}

/** Syncs the packages whose repository was pushed to. A deleted ref counts as well: a version goes with it. */
export class RegistryTarget implements Target {
  readonly name = 'registry';
  /** A project's receiver acts on the objects of its project alone. */
  readonly origins = ['cluster-receiver', 'registry-webhook'] as const;
  readonly #deps: RegistryTargetDeps;
  readonly #listing: PackageListing;

  constructor(deps: RegistryTargetDeps) {
    this.#deps = deps;
    this.#listing = new PackageListing(deps.registry, deps.clock);
  }

  /** Each package is one of its own. */
  ownerOf(name: string): string {
    return name;
  }

  /** Syncs every affected package. One that cannot be synced does not affect the others. */
  async handle(event: BitbucketEvent, { only }: EventScope, signal: AbortSignal): Promise<RegistryResult> {
    let packages: readonly RegistryPackage[];
    try {
      packages = await this.#packagesOf(event, only, signal);
    } catch (error) {
      if (!(error instanceof RetryableError)) throw error;
      const remaining = only !== undefined && { remaining: only };
      return { target: 'registry', synced: [], refused: [], error, ...remaining };
    }
    const limit = pLimit(SYNC_CONCURRENCY);
    const outcomes = packages.map((one, index) =>
      limit(() => this.#sync(one, index < MAX_LOG_LINES ? this.#deps.log : undefined, signal)),
    );
    await Promise.allSettled(outcomes);
    return toResult(packages, await Promise.all(outcomes));
  }

  async #packagesOf(
    event: BitbucketEvent,
    only: readonly string[] | undefined,
    signal: AbortSignal,
  ): Promise<readonly RegistryPackage[]> {
    switch (event.kind) {
      case 'push': {
        const packages = await this.#listing.packages(signal);
        // The list also says how each package is synced.
        if (only !== undefined) return packages.filter(({ name }) => only.includes(name));
        const { bitbucketUrl } = this.#deps;
        return packages.filter(({ repositoryUrl }) =>
          isPackageOf(event.addresses, repositoryUrl, bitbucketUrl),
        );
      }
      case 'pull-request-closed':
        return [];
      default:
        return event satisfies never;
    }
  }

  /** Returns the error of a package that is not synced. Throws what is a bug. */
  async #sync(one: RegistryPackage, log: Log | undefined, signal: AbortSignal): Promise<SyncOutcome> {
    const { registry } = this.#deps;
    const about = { package: one.name };
    try {
      const outcome = await registry.sync(one, signal);
      if (outcome === 'gone') log?.info('package deleted before its sync', about);
      return outcome;
    } catch (error) {
      if (error instanceof TerminalError) log?.error('sync refused by the registry', { ...about, error });
      else if (error instanceof RetryableError) log?.error('sync failed', { ...about, error });
      else throw error;
      return error;
    }
  }
}

type SyncOutcome = 'synced' | 'gone' | RetryableError | TerminalError;

function toResult(packages: readonly RegistryPackage[], outcomes: readonly SyncOutcome[]): RegistryResult {
  const namesOf = (isOne: (outcome: SyncOutcome) => boolean): string[] =>
    packages.flatMap(({ name }, index) => (isOne(outcomes[index] ?? 'gone') ? [name] : [])).toSorted();
  const synced = namesOf((outcome) => outcome === 'synced');
  const refused = namesOf((outcome) => outcome instanceof TerminalError);
  const remaining = namesOf((outcome) => outcome instanceof RetryableError);
  const done = { target: 'registry', synced, refused } as const;
  const cause = outcomes.find((outcome) => outcome instanceof RetryableError);
  if (cause === undefined) return done;
  const total = synced.length + remaining.length;
  // Where nothing was synced, the reason of the registry says more than the number.
  const error =
    synced.length === 0
      ? cause
      : new RetryableError(`synced ${synced.length} of ${total} package(s)`, { cause });
  return { ...done, error, remaining };
}
