import pLimit from 'p-limit';
import { liveHashes, receiverHashes } from '../../core/kargo/receiver-hashes.ts';
import { formatBaseUrl, type BaseUrl } from '../../core/kargo/receiver-path.ts';
import { publisherOf, type Readiness, type StatusFacts } from '../../core/kargo/receiver-readiness.ts';
import { RECEIVERS_CONDITION, planStatus, type StatusPlan } from '../../core/kargo/receiver-status.ts';
import { describeConfig, type ReceiverConfig } from '../../core/kargo/receiver.ts';
import type { Clock, ConfigStatuses, Log, ReceiverSecrets } from '../ports.ts';
import { readSecrets } from '../read-secrets.ts';
import type { ReconcilerMemory } from './reconciler-memory.ts';

/** Concurrent status writes: few enough to leave the cluster API room for others. */
const CONCURRENCY = 8;

/** Conflicts with other writers after which a status is left to the next run. */
const MAX_CONFLICTS = 3;

/** Faults or names in one log line, and characters of each. The condition's message contains all. */
const MAX_LOGGED_ITEMS = 10;
const MAX_LOGGED_LENGTH = 500;

export interface StatusDeps {
  readonly statuses: ConfigStatuses;
  readonly secrets: ReceiverSecrets;
  readonly memory: ReconcilerMemory;
  readonly base: BaseUrl;
  /** How long the previous secret stays valid. */
  readonly graceMs: number;
  /** Nothing is written, only logged. */
  readonly dryRun: boolean;
  readonly clock: Clock;
  readonly log: Log;
}

/** Why a receiver whose hash is not in the index yet has no URL. */
export const UNINDEXED = 'its URL could not be added to the lookup index yet. This is retried every minute.';

interface Facts extends Pick<StatusFacts, 'secretOf' | 'unrouted'> {
  /** The hashes that this run has indexed and routed, as far as it could. */
  readonly live: ReadonlySet<string>;
}

export interface ReconciledStatuses {
  /** Statuses that were written, or would have been in a dry run. */
  readonly changed: number;
  /** Every declared Bitbucket receiver within the limit, except those of failed configs. */
  readonly receivers: readonly Readiness[];
  readonly failed: readonly FailedStatus[];
}

/** A config whose status could not be written. */
export interface FailedStatus {
  readonly config: ReceiverConfig;
  readonly error: unknown;
}

/** Writes the statuses of these configs that differ from the plan. One that cannot be written does not affect the others. */
export async function reconcileStatuses(
  deps: StatusDeps,
  configs: readonly ReceiverConfig[],
  facts: Facts,
  signal: AbortSignal,
): Promise<ReconciledStatuses> {
  const receivers: Readiness[] = [];
  const failed: FailedStatus[] = [];
  let changed = 0;
  const reconcile = async (config: ReceiverConfig): Promise<void> => {
    try {
      const result = await reconcileStatus(deps, config, facts, signal);
      if (result === undefined) return;
      if (result.plan.changed) changed += 1;
      receivers.push(...result.plan.receivers);
      logLostReadiness(deps, result);
    } catch (error) {
      failed.push({ config, error });
      deps.log.error('status could not be written', { config: describeConfig(config), error });
    }
  };
  const limit = pLimit(CONCURRENCY);
  await Promise.all(configs.map((config) => limit(reconcile, config)));
  return { changed, receivers, failed };
}

interface ReconciledStatus {
  readonly config: ReceiverConfig;
  readonly plan: StatusPlan;
  /** Whether the status is as planned. */
  readonly isWritten: boolean;
}

