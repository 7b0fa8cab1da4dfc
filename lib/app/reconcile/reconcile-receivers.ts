import {
  liveHashes,
  publishedHashes,
  receiverHashes,
  type ReceiverHashes,
} from '../../core/kargo/receiver-hashes.ts';
import type { FaultReason, Readiness } from '../../core/kargo/receiver-readiness.ts';
import {
  describeConfig,
  receiverKey,
  usableReceivers,
  type ReceiverConfig,
} from '../../core/kargo/receiver.ts';
import { isProjectsFault, TerminalError } from '../errors.ts';
import type { GatewayRoutes, ListedConfigs, ReceiverConfigs } from '../ports.ts';
import type { ReceiverCopier } from './copy-receivers.ts';
import type { IndexPublisher, PublishedIndex } from './publish-index.ts';
import { readSecrets, type SecretReadings } from '../read-secrets.ts';
import { addRoutes, removeRoutes, type AddedRoutes } from './reconcile-routes.ts';
import {
  reconcileStatuses,
  UNINDEXED,
  type FailedStatus,
  type ReconciledStatuses,
  type StatusDeps,
} from './reconcile-statuses.ts';

/** Timeout for adding routes, so that time is left to write statuses. */
const ADD_ROUTES_MS = 30_000;

/** Secrets named in one log line. */
const MAX_LOGGED_SECRETS = 20;

export interface ReconcileDeps extends StatusDeps {
  readonly configs: ReceiverConfigs;
  /** Undefined in a dry run, which writes none. */
  readonly index: Pick<IndexPublisher, 'publish' | 'receivers' | 'settle' | 'refreshEntering'> | undefined;
  /** Undefined where the receivers are not copied. */
  readonly copier: Pick<ReceiverCopier, 'copyReceivers'> | undefined;
  /** Undefined where the gateway has one route for all. */
  readonly routes: GatewayRoutes | undefined;
}

export interface ReconcileResult {
  readonly configs: number;
  /** Statuses written. */
  readonly written: number;
  /** In a dry run, statuses and routes that would have been written, added or removed. */
  readonly planned?: number;
  /** What the platform team must correct, one line each. */
  readonly failures: readonly string[];
}

/** State of the receivers after a run. */
export interface ReconcileGauges {
  /** Receivers that this deployment should serve and that get no deliveries, or soon will not. */
  readonly unready: number;
  /** Receivers whose current URL has no route. */
  readonly routeMissing: number;
  /** Receivers whose URL another server has taken over. */
  readonly contested: number;
  /** Receivers whose previous secret is still accepted. */
  readonly previousSecrets: number;
}

/**
 * Reconciles the lookup index, the gateway's routes and the Bitbucket entries of every status with the configs and secrets. It is
 * level-based and idempotent. A URL is published after the index has it and its route exists, and a route is removed after its URL. One config or secret that cannot be read,
 * or one status that cannot be written, does not affect others: only routes that may belong to it stay. Faults of single receivers are
 * reported in the condition of their config.
 *
 * @throws {RetryableError} when configs cannot be listed, or no secret can be read because the store is unavailable
 */
export async function reconcileReceivers(
  deps: ReconcileDeps,
  signal: AbortSignal,
): Promise<{ readonly result: ReconcileResult; readonly gauges: ReconcileGauges }> {
  const { memory, log } = deps;
  const listed = await deps.configs.list(signal);
  const { configs } = listed;
  const secrets = await readSecrets(deps.secrets, configs, 'store', signal);
  const { secretOf, unreadable } = secrets;
  if (unreadable.length > 0) {
    const reasons = unreadable.slice(0, MAX_LOGGED_SECRETS).map(({ reason }) => reason);
    log.warn('secrets cannot be read', { count: unreadable.length, reasons });
  }
  const hashes = receiverHashes(configs, secretOf, deps.clock(), deps.graceMs);
  memory.rememberHashes(hashes);
  const isUnknown = unknownReceivers(listed, secrets);
  const indexed: PublishedIndex = (await deps.index?.publish(
    { hashes, isUnknown: ({ project, name }) => isUnknown(receiverKey(project, name)) },
    signal,
  )) ?? { unindexed: new Set() };
  const copyFailure = await copyReceivers(deps, signal).catch((error: unknown) => error);
  const routing = deps.routes && { ...deps, routes: deps.routes };
  const owners = publishedHashes(configs);
  const desired = {
    hashes,
    published: new Set(owners.keys()),
    isRemovable: ownerCheck(deps, unreadable.length + listed.unreadable.length > 0, isUnknown, owners),
  };
  const addingSignal = AbortSignal.any([signal, AbortSignal.timeout(ADD_ROUTES_MS)]);
  const added = routing && (await addRoutes(routing, desired, addingSignal));
  const unrouted = new Map([
    ...(added?.unrouted ?? []),
    ...[...indexed.unindexed].map((hash) => [hash, UNINDEXED] as const),
  ]);
  const facts = { secretOf, unrouted, live: liveHashes(hashes) };
  await deps.index?.settle(signal);
  const statuses = await reconcileStatuses(deps, configs, facts, signal);
  await deps.index?.refreshEntering(signal);

  const failures = [
    ...(indexed.failure === undefined
      ? []
      : [
          `the lookup index could not be written: ${messageOf(indexed.failure)}${adviceFor(indexed.failure)}`,
        ]),
    ...(copyFailure === undefined
      ? []
      : [`the copy of the receivers could not be written: ${messageOf(copyFailure)}`]),
    ...listed.unreadable.map((config) => `${describeConfig(config)}: ${config.reason}`),
    ...statuses.failed.flatMap(describeFailedStatus),
  ];
  let removed = 0;
  if (routing && added) {
    if (added.failure !== undefined) failures.push(`routes could not be added: ${messageOf(added.failure)}`);
    try {
      removed = await removeRoutes(routing, withoutPublished(added, statuses), signal);
    } catch (error) {
      failures.push(`routes could not be removed: ${messageOf(error)}`);
    }
  }
  forgetRemoved(deps, configs, isUnknown, hashes, added);
  const { changed, receivers } = statuses;
  return {
    result: {
      configs: configs.length,
      written: deps.dryRun ? 0 : changed,
      ...(deps.dryRun ? { planned: changed + (added?.changes ?? 0) + removed } : {}),
      failures,
    },
    gauges: {
      unready: receivers.filter(isUnready).length,
      routeMissing: hashes.filter(({ current }) => current !== undefined && facts.unrouted.has(current))
        .length,
      contested: receivers.filter(({ fault }) => fault?.reason === 'PublishedElsewhere').length,
      previousSecrets: hashes.filter(({ previous }) => previous !== undefined).length,
    },
  };
}

