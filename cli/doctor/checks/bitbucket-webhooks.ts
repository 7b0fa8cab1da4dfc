import { RetryableError } from '../../../lib/app/errors.ts';
import { checkWebhooks, type WebhookFault } from '../../../lib/app/register/check-webhooks.ts';
import { WEBHOOKS_ANNOTATION, type Receiver, type ReceiverConfig } from '../../../lib/core/kargo/receiver.ts';
import type { WebhookFailureReason } from '../../../lib/core/registration/webhook-failure.ts';
import { failed, skipped, toResult, type Check, type Problem } from '../check.ts';
import { nameOf, type KnownReceiver } from '../installation.ts';

/** Bitbucket Cloud allows 1,000 requests in an hour, of which the registrar sends up to 800. */
const MAX_SUBJECTS = 100;

const WAIT = 'Wait; or name a workspace or project, which is one subject for all repositories.';

const ADVICE: Readonly<Partial<Record<WebhookFailureReason, string>>> = {
  AnnotationInvalid: `Correct the annotation ${WEBHOOKS_ANNOTATION}.`,
  ClusterUnavailable: 'Check that these credentials may list Warehouses and Stages.',
  CredentialMissing: 'Add one to the secret that BITBUCKET_CREDENTIALS_SECRET_ID names.',
  TokenRejected: 'Replace it in the secret that BITBUCKET_CREDENTIALS_SECRET_ID names.',
  PermissionMissing: 'Grant it in Bitbucket, or add another credential.',
  NotFound: 'Correct the address, or grant the token access.',
  Throttled: WAIT,
  BudgetUsedUp: WAIT,
  BitbucketUnavailable:
    'Check that Bitbucket can be reached from here. The functions have a network of their own.',
  Unsupported: 'Name repositories in the annotation.',
  ReceiverNotReady: 'See the rows secrets, status URLs and other deployments.',
};

/** Each webhook in Bitbucket is as its receiver's config declares it. They are read with the registrar's credentials, and never changed. */
export const bitbucketWebhooksCheck: Check = {
  name: 'bitbucket webhooks',
  async run(installation, signal) {
    const bitbucket = await installation.bitbucket(signal);
    if (bitbucket === undefined)
      return skipped('this deployment has no credentials for Bitbucket: webhooks are made by hand');
    const receivers = (await installation.receivers(signal)).filter(
      ({ config }) => config.webhooks !== undefined,
    );
    if (receivers.length === 0)
      return skipped(`no config of these receivers has the annotation ${WEBHOOKS_ANNOTATION}`);
    const servers = await bitbucket.servers(signal).catch((error: unknown) => {
      if (error instanceof RetryableError) return error;
      throw error;
    });
    if (servers instanceof RetryableError) {
      const advice =
        'Correct the secret that BITBUCKET_CREDENTIALS_SECRET_ID names. If these credentials may not read it, choose others.';
      return failed(servers.message, advice);
    }
    const { base, graceMs } = await installation.settings(signal);
    const objects = await installation.kargo(signal);
    const { faults, webhooks, subjects, declared } = await checkWebhooks(
      { bitbucket, objects, base, graceMs, clock: () => new Date() },
      configsOf(receivers),
      { servers, secretOf: readingsOf(receivers), maxSubjects: MAX_SUBJECTS },
      signal,
    );
    const more = declared > subjects ? ` of ${declared}` : '';
    return toResult(faults.map(toProblem), `${webhooks} webhooks at ${subjects}${more} subjects as declared`);
  },
};

/** Returns the configs of these receivers, each with no other receiver. */
function configsOf(receivers: readonly KnownReceiver[]): ReceiverConfig[] {
  return [...Map.groupBy(receivers, ({ config }) => config)].map(([config, known]) => {
    const names = new Set(known.map(({ receiver }) => receiver.name));
    return { ...config, declared: config.declared.filter(({ name }) => names.has(name)) };
  });
}

function readingsOf(receivers: readonly KnownReceiver[]): (receiver: Receiver) => KnownReceiver['reading'] {
  const readings = new Map(receivers.map(({ receiver, reading }) => [receiver, reading]));
  return (receiver) => {
    const reading = readings.get(receiver);
    if (reading === undefined) throw new Error(`the secret of ${nameOf(receiver)} was not read`);
    return reading;
  };
}

function toProblem(fault: WebhookFault): Problem {
  switch (fault.kind) {
    case 'config': {
      const { namespace, name } = fault.config;
      return problemOf(nameOf({ project: namespace, name }), fault.failure);
    }
    case 'unlisted':
    case 'waiting':
      return problemOf(fault.subject, fault.failure);
    case 'drift': {
      const fact = `${fault.subject}: the webhook of ${nameOf(fault.receiver)} is not as declared: ${fault.drift.join(', ')}`;
      const advice =
        'The registrar repairs it within five minutes. If it stays: see its row, its alarms and its log.';
      return { fact, advice };
    }
    default:
      return fault satisfies never;
  }
}

function problemOf(
  about: string,
  { reason, message }: { readonly reason: WebhookFailureReason; readonly message: string },
): Problem {
  const advice = ADVICE[reason] ?? `docs/bitbucket-webhooks.md says what to do about ${reason}.`;
  return { fact: `${about}: ${message}`, advice };
}
