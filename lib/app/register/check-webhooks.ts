import pLimit from 'p-limit';
import { formatSubject } from '../../core/bitbucket/webhook-subject.ts';
import { formatBaseUrl } from '../../core/kargo/receiver-path.ts';
import type { SecretReading } from '../../core/kargo/receiver-secret.ts';
import type { Receiver, ReceiverConfig } from '../../core/kargo/receiver.ts';
import type { WebhookFailure } from '../../core/registration/webhook-failure.ts';
import { planWebhooks, type WebhookAction } from '../../core/registration/webhook-plan.ts';
import type { ReceiverIdentity } from '../../core/registration/webhook.ts';
import { RetryableError } from '../errors.ts';
import { BitbucketError, type BitbucketWebhooks } from './bitbucket-ports.ts';
import { collectClaims, type ClaimDeps, type SubjectClaims } from './collect-claims.ts';

/** Subjects that are read concurrently, as the registrar does. */
const CONCURRENCY = 4;

export interface CheckDeps extends ClaimDeps {
  /** Nothing is written. */
  readonly bitbucket: Pick<BitbucketWebhooks, 'list'>;
}

export interface CheckOptions {
  /** Servers for which there are credentials. */
  readonly servers: readonly string[];
  readonly secretOf: (receiver: Receiver) => SecretReading;
  /** Subjects that are read. Each is a request or more. */
  readonly maxSubjects: number;
}

/** What is not as declared. A subject is named as `formatSubject` does. */
export type WebhookFault =
  /** It concerns no single subject. */
  | { readonly kind: 'config'; readonly config: ReceiverConfig; readonly failure: WebhookFailure }
  /** The subject's webhooks cannot be listed. */
  | { readonly kind: 'unlisted'; readonly subject: string; readonly failure: WebhookFailure }
  /** The receiver is not ready, so that its webhook stays as it is. */
  | {
      readonly kind: 'waiting';
      readonly subject: string;
      readonly receiver: ReceiverIdentity;
      readonly failure: WebhookFailure;
    }
  | {
      readonly kind: 'drift';
      readonly subject: string;
      readonly receiver: ReceiverIdentity;
      /** What differs, in words. */
      readonly drift: readonly string[];
    };

/** The webhooks that configs declare, compared with those in Bitbucket. */
export interface CheckedWebhooks {
  readonly faults: readonly WebhookFault[];
  /** Webhooks that are declared at the subjects that were read. */
  readonly webhooks: number;
  /** Subjects that were read. */
  readonly subjects: number;
  /** Subjects that are declared. */
  readonly declared: number;
}

/**
 * Compares the webhooks in Bitbucket with what configs declare, by the rules of the registrar, and changes nothing. A subject that cannot be
 * read does not affect the others.
 *
 * @throws {RetryableError} where the signal ends it
 */
export async function checkWebhooks(
  deps: CheckDeps,
  configs: readonly ReceiverConfig[],
  { servers, secretOf, maxSubjects }: CheckOptions,
  signal: AbortSignal,
): Promise<CheckedWebhooks> {
  const declared = await collectClaims(deps, configs, servers, secretOf, signal);
  const subjects = [...declared.subjects.values()].slice(0, maxSubjects);
  const limit = pLimit(CONCURRENCY);
  const found = await Promise.all(subjects.map((claims) => limit(checkSubject, deps, claims, signal)));
  const ofConfigs = [...declared.failuresOf].flatMap(([config, failures]) =>
    failures.map((failure): WebhookFault => ({ kind: 'config', config, failure })),
  );
  return {
    faults: [...ofConfigs, ...found.flat()],
    webhooks: subjects.reduce((sum, { claims }) => sum + claims.length, 0),
    subjects: subjects.length,
    declared: declared.subjects.size,
  };
}

async function checkSubject(
  { bitbucket, base }: CheckDeps,
  { subject: place, claims }: SubjectClaims,
  signal: AbortSignal,
): Promise<WebhookFault[]> {
  const subject = formatSubject(place);
  const webhooks = await bitbucket.list(place, 'check', signal).catch((error: unknown) => {
    // Without this, a subject that was not waited for would count as one that Bitbucket does not answer for.
    if (signal.aborted) throw new RetryableError('Bitbucket did not answer in time', { cause: error });
    if (error instanceof BitbucketError) return error;
    throw error;
  });
  if (webhooks instanceof BitbucketError) return [{ kind: 'unlisted', subject, failure: webhooks.failure }];
  // A webhook of another receiver is not looked at.
  const actions = planWebhooks(webhooks, formatBaseUrl(base), claims, () => false);
  return claims.flatMap(({ project, name, waiting }): WebhookFault[] => {
    const receiver = { project, name };
    if (waiting !== undefined) return [{ kind: 'waiting', subject, receiver, failure: waiting }];
    const own = actions.filter(
      (action) => action.receiver.project === project && action.receiver.name === name,
    );
    const drift = own.flatMap(driftOf);
    return drift.length === 0 ? [] : [{ kind: 'drift', subject, receiver, drift }];
  });
}

function driftOf(action: WebhookAction): readonly string[] {
  switch (action.kind) {
    case 'keep':
      return [];
    case 'create':
      return ['missing'];
    case 'update':
      return action.drift;
    case 'delete':
      return [action.why];
    default:
      return action satisfies never;
  }
}
