import pLimit from 'p-limit';
import { formatSubject } from '../../core/bitbucket/webhook-subject.ts';
import { formatBaseUrl } from '../../core/kargo/receiver-path.ts';
import { receiverKey } from '../../core/kargo/receiver.ts';
import type { WebhookFailure } from '../../core/registration/webhook-failure.ts';
import type { ReceiverIdentity } from '../../core/registration/webhook.ts';
import { readSecrets } from '../read-secrets.ts';
import type { ListedConfigs, ReceiverConfigs, ReceiverSecrets } from '../ports.ts';
import type { RequestPurpose } from './bitbucket-ports.ts';
import {
  collectClaims,
  type ClaimDeps,
  type DeclaredWebhooks,
  type SubjectClaims,
} from './collect-claims.ts';
import { collectFormerSubjects } from './former-subjects.ts';
import {
  reconcileSubject,
  unlisted,
  type SubjectDeps,
  type SubjectResult,
  type SubjectResults,
} from './reconcile-subject.ts';
import type { RegistrarMemory } from './registrar-memory.ts';
import { writeConditions, type ConditionDeps } from './write-conditions.ts';

/** Subjects that are reconciled concurrently: few enough for a Data Center that is sized for people. */
const CONCURRENCY = 4;

/** Timeout for Bitbucket, so that time is left to write conditions. */
const BITBUCKET_MS = 200_000;

const NO_TIME_LEFT: WebhookFailure = {
  reason: 'BitbucketUnavailable',
  message: 'no time was left in this run. The next run continues.',
};

export interface RegisterDeps extends ClaimDeps, SubjectDeps, ConditionDeps {
  readonly configs: ReceiverConfigs;
  readonly secrets: ReceiverSecrets;
  readonly memory: RegistrarMemory;
}

export interface RegisterResult {
  /** Webhooks created, updated and deleted; in a dry run, those that would have been. */
  readonly changed: number;
  /** What the platform team must correct, one line each. */
  readonly failures: readonly string[];
}

/** State of the webhooks after a run. */
export interface RegisterGauges {
  readonly registered: number;
  /** Webhooks that are not as declared although their receiver is ready. */
  readonly failing: number;
}

/**
 * Makes the webhooks in Bitbucket what the annotations of the configs declare. It is level-based and idempotent. A subject that fails does not
 * affect the others: its reason is in the condition of the configs that declare it.
 *
 * @throws {RetryableError} when the credentials, the configs or the secrets cannot be read
 */
export async function registerWebhooks(
  deps: RegisterDeps,
  signal: AbortSignal,
): Promise<{ readonly result: RegisterResult; readonly gauges: RegisterGauges }> {
  const servers = await deps.bitbucket.servers(signal);
  const listed = await deps.configs.list(signal);
  const declaring = listed.configs.filter(({ webhooks }) => webhooks !== undefined);
  const { secretOf } = await readSecrets(deps.secrets, declaring, 'store', signal);
  const declared = await collectClaims(deps, declaring, servers, secretOf, signal);
  const former = await collectFormerSubjects(deps, listed.configs, declared, servers, signal);
  const bitbucketSignal = AbortSignal.any([signal, AbortSignal.timeout(BITBUCKET_MS)]);
  const results = await reconcileSubjects(deps, listed, declared, former, bitbucketSignal);
  const conditions = await writeConditions(deps, listed.configs, declared, results, servers, signal);
  const failing = [...declared.subjects.values()].flatMap(({ subject, claims }) =>
    claims.filter(
      ({ desired, project, name }) =>
        desired !== undefined &&
        results.get(formatSubject(subject))?.failures.has(receiverKey(project, name)),
    ),
  );
  const ready = [...declared.subjects.values()].flatMap(({ claims }) =>
    claims.filter(({ desired }) => desired !== undefined),
  );
  return {
    result: {
      changed: [...results.values()].reduce((sum, { changes }) => sum + changes, 0),
      failures: conditions.failures,
    },
    gauges: { registered: ready.length - failing.length, failing: failing.length },
  };
}

/** A subject to reconcile. */
interface Task extends SubjectClaims {
  readonly purpose: RequestPurpose;
}

async function reconcileSubjects(
  deps: RegisterDeps,
  listed: ListedConfigs,
  declared: DeclaredWebhooks,
  former: readonly Task[],
  signal: AbortSignal,
): Promise<SubjectResults> {
  const { memory, log } = deps;
  const results = new Map<string, SubjectResult>();
  const isRemoved = removalCheck(listed, declared);
  const base = formatBaseUrl(deps.base);
  const reconcile = async (task: Task): Promise<void> => {
    const last = memory.lastResult(task);
    const options = { base, purpose: task.purpose, isRemoved, last, now: deps.clock() };
    const result = signal.aborted
      ? unlisted(task.claims, NO_TIME_LEFT)
      : await reconcileSubject(deps, task, options, signal);
    // A check that waits for the budget changes nothing about what was found before.
    const isPostponed = result.failure?.reason === 'BudgetUsedUp' || signal.aborted;
    const kept = isPostponed && last !== undefined && memory.isUnchanged(task) ? last : result;
    const key = formatSubject(task.subject);
    results.set(key, { ...kept, changes: result.changes });
    if (kept.failure !== undefined && kept.failure.message !== last?.failure?.message)
      log.warn('webhooks of a subject cannot be read', { subject: key, ...kept.failure });
    if (task.claims.length > 0)
      memory.remember(task, kept, isPostponed ? memory.checkedAt(task) : options.now.getTime());
    else if (isCleared(kept)) memory.forgetFormer(task.subject);
  };
  const limit = pLimit(CONCURRENCY);
  await Promise.all(orderTasks(memory, declared, former).map((task) => limit(reconcile, task)));
  return results;
}

/** Changes come first, then what was checked longest ago, then what is only searched for webhooks that are no longer declared. */
function orderTasks(memory: RegistrarMemory, declared: DeclaredWebhooks, former: readonly Task[]): Task[] {
  const claimed = [...declared.subjects.values()].map((claims): Task => ({
    ...claims,
    purpose: memory.isUnchanged(claims) ? 'check' : 'change',
  }));
  const oldest = claimed.toSorted((one, other) => memory.checkedAt(one) - memory.checkedAt(other));
  const tasks = [...oldest, ...former];
  return [
    ...tasks.filter(({ purpose }) => purpose === 'change'),
    ...tasks.filter(({ purpose }) => purpose === 'check'),
  ];
}

/** Creates the check that a receiver of this deployment, without a claim, has no webhook any more, even while some configs cannot be read. */
function removalCheck(
  { unreadable }: ListedConfigs,
  { incomplete }: DeclaredWebhooks,
): (receiver: ReceiverIdentity) => boolean {
  const unknown = new Set([...unreadable, ...incomplete].map(({ namespace }) => namespace));
  return ({ project }) => !unknown.has(project);
}

/** Returns whether a former subject has no webhook of this deployment left, or does not exist. */
function isCleared({ failure, left }: SubjectResult): boolean {
  return left === undefined && (failure === undefined || failure.reason === 'NotFound');
}
