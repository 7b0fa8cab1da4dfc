import type { StatusFacts } from '../../lib/core/kargo/receiver-readiness.ts';
import { readSecretContent, type SecretReading } from '../../lib/core/kargo/receiver-secret.ts';
import { planStatus, type StatusPlan } from '../../lib/core/kargo/receiver-status.ts';
import type {
  Condition,
  DeclaredReceiver,
  ReceiverConfig,
  StatusEntry,
} from '../../lib/core/kargo/receiver.ts';

export const SECRET = '0123456789abcdef';
export const HASH = '896aa5db688dd57ad230ec617267031156aac48b4c1d33391cff28f3aa0ab871';
export const BASE = 'https://hooks.example.com/kargo';
const now = new Date('2026-05-04T10:11:12.345Z');

export const BEFORE = '2026-05-01T00:00:00Z';

export const ours: StatusEntry = {
  name: 'bb',
  path: `/kargo/bitbucket/${HASH}`,
  url: `${BASE}/bitbucket/${HASH}`,
};
/** The entry as Kargo's own server publishes it. */
export const kargos: StatusEntry = {
  name: 'bb',
  path: `/bitbucket/${HASH}`,
  url: `https://kargo.example.com/bitbucket/${HASH}`,
};
export const ready: Condition = {
  type: 'Ready',
  status: 'False',
  reason: 'Kargo',
  message: 'its own',
  lastTransitionTime: BEFORE,
};

export const bb: DeclaredReceiver = {
  kind: 'bitbucket',
  name: 'bb',
  receiver: { project: 'demo', name: 'bb', secretName: 'bitbucket' },
};
export const found = (text: string): SecretReading => ({
  kind: 'found',
  secretId: 'kargo/demo/bitbucket',
  versions: { current: readSecretContent(text), currentSince: now },
});
export const fault = (kind: 'missing' | 'unreadable', reason = `It is ${kind}`) =>
  ({
    kind: 'fault' as const,
    secretId: 'kargo/demo/bitbucket',
    fault: kind,
    reason,
  }) satisfies SecretReading;

export const condition = (fields: Partial<Condition> = {}): Condition => ({
  type: 'BitbucketReceiversReady',
  status: 'True',
  reason: 'ReceiversReady',
  message: `1 Bitbucket receiver(s) ready at ${BASE}`,
  observedGeneration: 2,
  lastTransitionTime: '2026-05-04T10:11:12Z',
  ...fields,
});
export const notReady = (reason: string, message: string): Condition =>
  condition({ status: 'False', reason, message: `receiver "bb": ${message}` });
export const FIELD = 'spec.webhookReceivers[0].bitbucket.secretRef.name';
export const MISSING = `It is missing. Create it or correct ${FIELD}.`;

/** The ProjectConfig of project `demo`. */
export const demoConfig = (
  declared: DeclaredReceiver[],
  status: Partial<ReceiverConfig['status']> = {},
): ReceiverConfig => ({
  kind: 'ProjectConfig',
  namespace: 'demo',
  name: 'demo',
  resourceVersion: '7',
  generation: 2,
  declared,
  status: { webhookReceivers: [], conditions: [], ...status },
});

/** Facts of a ready receiver. */
export const READY_FACTS: StatusFacts = {
  secretOf: () => found(SECRET),
  unrouted: new Map(),
  wasPublishedHere: () => false,
  base: { origin: 'https://hooks.example.com', path: '/kargo' },
  graceMs: 0,
  now,
};

/** Plans the status of the ProjectConfig of project `demo`. By default, the facts are those of a ready receiver. */
export function planDemo(
  declared: DeclaredReceiver[],
  status: Partial<ReceiverConfig['status']> = {},
  facts: Partial<StatusFacts> = {},
): StatusPlan {
  return planStatus(demoConfig(declared, status), { ...READY_FACTS, ...facts });
}