async function copyReceivers({ index, copier }: ReconcileDeps, signal: AbortSignal): Promise<void> {
  const receivers = index?.receivers;
  if (receivers !== undefined) await copier?.copyReceivers(receivers, signal);
}

/** Creates the check whether the hashes of a receiver are unknown, because its config or its secret cannot be read at the moment. */
function unknownReceivers(listed: ListedConfigs, { unreadable }: SecretReadings): (key: string) => boolean {
  const receivers = new Set(unreadable.map(({ receiver }) => receiverKey(receiver.project, receiver.name)));
  const projects = listed.unreadable.map(({ namespace }) => receiverKey(namespace, ''));
  return (key) => receivers.has(key) || projects.some((project) => key.startsWith(project));
}

/** Creates the check that a hash which is not live belongs to no receiver, not even to one that cannot be read at the moment. */
function ownerCheck(
  { memory }: ReconcileDeps,
  hasUnknown: boolean,
  isUnknown: (key: string) => boolean,
  owners: ReadonlyMap<string, readonly string[]>,
): (hash: string) => boolean {
  return (hash) => {
    if (!hasUnknown) return true;
    const known = [...memory.ownersOf(hash), ...(owners.get(hash) ?? [])];
    return known.length > 0 && !known.some(isUnknown);
  };
}

/** Leaves out the routes whose URL may still be in a status that could not be written: a route is removed after its URL. */
function withoutPublished(
  { removable }: AddedRoutes,
  { failed }: ReconciledStatuses,
): AddedRoutes['removable'] {
  const published = publishedHashes(failed.map(({ config }) => config));
  return removable.filter(({ hash }) => !published.has(hash));
}

function forgetRemoved(
  { memory }: ReconcileDeps,
  configs: readonly ReceiverConfig[],
  isUnknown: (key: string) => boolean,
  hashes: readonly ReceiverHashes[],
  added: AddedRoutes | undefined,
): void {
  if (added !== undefined && added.routed === undefined) return;
  const declared = new Set(
    configs.flatMap(usableReceivers).map(({ project, name }) => receiverKey(project, name)),
  );
  memory.forgetRemoved(
    new Set([...liveHashes(hashes), ...(added?.routed ?? [])]),
    (key) => declared.has(key) || isUnknown(key),
  );
}

/**
 * Decides whether the metric counts a receiver: somebody must correct a fault so that its deliveries arrive here. Not counted are
 * receivers that another server publishes, as in a gradual adoption; those over the limit, which are the project's own choice; and
 * invalid declarations, which Kargo's admission webhook rejects and which were never served.
 */
function isUnready({ fault }: Readiness): boolean {
  const reason: FaultReason | undefined = fault?.reason;
  switch (reason) {
    case 'SecretMissing':
    case 'SecretUnreadable':
    case 'SecretEmpty':
    case 'SecretMalformed':
    case 'RouteMissing':
      return true;
    case 'ReceiverInvalid':
    case 'NotServedHere':
    case 'PublishedElsewhere':
    case 'TooManyReceivers':
    case undefined:
      return false;
    default:
      return reason satisfies never;
  }
}

function describeFailedStatus({ config, error }: FailedStatus): string[] {
  if (isProjectsFault(error, config)) return [];
  return [`${describeConfig(config)}: its status could not be written: ${messageOf(error)}`];
}

/** A write that is refused for good lacks the namespace or the rights. */
function adviceFor(failure: unknown): string {
  return failure instanceof TerminalError ? '. Apply infra/rbac.' : '';
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
