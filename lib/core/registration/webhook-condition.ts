import { parseSubject, type WebhookSubject } from '../bitbucket/webhook-subject.ts';
import { joinWithin, MAX_MESSAGE_LENGTH, withCondition } from '../kargo/condition.ts';
import type { Condition, ReceiverConfig } from '../kargo/receiver.ts';
import type { WebhookFailure } from './webhook-failure.ts';

/** The registrar's condition. It names every subject, so that webhooks are found there after the annotation has changed. */
export const WEBHOOKS_CONDITION = 'BitbucketWebhooksReady';

/** The webhook of one receiver at one subject. */
export interface WebhookState {
  /** As `formatSubject` writes it. */
  readonly subject: string;
  readonly receiver: string;
  /** Undefined where the webhook is as declared. */
  readonly failure?: WebhookFailure | undefined;
  /** Whether Data Center's connection test has passed; undefined where none was made. */
  readonly isTestPassed?: boolean | undefined;
}

/** The webhooks of one config. */
export interface ConfigWebhooks {
  readonly states: readonly WebhookState[];
  /** Failures that concern no single subject. */
  readonly failures: readonly WebhookFailure[];
}

const CONNECTION_TEST_PASSED = 'Connection test passed:';

/** Subjects of one group in a message: it leaves room for other groups. */
const MAX_GROUP_LENGTH = 8_192;

/** A subject in a message, up to the punctuation after it. */
const SUBJECT = /(?:workspace|repository|project):[^\s,)]+/g;

/**
 * Plans the conditions of a config.
 *
 * @param webhooks - undefined where the config declares none and has none left
 * @param base - public base URL of the deployment, formatted
 */
export function planWebhooksCondition(
  { status: { conditions }, generation }: ReceiverConfig,
  webhooks: ConfigWebhooks | undefined,
  base: string,
  now: Date,
): readonly Condition[] {
  if (webhooks === undefined) return conditions.filter(({ type }) => type !== WEBHOOKS_CONDITION);
  const failures = [
    ...webhooks.failures,
    ...webhooks.states.map(({ failure }) => failure).filter((failure) => failure !== undefined),
  ];
  const condition = {
    type: WEBHOOKS_CONDITION,
    status: failures.length === 0 ? ('True' as const) : ('False' as const),
    reason: failures[0]?.reason ?? 'WebhooksRegistered',
    message: describeWebhooks(webhooks, base),
  };
  return withCondition(conditions, condition, generation, now);
}

/** Finds the subjects whose connection test passed, by the condition of an earlier run. They are formatted. */
export function testedInCondition(config: ReceiverConfig): ReadonlySet<string> {
  const [, tested = ''] = messageOf(config).split(CONNECTION_TEST_PASSED);
  return new Set([...tested.matchAll(SUBJECT)].map(([text]) => withoutPunctuation(text)));
}

/** Finds the subjects that the condition of an earlier run names. */
export function subjectsInCondition(config: ReceiverConfig, servers: readonly string[]): WebhookSubject[] {
  return [...messageOf(config).matchAll(SUBJECT)]
    .map(([text]) => parseSubject(withoutPunctuation(text), servers))
    .filter((subject) => subject !== undefined);
}

/** Returns whether the condition is that of a deployment at another base. It stays, so that two deployments do not overwrite each other's. */
export function isOfAnotherBase(config: ReceiverConfig, base: string): boolean {
  const message = messageOf(config);
  return message !== '' && / at (\S+?)\.(?:\s|$)/.exec(message)?.[1] !== base;
}

function messageOf({ status: { conditions } }: ReceiverConfig): string {
  const message = conditions.find(({ type }) => type === WEBHOOKS_CONDITION)?.['message'];
  return typeof message === 'string' ? message : '';
}

function withoutPunctuation(subject: string): string {
  return subject.replace(/[.:]+$/, '');
}

function describeWebhooks({ states, failures }: ConfigWebhooks, base: string): string {
  const receivers = new Set(states.map(({ receiver }) => receiver));
  const nameOf = ({ subject, receiver }: WebhookState): string =>
    receivers.size > 1 ? `${subject} (receiver "${receiver}")` : subject;
  const list = (members: readonly WebhookState[]): string =>
    joinWithin(members.map(nameOf).toSorted(), ', ', MAX_GROUP_LENGTH);
  const registered = states.filter(({ failure }) => failure === undefined);
  const tested = registered.filter(({ isTestPassed }) => isTestPassed === true);
  const failing = Map.groupBy(
    states.filter(({ failure }) => failure !== undefined),
    ({ failure }) => failure?.message ?? '',
  );
  const count =
    registered.length === states.length ? `${states.length}` : `${registered.length} of ${states.length}`;
  const parts = [
    `${count} Bitbucket webhook(s) for the receivers at ${base}.`,
    ...failures.map(({ message }) => message),
    ...[...failing].map(([message, members]) => `${list(members)}: ${message}`),
    ...(registered.length === 0 ? [] : [`Registered: ${list(registered)}.`]),
    ...(tested.length === 0 ? [] : [`${CONNECTION_TEST_PASSED} ${list(tested)}.`]),
  ];
  return joinWithin(parts, ' ', MAX_MESSAGE_LENGTH);
}
