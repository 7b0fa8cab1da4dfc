import { formatSubject } from '../../core/bitbucket/webhook-subject.ts';
import { receiverKey } from '../../core/kargo/receiver.ts';
import type { WebhookFailure } from '../../core/registration/webhook-failure.ts';
import { planWebhooks, type WebhookAction } from '../../core/registration/webhook-plan.ts';
import type { ReceiverIdentity } from '../../core/registration/webhook.ts';
import type { Log } from '../ports.ts';
import { BitbucketError, type BitbucketWebhooks, type RequestPurpose } from './bitbucket-ports.ts';
import type { SubjectClaims } from './collect-claims.ts';

export interface SubjectDeps {
  readonly bitbucket: BitbucketWebhooks;
  /** Nothing is written, only logged. */
  readonly dryRun: boolean;
  readonly log: Log;
}

/** The subject's webhooks after a run. Receivers are named as `receiverKey` does. */
export interface SubjectResult {
  /** Why the webhooks cannot be listed. */
  readonly failure?: WebhookFailure;
  /** By receiver: why its webhook is not as declared. */
  readonly failures: ReadonlyMap<string, WebhookFailure>;
  /** By receiver: when the connection test of its webhook passed. */
  readonly testedAt: ReadonlyMap<string, Date>;
  /** Webhooks created, updated and deleted; in a dry run, those that would have been. */
  readonly changes: number;
  /** Why a webhook of a receiver that is not declared here is left. */
  readonly left?: WebhookFailure;
}

/** Results by subject, formatted. */
export type SubjectResults = ReadonlyMap<string, SubjectResult>;

export interface SubjectOptions {
  /** Public base URL of the deployment, formatted. */
  readonly base: string;
  readonly purpose: RequestPurpose;
  readonly isRemoved: (receiver: ReceiverIdentity) => boolean;
  /** The result of the last run in this process. */
  readonly last: SubjectResult | undefined;
  readonly now: Date;
}

/** Makes the webhooks of one subject what is claimed for it. A webhook that cannot be written does not affect the others. */
export async function reconcileSubject(
  deps: SubjectDeps,
  { subject, claims }: SubjectClaims,
  { base, purpose, isRemoved, last, now }: SubjectOptions,
  signal: AbortSignal,
): Promise<SubjectResult> {
  const { bitbucket, dryRun, log } = deps;
  const webhooks = await bitbucket.list(subject, purpose, signal).catch((error: unknown) => {
    if (error instanceof BitbucketError) return error;
    throw error;
  });
  if (webhooks instanceof BitbucketError) return unlisted(claims, webhooks.failure);
  const failures = new Map<string, WebhookFailure>();
  const testedAt = new Map<string, Date>();
  let changes = 0;
  let left: WebhookFailure | undefined;

  const test = async (key: string, url: string): Promise<void> => {
    const result = await bitbucket.testConnection(subject, url, signal);
    if (result === undefined) return;
    if (result.isPassed) testedAt.set(key, now);
    else failures.set(key, connectionTestFailure(result.status));
  };
  const perform = async (action: Exclude<WebhookAction, { kind: 'keep' }>, key: string): Promise<void> => {
    switch (action.kind) {
      case 'create':
        await bitbucket.create(subject, action.desired, signal);
        return test(key, action.desired.url);
      case 'update':
        await bitbucket.update(subject, action.id, action.desired, signal);
        return test(key, action.desired.url);
      case 'delete':
        return bitbucket.delete(subject, action.id, signal);
      default:
        action satisfies never;
    }
  };
  const check = async (id: string, key: string, url: string): Promise<void> => {
    const known = last?.failures.get(key);
    // The webhook is as declared. What the last run knew of it stays where Bitbucket does not answer.
    const keepKnown = (error: unknown): undefined => {
      if (!(error instanceof BitbucketError)) throw error;
      if (known !== undefined) failures.set(key, known);
    };
    const before = last?.testedAt.get(key);
    if (before !== undefined) testedAt.set(key, before);
    if (known?.reason === 'ConnectionTestFailed' && !dryRun) await test(key, url).catch(keepKnown);
    if (failures.has(key)) return;
    const tested = testedAt.get(key);
    const failed = await bitbucket.deliveryFailure(subject, id, signal).catch(keepKnown);
    if (failed !== undefined && (tested === undefined || failed.at > tested))
      failures.set(key, deliveryFailure(failed.status));
  };
  for (const action of planWebhooks(webhooks, base, claims, isRemoved)) {
    const { project, name } = action.receiver;
    const key = receiverKey(project, name);
    try {
      if (action.kind === 'keep') {
        await check(action.id, key, action.desired.url);
        continue;
      }
      changes += 1;
      if (!dryRun) await perform(action, key);
      log.info(dryRun ? `dry run: webhook not ${PAST[action.kind]}` : `webhook ${PAST[action.kind]}`, {
        subject: formatSubject(subject),
        receiver: key,
        ...('drift' in action && { drift: action.drift }),
        ...('why' in action && { why: action.why }),
      });
    } catch (error) {
      if (!(error instanceof BitbucketError)) throw error;
      if (action.kind === 'delete') left = error.failure;
      else failures.set(key, error.failure);
    }
  }
  return { failures, testedAt, changes, ...(left !== undefined && { left }) };
}

/** Returns the result for a subject whose webhooks are not known. */
export function unlisted(claims: SubjectClaims['claims'], failure: WebhookFailure): SubjectResult {
  const failures = new Map(claims.map(({ project, name }) => [receiverKey(project, name), failure]));
  return { failure, failures, testedAt: new Map(), changes: 0 };
}

const PAST = { create: 'created', update: 'updated', delete: 'deleted' } as const;

function connectionTestFailure(status: number | undefined): WebhookFailure {
  const got = status === undefined ? 'got no answer' : `got HTTP ${status}`;
  return {
    reason: 'ConnectionTestFailed',
    message: `the webhook is registered, and the connection test of Data Center ${got}. Check that Data Center reaches the receiver's URL.`,
  };
}

function deliveryFailure(status: number | undefined): WebhookFailure {
  const got = status === undefined ? 'got no answer' : `was answered HTTP ${status}`;
  return {
    reason: 'DeliveriesFail',
    message:
      `the webhook is registered, and its last delivery ${got}. After repeated failures Data Center sends none for up to 10 hours. ` +
      'Correct the cause, then use Test connection in the settings of the webhook.',
  };
}
