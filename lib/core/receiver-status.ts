import { isDeepStrictEqual } from 'node:util';
import type { Condition, DeclaredReceiver, Receiver, ReceiverConfig, StatusEntry } from './receiver.ts';
import { hashInPath, receiverAddress, receiverHash, type BaseUrl } from './receiver-path.ts';
import type { SecretVersions } from './receiver-secret.ts';

/** What the store said of a receiver's secret. `reason` is in words and names the secret. */
export type SecretReading =
  | { readonly kind: 'found'; readonly versions: SecretVersions }
  | { readonly kind: 'fault'; readonly fault: 'missing' | 'unreadable'; readonly reason: string };

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
export const CONDITION_TYPE = 'BitbucketReceiversReady';

/** Kubernetes' limit for a condition's message. */
const MAX_MESSAGE_LENGTH = 32_768;

const REASONS = {
  missing: 'SecretMissing',
  unreadable: 'SecretUnreadable',
  empty: 'SecretEmpty',
  malformed: 'SecretMalformed',
  invalid: 'ReceiverInvalid',
} as const;

type Readiness =
  | { readonly kind: 'ready'; readonly entry: StatusEntry }
  /** `keeps` is set where nothing is known against the entry that stands there already. */
  | {
      readonly kind: 'not-ready';
      readonly name: string;
      readonly fault: keyof typeof REASONS;
      readonly reason: string;
      readonly keeps: boolean;
    };

/**
 * Gives what the status of a ProjectConfig or ClusterConfig should be: the entries of Bitbucket receivers in the order of the spec, as
 * Kargo's own controller writes them, other kinds' entries as they are, none for a receiver that is gone or whose secret is
 * missing, empty or malformed, and our condition. `secretOf` gives what the store said of a receiver's secret.
 */
export function planStatus(
  config: ReceiverConfig,
  secretOf: (receiver: Receiver) => SecretReading,
  base: BaseUrl,
  now: Date,
): StatusPlan {
  const current = config.status.webhookReceivers;
  const ours = new Map<string, Readiness>();
  for (const declared of config.declared) {
    if (declared.kind !== 'other') ours.set(declared.name, readiness(declared, secretOf, base));
  }
  const standing = (name: string): StatusEntry[] => current.filter((entry) => entry.name === name);
  const foreign = current.filter((entry) => !ours.has(entry.name) && hashInPath(entry.path) === undefined);
  const inOrder = config.declared.flatMap(({ name }) => {
    const own = ours.get(name);
    if (own === undefined) return foreign.filter((entry) => entry.name === name);
    if (own.kind === 'ready') return [own.entry];
    return own.keeps ? standing(name) : [];
  });
  const webhookReceivers = [...new Set([...inOrder, ...foreign])];
  const notReady = [...ours.values()].filter((state) => state.kind === 'not-ready');
  const faults = notReady.map(({ name, reason }) => `receiver "${name}": ${reason}`);
  const conditions = planConditions(config, ours.size, notReady[0]?.fault, faults, now);
  const changed =
    !isDeepStrictEqual(webhookReceivers, current) || !isDeepStrictEqual(conditions, config.status.conditions);
  return { changed, webhookReceivers, conditions, faults };
}

function readiness(
  declared: Exclude<DeclaredReceiver, { kind: 'other' }>,
  secretOf: (receiver: Receiver) => SecretReading,
  base: BaseUrl,
): Readiness {
  const { name } = declared;
  if (declared.kind === 'unusable')
    return { kind: 'not-ready', name, fault: 'invalid', reason: declared.reason, keeps: false };
  const reading = secretOf(declared.receiver);
  if (reading.kind === 'fault') {
    return {
      kind: 'not-ready',
      name,
      fault: reading.fault,
      reason: reading.reason,
      keeps: reading.fault === 'unreadable',
    };
  }
  const { current } = reading.versions;
  if (current.kind === 'unusable') {
    return {
      kind: 'not-ready',
      name,
      fault: current.fault,
      reason: `its secret cannot be used: ${current.reason}`,
      keeps: false,
    };
  }
  const { path, url } = receiverAddress(base, receiverHash(declared.receiver.project, name, current.value));
  return { kind: 'ready', entry: { name, path, url } };
}

function planConditions(
  config: ReceiverConfig,
  receivers: number,
  fault: keyof typeof REASONS | undefined,
  faults: readonly string[],
  now: Date,
): readonly Condition[] {
  const { conditions } = config.status;
  const before = conditions.find(({ type }) => type === CONDITION_TYPE);
  if (receivers === 0)
    return before === undefined ? conditions : conditions.filter((condition) => condition !== before);
  const status = fault === undefined ? 'True' : 'False';
  const condition = {
    type: CONDITION_TYPE,
    status,
    reason: fault === undefined ? 'ReceiversReady' : REASONS[fault],
    message: (faults.join('; ') || `${receivers} Bitbucket receiver(s) ready`).slice(0, MAX_MESSAGE_LENGTH),
    ...(config.generation === undefined ? {} : { observedGeneration: config.generation }),
    lastTransitionTime:
      before?.['status'] === status
        ? before['lastTransitionTime']
        : now.toISOString().replace(/\.\d+Z$/, 'Z'),
  };
  if (before === undefined) return [...conditions, condition];
  return conditions.map((other) => (other === before ? condition : other));
}
