import type { GatewayRoute, GatewayRoutes, Log } from './ports.ts';

export interface RouteUpkeepParts {
  readonly routes: GatewayRoutes;
  readonly log: Log;
}

/** What adding routes came to. */
export interface AddedRoutes {
  /** By hash: why a live receiver has no route. */
  readonly unrouted: ReadonlyMap<string, string>;
  /** Routes that belong to no live receiver, to be removed once everything else is done. */
  readonly stale: readonly GatewayRoute[];
}

/**
 * Adds the gateway routes that live receivers lack. A gateway that has no room for a route is no error: the rest goes on, and the
 * answer tells who has none. Raises `Unavailable`.
 */
export async function addRoutes(
  { routes, log }: RouteUpkeepParts,
  live: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<AddedRoutes> {
  const existing = await routes.list(signal);
  const routed = new Set(existing.map(({ hash }) => hash));
  const unrouted = new Map<string, string>();
  let noRoom: string | undefined;
  for (const hash of live) {
    if (routed.has(hash)) continue;
    // One after the other, and none after the first refusal: the gateway's control plane takes few requests a second.
    noRoom ??= await routes.add(hash, signal);
    if (noRoom !== undefined) unrouted.set(hash, noRoom);
    else log.info('route added', { hash });
  }
  return { unrouted, stale: existing.filter(({ hash }) => !live.has(hash)) };
}

/** Removes routes that belong to no live receiver. Raises `Unavailable`. */
export async function removeRoutes(
  { routes, log }: RouteUpkeepParts,
  stale: readonly GatewayRoute[],
  signal: AbortSignal,
): Promise<void> {
  for (const route of stale) {
    await routes.remove(route, signal);
    log.info('route removed', { hash: route.hash });
  }
}
