import { liveHashes } from '../core/live-hashes.ts';
import type { GatewayRoutes, ReceiverConfigs } from './ports.ts';
import { reconcileStatuses, type StatusParts } from './reconcile-statuses.ts';
import { addRoutes, removeRoutes, type AddedRoutes } from './route-upkeep.ts';
import { readSecrets } from './secret-readings.ts';

export interface ReconcileParts extends StatusParts {
  readonly configs: ReceiverConfigs;
  /** Undefined where the gateway has one route for all. */
  readonly routes: GatewayRoutes | undefined;
  /** How long the secret before the current one stays good, in milliseconds. */
  readonly graceMs: number;
}

export interface ReconcileResult {
  readonly configs: number;
  readonly written: number;
  /** What could not be made right and is no mistake of a receiver's owner, one line each; empty when all is well. */
  readonly failures: readonly string[];
}

/**
 * Makes the gateway's routes and the Bitbucket entries of every status right, and writes only where something differs, so that it can
 * run at any time and any number of times. A URL is published after its route is there, and a route goes after its URL. One config
 * that cannot be reconciled never stops the others. A receiver whose secret is missing, empty or malformed is told to its owner in
 * the condition and is no failure of the run. Raises `Unavailable` where configs or secrets cannot be read at all.
 */
export async function reconcileReceivers(
  parts: ReconcileParts,
  signal: AbortSignal,
): Promise<ReconcileResult> {
  const { clock, graceMs, log } = parts;
  const { configs, unreadable } = await parts.configs.list(signal);
  const secretOf = await readSecrets(parts.secrets, configs, signal);
  const failures = [...unreadable];
  const routeParts = parts.routes && { routes: parts.routes, log };
  const attempt = async <T>(what: string, work: () => Promise<T>, otherwise: T): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      failures.push(`${what}: ${error instanceof Error ? error.message : String(error)}`);
      log.error(what, { error });
      return otherwise;
    }
  };

  let added: AddedRoutes = { unrouted: new Map(), stale: [] };
  if (routeParts) {
    const live = liveHashes(configs, secretOf, clock(), graceMs);
    added = await attempt('routes could not be added', () => addRoutes(routeParts, live, signal), added);
  }
  const statuses = await reconcileStatuses(parts, configs, { secretOf, unrouted: added.unrouted }, signal);
  failures.push(...statuses.failures);
  // A config that could not be read may declare the receivers that these routes belong to.
  if (routeParts && unreadable.length === 0) {
    await attempt(
      'routes could not be removed',
      () => removeRoutes(routeParts, added.stale, signal),
      undefined,
    );
  }
  return { configs: configs.length, written: statuses.written, failures };
}
