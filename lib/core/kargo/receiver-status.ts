import { isDeepStrictEqual } from 'node:util';
import { joinWithin, MAX_MESSAGE_LENGTH, withCondition } from './condition.ts';
import { formatBaseUrl, isSameBase } from './receiver-path.ts';
import {
  judgeReadiness,
  publisherOf,
  type Readiness,
  type ReadinessFault,
  type StatusFacts,
} from './receiver-readiness.ts';
import type { Condition, ReceiverConfig, StatusEntry } from './receiver.ts';

/** The planned status of a config. */
export interface StatusPlan {
  /** False where the status is already as planned. */
  readonly changed: boolean;
  readonly webhookReceivers: readonly StatusEntry[];
  readonly conditions: readonly Condition[];
  /** Each declared Bitbucket receiver within the limit. */
  readonly receivers: readonly Readiness[];
  /** Messages: why receivers are not ready. */
  readonly faults: readonly string[];
}

/** Our own condition. Others, such as Kargo's, are kept as they are. */
export const RECEIVERS_CONDITION = 'BitbucketReceiversReady';

/** Names of receivers over the limit in a message: it leaves room for the other receivers' faults. */
const MAX_NAMES_LENGTH = 16_384;

/**
 * Plans the status of a ProjectConfig or ClusterConfig: the entries of Bitbucket receivers in the order of the spec, as Kargo's own
 * controller writes them; others' entries, unchanged; and our condition. Only entries under our own base are ever removed.
 */
export function planStatus(config: ReceiverConfig, facts: StatusFacts): StatusPlan {
  const { declared, status } = config;
  const receivers = declared.flatMap((entry, index) => {
    if (entry.kind === 'other' || entry.kind === 'over-limit') return [];
    const existing = status.webhookReceivers.filter(({ name }) => name === entry.name);
    return [judgeReadiness(entry, index, existing, facts)];
  });
  const overLimit = judgeOverLimit(config);
  const faults = [...receivers.map(({ fault }) => fault), overLimit].filter((fault) => fault !== undefined);
  const webhookReceivers = planList(config, receivers, facts);
  const conditions = planConditions(config, receivers, faults, facts);
  return {
    changed:
      !isDeepStrictEqual(webhookReceivers, status.webhookReceivers) ||
      !isDeepStrictEqual(conditions, status.conditions),
    webhookReceivers,
    conditions,
    receivers,
    faults: faults.map(({ message }) => message),
  };
}

function judgeOverLimit({ declared }: ReceiverConfig): ReadinessFault | undefined {
  const names = declared.flatMap(({ kind, name }) => (kind === 'over-limit' ? [`"${name}"`] : []));
  if (names.length === 0) return undefined;
  const limit = declared.filter(({ kind }) => kind === 'bitbucket').length;
  return {
    reason: 'TooManyReceivers',
    message:
      `receivers ${joinWithin(names, ', ', MAX_NAMES_LENGTH)}: not served. The limit of ${limit} Bitbucket receiver(s) per project ` +
      'is reached by those declared before. Delete receivers, or ask the platform team to raise MAX_RECEIVERS_PER_PROJECT.',
  };
}

function planList(
  { declared, status }: ReceiverConfig,
  receivers: readonly Readiness[],
  { base }: StatusFacts,
): StatusEntry[] {
  const entryOf = new Map(receivers.map(({ name, entry }) => [name, entry]));
  const others = status.webhookReceivers.filter((entry) => publisherOf(entry, base).kind !== 'here');
  const existingOf = groupByName(status.webhookReceivers);
  const othersOf = groupByName(others);
  const inOrder = declared.flatMap(({ name }) => {
    const entry = entryOf.get(name);
    if (entry === undefined || entry === 'withdraw') return othersOf.get(name) ?? [];
    return entry === 'keep' ? (existingOf.get(name) ?? []) : [entry];
  });
  const declaredNames = new Set<string | undefined>(declared.map(({ name }) => name));
  return [...new Set([...inOrder, ...others.filter(({ name }) => !declaredNames.has(name))])];
}

function groupByName(entries: readonly StatusEntry[]): Map<string | undefined, StatusEntry[]> {
  return Map.groupBy(entries, ({ name }) => name);
}

function planConditions(
  { declared, status, generation }: ReceiverConfig,
  receivers: readonly Readiness[],
  faults: readonly ReadinessFault[],
  { lastMessage, base, now }: StatusFacts,
): readonly Condition[] {
  const { conditions } = status;
  const before = conditions.find(({ type }) => type === RECEIVERS_CONDITION);
  if (!declared.some(({ kind }) => kind !== 'other')) {
    return conditions.filter((condition) => condition !== before);
  }
  if (before !== undefined && isAnotherDeployments(before, receivers, lastMessage)) return conditions;
  const condition = {
    type: RECEIVERS_CONDITION,
    status: faults.length === 0 ? ('True' as const) : ('False' as const),
    reason: faults[0]?.reason ?? 'ReceiversReady',
    message: describeReceivers(receivers, faults, formatBaseUrl(base)),
  };
  return withCondition(conditions, condition, generation, now);
}

/**
 * Recognizes the condition of the deployment that publishes one of these receivers at another base. It stays, so that two deployments
 * do not overwrite each other's condition every minute.
 */
function isAnotherDeployments(
  condition: Condition,
  receivers: readonly Readiness[],
  lastMessage: string | undefined,
): boolean {
  const isContested = receivers.some(({ fault }) => fault?.reason === 'PublishedElsewhere');
  if (isContested && lastMessage !== undefined && condition['message'] !== lastMessage) return true;
  const [, readyAt] = / ready at (\S+?)\.?(?:\s|$)/.exec(String(condition['message'])) ?? [];
  if (readyAt === undefined) return false;
  return receivers.some(({ otherBase }) => otherBase !== undefined && isSameBase(otherBase, readyAt));
}

function describeReceivers(
  receivers: readonly Readiness[],
  faults: readonly ReadinessFault[],
  base: string,
): string {
  const ready = receivers.filter(({ fault }) => fault === undefined);
  const warnings = ready.flatMap(({ warning }) => (warning === undefined ? [] : [`Warning: ${warning}`]));
  const notices = ready.flatMap(({ notice }) => notice ?? []);
  const details = [...faults.map(({ message }) => message), ...warnings, ...notices];
  const count = faults.length === 0 ? `${ready.length}` : `${ready.length} of ${receivers.length}`;
  const summary = ready.length === 0 ? [] : [`${count} Bitbucket receiver(s) ready at ${base}`];
  if (details.length === 0) return summary.join('');
  return joinWithin([...summary.map((text) => `${text}.`), ...details], ' ', MAX_MESSAGE_LENGTH);
}
