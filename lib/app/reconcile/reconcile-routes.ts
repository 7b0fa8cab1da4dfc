import type { GatewayRoute, GatewayRoutes, Log } from '../ports.ts';

export interface RouteDeps {
  readonly routes: GatewayRoutes;
  readonly log: Log;
}

/** What adding routes came to. */
export interface AddedRoutes {
  /** By hash: why a live receiver has no route, in words. */
  readonly unrouted: ReadonlyMap<string, string>;
  /** Routes that belong to no live receiver, to be removed once everything else is done. */
  readonly stale: readonly GatewayRoute[];
  /** What is no lack of room but trouble with the gateway. */
  readonly failure?: unknown;
}

/** What a receiver's owner is told of trouble that is not its own. */
const NOT_ASKED = 'the gateway does not take it just now; it is tried again every minute';

/**
 * Adds the gateway routes that live receivers lack, one after the other and none after the first refusal: the gateway's control plane
 * takes few requests a second. Raises nothing; what could not be added is told by hash, so that no URL is published without a route.
 * `published` are the hashes that stand in statuses: where the routes cannot be listed, theirs are taken to be there.
 */
export async function addRoutes(
  { routes, log }: RouteDeps,
  live: ReadonlySet<string>,
  published: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<AddedRoutes> {
  const unrouted = new Map<string, string>();
  let existing: readonly GatewayRoute[] | undefined;
  let refusal: string | undefined;
  let failure: unknown;
  const attempt = async (work: () => Promise<string | undefined>): Promise<void> => {
    try {
      refusal = await work();
    } catch (error) {
      log.error('the gateway gave trouble', { error });
      failure = error;
      refusal = NOT_ASKED;
    }
  };
  await attempt(async () => {
    existing = await routes.list(signal);
    return undefined;
  });
  const routed = existing === undefined ? published : new Set(existing.map(({ hash }) => hash));
  for (const hash of live) {
    if (routed.has(hash)) continue;
    if (refusal === undefined) await attempt(() => routes.add(hash, signal));
    if (refusal === undefined) log.info('route added', { hash });
    else unrouted.set(hash, refusal);
  }
  const stale = (existing ?? []).filter(({ hash }) => !live.has(hash));
  return { unrouted, stale, failure };
}

/** Removes routes that belong to no live receiver. Raises `RetryableError`. */
export async function removeRoutes(
  { routes, log }: RouteDeps,
  stale: readonly GatewayRoute[],
  signal: AbortSignal,
): Promise<void> {
  for (const route of stale) {
    await routes.remove(route, signal);
    log.info('route removed', { hash: route.hash });
  }
}