/** Returns undefined where the config has been deleted meanwhile. */
async function reconcileStatus(
  { statuses, secrets, memory, base, graceMs, dryRun, clock, log }: StatusDeps,
  listed: ReceiverConfig,
  { secretOf: listedSecretOf, unrouted: listedUnrouted, live }: Facts,
  signal: AbortSignal,
): Promise<ReconciledStatus | undefined> {
  let config = listed;
  let secretOf = listedSecretOf;
  let unrouted = listedUnrouted;
  for (let conflicts = 0; conflicts <= MAX_CONFLICTS; conflicts += 1) {
    memory.rememberPublished(config, base);
    const plan = planStatus(config, {
      secretOf,
      unrouted,
      wasPublishedHere: (receiver) => memory.wasPublishedHere(receiver),
      lastMessage: memory.lastMessageOf(config),
      base,
      graceMs,
      now: clock(),
    });
    if (!plan.changed) return { config, plan, isWritten: true };
    if (dryRun) {
      log.info('dry run: status not written', describeChange(config, plan));
      return { config, plan, isWritten: false };
    }
    const { webhookReceivers, conditions } = plan;
    const result = await statuses.write(config, { webhookReceivers, conditions }, signal);
    if (result === 'written') {
      memory.rememberMessage(config, messageIn(plan));
      log.info('status written', describeChange(config, plan));
      return { config, plan, isWritten: true };
    }
    const read = result === 'conflict' ? await statuses.read(config, signal) : undefined;
    if (read === undefined) return undefined;
    config = read;
    ({ secretOf } = await readSecrets(secrets, [config], 'cached', signal));
    // What was declared meanwhile is indexed by the next run.
    const hashes = liveHashes(receiverHashes([config], secretOf, clock(), graceMs));
    const added = [...hashes].filter((hash) => !live.has(hash));
    unrouted = new Map([...listedUnrouted, ...added.map((hash) => [hash, UNINDEXED] as const)]);
  }
  throw new Error(`conflict: other writers changed it ${MAX_CONFLICTS + 1} times in a row`);
}

function messageIn({ conditions }: StatusPlan): string {
  return String(conditions.find(({ type }) => type === RECEIVERS_CONDITION)?.['message']);
}

function logLostReadiness(deps: StatusDeps, { config, plan, isWritten }: ReconciledStatus): void {
  const { memory, base, log } = deps;
  logUnserved(deps, config);
  for (const readiness of plan.receivers) {
    const { name, fault } = readiness;
    if (!memory.rememberReadiness(readiness, isWritten) || fault === undefined) continue;
    log.warn('receiver no longer ready', {
      config: describeConfig(config),
      receiver: name,
      base: formatBaseUrl(base),
      reason: fault.reason,
      detail: fault.message.slice(0, MAX_LOGGED_LENGTH),
    });
  }
}

/** Logs the receivers that lose their URL because they are over the limit or no longer declared correctly. */
function logUnserved({ base, log }: StatusDeps, config: ReceiverConfig): void {
  const { declared, status } = config;
  const published = new Set(
    status.webhookReceivers
      .filter((entry) => publisherOf(entry, base).kind === 'here')
      .map(({ name }) => name),
  );
  const names = declared
    .filter(({ kind, name }) => (kind === 'over-limit' || kind === 'unusable') && published.has(name))
    .map(({ name }) => name);
  if (names.length === 0) return;
  const receivers = names.slice(0, MAX_LOGGED_ITEMS);
  log.warn('receivers no longer served', { config: describeConfig(config), count: names.length, receivers });
}

function describeChange(config: ReceiverConfig, plan: StatusPlan): Record<string, unknown> {
  const before = config.status.webhookReceivers;
  const after = plan.webhookReceivers;
  const urlsOf = (entries: typeof after, others: typeof after): unknown[] => {
    const urls = new Set(others.map(({ url }) => url));
    return entries.flatMap(({ url }) => (urls.has(url) ? [] : [url])).slice(0, MAX_LOGGED_ITEMS);
  };
  return {
    config: describeConfig(config),
    receivers: after.length,
    published: urlsOf(after, before),
    withdrawn: urlsOf(before, after),
    faults: plan.faults.slice(0, MAX_LOGGED_ITEMS).map((fault) => fault.slice(0, MAX_LOGGED_LENGTH)),
  };
}
