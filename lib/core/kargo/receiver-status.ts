import { isDeepStrictEqual } from 'node:util';
import { hashInPath } from './receiver-path.ts';
import {
  judgeReadiness,
  type Readiness,
  type ReadinessFault,
  type StatusFacts,
} from './receiver-readiness.ts';
import type { Condition, ReceiverConfig, StatusEntry } from './receiver.ts';

/** What a status should be. */
export interface StatusPlan {
  /** False where the status is right as it is, so that nothing is written. */
  readonly changed: boolean;
  readonly webhookReceivers: readonly StatusEntry[];
  readonly conditions: readonly Condition[];
  /** What keeps receivers from being ready, in words, one line each. */
  readonly faults: readonly string[];
}

/** Our condition; Kargo's own are left alone. */
const CONDITION_TYPE = 'BitbucketReceiversReady';

/** Kubernetes' limit for a condition's message. */
const MAX_MESSAGE_LENGTH = 32_768;

/**
 * Gives what the status of a ProjectConfig or ClusterConfig should be: the entries of Bitbucket receivers in the order of the spec, as
 * Kargo's own controller writes them, other kinds' entries as they are, none for a receiver that is gone or whose secret is missing,
 * empty or malformed, and our condition.
 */
export function planStatus(config: ReceiverConfig, facts: StatusFacts): StatusPlan {
  const ours = config.declared
    .filter((declared) => declared.kind !== 'other')
    .map((declared) => judgeReadiness(declared, facts));
  const webhookReceivers = planList(config, new Map(ours.map((readiness) => [readiness.name, readiness])));
  const faults = ours.map(({ fault }) => fault).filter((fault) => fault !== undefined);
  const conditions = planConditions(config, ours.length, faults, facts.now);
  const { status } = config;
  return {
    changed:
      !isDeepStrictEqual(webhookReceivers, status.webhookReceivers) ||
      !isDeepStrictEqual(conditions, status.conditions),
    webhookReceivers,
    conditions,
    faults: faults.map(({ message }) => message),
  };
}

function planList({ declared, status }: ReceiverConfig, ours: ReadonlyMap<string, Readiness>): StatusEntry[] {
  const standing = status.webhookReceivers;
  const foreign = standing.filter(
    ({ name = '', path = '' }) => !ours.has(name) && hashInPath(path) === undefined,
  );
  const inOrder = declared.flatMap(({ name }) => {
    const entry = ours.get(name)?.entry;
    if (entry === 'none') return [];
    if (entry === 'standing') return standing.filter((other) => other.name === name);
    return entry === undefined ? foreign.filter((other) => other.name === name) : [entry];
  });
  return [...new Set([...inOrder, ...foreign])];
}

function planConditions(
  { status, generation }: ReceiverConfig,
  receivers: number,
  faults: readonly ReadinessFault[],
  now: Date,
): readonly Condition[] {
  const { conditions } = status;
  const before = conditions.find(({ type }) => type === CONDITION_TYPE);
  if (receivers === 0) return conditions.filter((condition) => condition !== before);
  const state = faults.length === 0 ? 'True' : 'False';
  const words = faults.map(({ message }) => message).join('; ') || `${receivers} Bitbucket receiver(s) ready`;
  const condition = {
    type: CONDITION_TYPE,
    status: state,
    reason: faults[0]?.reason ?? 'ReceiversReady',
    message: words.slice(0, MAX_MESSAGE_LENGTH),
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    lastTransitionTime: before?.['status'] === state ? before['lastTransitionTime'] : rfc3339(now),
  };
  if (before === undefined) return [...conditions, condition];
  return conditions.map((other) => (other === before ? condition : other));
}

/** As Kubernetes writes times: to the second. */
function rfc3339(time: Date): string {
  return time.toISOString().replace(/\.\d+Z$/, 'Z');
}
