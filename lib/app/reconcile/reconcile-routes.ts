import { liveHashes, orderMissingRoutes, type ReceiverHashes } from '../../core/kargo/receiver-hashes.ts';
import type { GatewayRoute, GatewayRoutes, Log } from '../ports.ts';

export interface RouteDeps {
  readonly routes: GatewayRoutes;
  /** Nothing is added or removed, only logged. */
  readonly dryRun: boolean;
  readonly log: Log;
}

/** Input for the routes: which hashes need one, and which routes may be removed. */
export interface DesiredRoutes {
  readonly hashes: readonly ReceiverHashes[];
  /** Hashes in the status lists. Where the routes cannot be listed, these are assumed to have one. */
  readonly published: ReadonlySet<string>;
  /** Returns whether a hash that is not live belongs to no receiver, even while some cannot be read. */
  readonly isRemovable: (hash: string) => boolean;
}

/** Result of adding routes. */
export interface AddedRoutes {
  /** By hash: why a live receiver has no route, as sentences. */
  readonly unrouted: ReadonlyMap<string, string>;
  /** Routes that belong to no live receiver, even while some cannot be read. */
  readonly removable: readonly GatewayRoute[];
  /** Hashes of all routes; undefined where they cannot be listed. */
  readonly routed: ReadonlySet<string> | undefined;
  /** Routes added and removed. */
  readonly changes: number;
  /** An error of the gateway, other than a used-up quota or a timeout. */
  readonly failure?: unknown;
}

const NOT_ADDED_YET = 'its route could not be added yet. This is retried every minute.';

/**
 * Adds the gateway routes that live receivers lack, sequentially, because the gateway's control plane accepts few requests a second. Where
 * the quota is used up, removable routes are removed one by one to make room. The first route that still cannot be added ends it, and so
 * does the signal.
 */
export async function addRoutes(
  { routes, dryRun, log }: RouteDeps,
  { hashes, published, isRemovable }: DesiredRoutes,
  signal: AbortSignal,
): Promise<AddedRoutes> {
  let existing: readonly GatewayRoute[];
  try {
    existing = await routes.list(signal);
  } catch (failure) {
    log.error('routes cannot be listed', { error: failure });
    const unrouted = orderMissingRoutes(hashes, published).map((hash) => [hash, NOT_ADDED_YET] as const);
    return { unrouted: new Map(unrouted), removable: [], routed: undefined, changes: 0, failure };
  }
  const live = liveHashes(hashes);
  const removable = existing.filter(({ hash }) => !live.has(hash) && isRemovable(hash));
  const routed = new Set(existing.map(({ hash }) => hash));
  const unrouted = new Map<string, string>();
  let refusal: string | undefined;
  let failure: unknown;
  let changes = 0;

  const add = async (hash: string): Promise<string | undefined> => {
    if (dryRun) {
      log.info('dry run: route not added', { hash });
      return undefined;
    }
    for (;;) {
      const result = await routes.add(hash, signal);
      if (result.kind === 'added') {
        log.info('route added', { hash });
        return undefined;
      }
      const [unneeded] = removable;
      if (unneeded === undefined) {
        return (
          `the gateway has no room for its route: ${result.reason.replace(/\.$/, '')}. ` +
          'Ask the platform team to raise the quota of routes or to use one route for all (ROUTES=shared).'
        );
      }
      await removeRoute(routes, unneeded, log, signal);
      removable.shift();
      routed.delete(unneeded.hash);
      changes += 1;
    }
  };
  for (const hash of orderMissingRoutes(hashes, routed)) {
    if (refusal === undefined) {
      try {
        refusal = await add(hash);
      } catch (error) {
        refusal = NOT_ADDED_YET;
        if (signal.aborted) log.info('routes left to the next run', { next: hash });
        else {
          log.error('route cannot be added', { hash, error });
          failure = error;
        }
      }
    }
    if (refusal === undefined) {
      routed.add(hash);
      changes += 1;
    } else unrouted.set(hash, refusal);
  }
  return { unrouted, removable, routed, changes, failure };
}

/**
 * Removes routes until the signal ends it; the rest is left to the next run.
 *
 * @returns how many were removed
 * @throws {RetryableError} when the gateway is unavailable or throttles
 */
export async function removeRoutes(
  { routes, dryRun, log }: RouteDeps,
  removable: readonly GatewayRoute[],
  signal: AbortSignal,
): Promise<number> {
  let removed = 0;
  try {
    for (const route of removable) {
      if (dryRun) log.info('dry run: route not removed', { hash: route.hash });
      else await removeRoute(routes, route, log, signal);
      removed += 1;
    }
  } catch (error) {
    if (!signal.aborted) throw error;
    log.info('routes left to the next run', { count: removable.length - removed });
  }
  return removed;
}

async function removeRoute(
  routes: GatewayRoutes,
  route: GatewayRoute,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  await routes.remove(route, signal);
  log.info('route removed', { hash: route.hash });
}
