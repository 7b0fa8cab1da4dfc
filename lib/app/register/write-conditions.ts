import { isDeepStrictEqual } from 'node:util';
import { formatSubject } from '../../core/bitbucket/webhook-subject.ts';
import { formatBaseUrl, type BaseUrl } from '../../core/kargo/receiver-path.ts';
import { describeConfig, receiverKey, type ReceiverConfig } from '../../core/kargo/receiver.ts';
import {
  isOfAnotherBase,
  planWebhooksCondition,
  subjectsInCondition,
  testedInCondition,
  type ConfigWebhooks,
  type WebhookState,
} from '../../core/registration/webhook-condition.ts';
import { isProjectsFault } from '../errors.ts';
import type { Clock, ConfigStatuses, Log } from '../ports.ts';
import type { DeclaredWebhooks } from './collect-claims.ts';
import type { SubjectResults } from './reconcile-subject.ts';

/** Conflicts with other writers after which a condition is left to the next run. */
const MAX_CONFLICTS = 3;

export interface ConditionDeps {
  readonly statuses: ConfigStatuses;
  readonly base: BaseUrl;
  /** Nothing is written, only logged. */
  readonly dryRun: boolean;
  readonly clock: Clock;
  readonly log: Log;
}

/** Writes the conditions that differ. One that cannot be written does not affect the others; it is a failure of the run. */
export async function writeConditions(
  deps: ConditionDeps,
  configs: readonly ReceiverConfig[],
  declared: DeclaredWebhooks,
  results: SubjectResults,
  servers: readonly string[],
  signal: AbortSignal,
): Promise<{ readonly failures: readonly string[] }> {
  const base = formatBaseUrl(deps.base);
  const failures: string[] = [];
  for (const config of configs) {
    const webhooks = stateOf(config, declared, results, servers, base);
    if (webhooks === 'another') continue;
    try {
      await writeCondition(deps, config, webhooks, signal);
    } catch (error) {
      if (!isProjectsFault(error, config))
        failures.push(`${describeConfig(config)}: its condition could not be written`);
      deps.log.error('condition could not be written', { config: describeConfig(config), error });
    }
  }
  return { failures };
}

/**
 * Collects the webhooks of one config.
 *
 * @returns undefined where it declares none and has none left; `another` where the condition is another deployment's to write
 */
function stateOf(
  config: ReceiverConfig,
  declared: DeclaredWebhooks,
  results: SubjectResults,
  servers: readonly string[],
  base: string,
): ConfigWebhooks | undefined | 'another' {
  const own = [...declared.subjects.values()].flatMap(({ subject, claims }) =>
    claims
      .filter((claim) => claim.config === config)
      .map((claim) => ({ subject: formatSubject(subject), claim })),
  );
  const isAnothers = isOfAnotherBase(config, base);
  if (isAnothers && own.every(({ claim }) => claim.desired === undefined)) return 'another';
  const tested = testedInCondition(config);
  const states = own.map(({ subject, claim }): WebhookState => {
    const { name, project, waiting } = claim;
    const result = results.get(subject);
    const key = receiverKey(project, name);
    const failure = waiting ?? result?.failures.get(key);
    return {
      subject,
      receiver: name,
      failure,
      isTestPassed: result?.testedAt.has(key) || tested.has(subject),
    };
  });
  const former = isAnothers ? [] : subjectsInCondition(config, servers).map(formatSubject);
  for (const subject of new Set(former)) {
    const { failure, left } = (declared.subjects.has(subject) ? undefined : results.get(subject)) ?? {};
    const remaining = left ?? (failure?.reason === 'NotFound' ? undefined : failure);
    if (remaining !== undefined) {
      const message = `not declared, and its webhook is not removed: ${remaining.message}`;
      states.push({ subject, receiver: '', failure: { ...remaining, message } });
    }
  }
  const failures = declared.failuresOf.get(config) ?? [];
  return config.webhooks === undefined && states.length === 0 ? undefined : { states, failures };
}

async function writeCondition(
  { statuses, base, dryRun, clock, log }: ConditionDeps,
  listed: ReceiverConfig,
  webhooks: ConfigWebhooks | undefined,
  signal: AbortSignal,
): Promise<void> {
  let config: ReceiverConfig | undefined = listed;
  for (let conflicts = 0; conflicts <= MAX_CONFLICTS && config !== undefined; conflicts += 1) {
    const conditions = planWebhooksCondition(config, webhooks, formatBaseUrl(base), clock());
    if (isDeepStrictEqual(conditions, config.status.conditions)) return;
    if (dryRun) {
      log.info('dry run: condition not written', { config: describeConfig(config) });
      return;
    }
    const result = await statuses.write(config, { conditions }, signal);
    if (result !== 'conflict') return;
    config = await statuses.read(config, signal);
  }
  if (config !== undefined)
    throw new Error(`conflict: other writers changed it ${MAX_CONFLICTS + 1} times in a row`);
}
