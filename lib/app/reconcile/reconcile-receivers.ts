import { liveHashes, publishedHashes } from '../../core/kargo/receiver-hashes.ts';
import type { GatewayRoutes, ReceiverConfigs } from '../ports.ts';
import { reconcileStatuses, type StatusDeps } from './reconcile-statuses.ts';
import { addRoutes, removeRoutes } from './reconcile-routes.ts';
import { readSecrets } from './read-secrets.ts';

export interface ReconcileDeps extends StatusDeps {
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
 * run at any time and any number of times. A URL is published after its route is there, and a route goes after its URL: in a run in
 * which a config, a secret or a status gave trouble, none goes, because it may belong to that. One config that cannot be reconciled
 * never stops the others. A receiver whose secret is missing, empty or malformed, or that the gateway has no room for, is told to its
 * owner in the condition and is no failure of the run. Raises `RetryableError` where configs or secrets cannot be read at all.
 */
export async function reconcileReceivers(deps: ReconcileDeps, signal: AbortSignal): Promise<ReconcileResult> {
  const { configs, unreadable } = await deps.configs.list(signal);
  const secretOf = await readSecrets(deps.secrets, configs, signal);
  const live = liveHashes(configs, secretOf, deps.clock(), deps.graceMs);
  const upkeep = deps.routes && { routes: deps.routes, log: deps.log };
  const added = upkeep && (await addRoutes(upkeep, live, publishedHashes(configs), signal));
  const facts = { secretOf, unrouted: added?.unrouted ?? new Map<string, string>() };
  const statuses = await reconcileStatuses(deps, configs, facts, signal);

  const failures = [...unreadable, ...statuses.failures];
  if (upkeep && added && failures.length === 0) {
    try {
      await removeRoutes(upkeep, added.stale, signal);
    } catch (error) {
      failures.push(`routes could not be removed: ${messageOf(error)}`);
    }
  }
  if (added?.failure !== undefined) failures.push(`routes could not be added: ${messageOf(added.failure)}`);
  return { configs: configs.length, written: statuses.written, failures };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
