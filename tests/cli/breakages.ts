import { jest } from '@jest/globals';
import { RetryableError } from '../../lib/app/errors.ts';
import { passSeconds, stopClock } from '../support/clock.ts';
import { bitbucket, projectConfig } from '../support/kargo-objects.ts';
import { alarm, SECRET, SECRET_NAME, type DoctorWorld } from './doctor-world.ts';

const config = projectConfig('demo', [bitbucket('bb')]);
/** A way in which a deployment can be broken, and repaired as doctor advises. */
export interface Breakage {
  readonly what: string;
  readonly breakIt: (world: DoctorWorld) => unknown;
  /** The row that is wrong. */
  readonly check: string;
  readonly fact: string | RegExp;
  readonly advice: string | RegExp;
  /** Follows the advice. */
  readonly followAdvice: (world: DoctorWorld) => unknown;
}

const published = (base: string): object => {
  const path = `/bitbucket/${'0'.repeat(64)}`;
  return { name: 'bb', path, url: `${base}${path}` };
};
const webhooksReady = (status: 'True' | 'False'): object => ({
  type: 'BitbucketWebhooksReady',
  status,
  reason: 'Registered',
  message: 'acme/shop: the token may not change webhooks',
  lastTransitionTime: '2026-05-04T10:11:12Z',
});

/** Everything but the cluster and what is installed in it. */
export const BREAKAGES: readonly Breakage[] = [
  {
    what: 'a name that no stack has',
    breakIt: (world) => (world.environments = {}),
    check: 'settings',
    fact: 'there is no function kargo-receiver',
    advice: 'Correct --stack, or choose account and region: AWS_PROFILE, AWS_REGION.',
    followAdvice: (world) => world.restoreEnvironments(),
  },
  {
    what: 'credentials that may not read the functions',
    breakIt: (world) => {
      const error = new RetryableError('Lambda cannot be read', { detail: 'AccessDeniedException' });
      jest.spyOn(world, 'environmentOf').mockRejectedValue(error);
    },
    check: 'settings',
    fact: 'Lambda cannot be read: AccessDeniedException',
    advice: 'Choose credentials that may read the functions, and their region: AWS_PROFILE, AWS_REGION.',
    followAdvice: () => jest.restoreAllMocks(),
  },
  {
    what: 'a setting that is not valid',
    breakIt: (world) => world.setAll('ROTATION_GRACE_HOURS', 'week'),
    check: 'settings',
    fact: 'receiver, reconciler: invalid settings: ROTATION_GRACE_HOURS must be a number of hours, 0 or more',
    advice: 'Correct what is named and deploy.',
    followAdvice: (world) => world.setAll('ROTATION_GRACE_HOURS', '168'),
  },
  {
    what: 'a dry run that was forgotten',
    breakIt: (world) =>
      (world.environments.reconciler = { ...world.environments.reconciler, DRY_RUN: 'true' }),
    check: 'settings',
    fact: 'reconciler: DRY_RUN is true, so that nothing is published',
    advice: 'Set DRY_RUN=false and deploy.',
    followAdvice: (world) => world.restoreEnvironments(),
  },
  {
    what: 'a receiver over the limit of its project',
    breakIt: async (world) => {
      world.setAll('MAX_RECEIVERS_PER_PROJECT', '1');
      await world.testbed.objects.patch(config, {
        spec: { webhookReceivers: [bitbucket('bb'), bitbucket('second')] },
      });
    },
    check: 'receivers',
    fact: 'demo/second is over the limit of receivers and is not served',
    advice: 'Delete receivers of the project, or raise MAX_RECEIVERS_PER_PROJECT and deploy.',
    followAdvice: (world) => world.testbed.objects.patch(config, { spec: config.spec }),
  },
  {
    what: 'a secret that was deleted',
    breakIt: (world) => world.testbed.secrets.delete(SECRET_NAME),
    check: 'secrets',
    fact: `demo/bb: Secret "${SECRET_NAME}" not found in Secrets Manager`,
    advice: "Create it, or correct the name in the receiver's bitbucket.secretRef.",
    followAdvice: (world) => world.testbed.secrets.create(SECRET_NAME, SECRET),
  },
  {
    what: 'a weak secret',
    breakIt: (world) => world.replaceSecret('s3cret'),
    check: 'secrets',
    fact: `demo/bb: Secret "${SECRET_NAME}" has 6 bytes, fewer than 16`,
    advice: 'Replace it with a random one of at least 32 characters.',
    followAdvice: (world) => world.replaceSecret(SECRET),
  },
  {
    what: 'a status that was blanked',
    breakIt: (world) => world.testbed.objects.patchStatus(config, { webhookReceivers: [] }),
    check: 'status URLs',
    fact: 'demo/bb has no URL',
    advice: 'The reconciler should have written it within a minute: see its alarms and its log.',
    followAdvice: (world) => world.testbed.reconcile(),
  },
  {
    what: 'a missing route',
    breakIt: (world) => world.gateway.routes.splice(0),
    check: 'routes',
    fact: 'demo/bb has no route',
    advice: /^The reconciler adds it within a minute\./,
    followAdvice: (world) => world.testbed.reconcile(),
  },
  {
    what: 'a lookup index of long ago',
    breakIt: () => {
      stopClock(new Date().toISOString());
      passSeconds(600);
    },
    check: 'lookup index',
    fact: /^ConfigMap kargo-front-door\/index-[0-9a-f]{8} is of \d{4}-.*Z$/,
    advice: 'The reconciler writes it every minute: see its alarms and its log.',
    followAdvice: (world) => world.testbed.reconcile(),
  },
  {
    what: 'an active alarm',
    breakIt: (world) => (world.activeAlarms = [alarm('server-errors', true)]),
    check: 'alarms',
    fact: 'server-errors: server-errors has started',
    advice: 'docs/operations.md says what to do about server-errors.',
    followAdvice: (world) => (world.activeAlarms = [alarm('server-errors', false)]),
  },
  {
    what: 'alarms of which nobody is notified',
    breakIt: (world) => (world.activeAlarms = [alarm('server-errors', false, false)]),
    check: 'alarms',
    fact: 'no alarm has an action, so that nobody is notified',
    advice: 'Set ALARM_TOPIC_ARN and deploy.',
    followAdvice: (world) => (world.activeAlarms = [alarm('server-errors', false)]),
  },
  {
    what: 'deliveries that were given up',
    breakIt: (world) => (world.queueState = { waiting: 3, deadLetters: 2 }),
    check: 'queue',
    fact: '2 message(s) in the dead-letter queue',
    advice: 'npm run redrive -- --stack kargo shows why, and sends them back.',
    followAdvice: (world) => (world.queueState = { waiting: 5, deadLetters: 0 }),
  },
  {
    what: 'a queue without a dead-letter queue',
    breakIt: (world) => (world.queueState = { waiting: 0, deadLetters: undefined }),
    check: 'queue',
    fact: 'the retry queue has no dead-letter queue, so that messages are lost',
    advice: 'Deploy again: the stack has one.',
    followAdvice: (world) => (world.queueState = { waiting: 0, deadLetters: 0 }),
  },
  {
    what: 'a webhook that cannot be registered',
    breakIt: (world) => world.testbed.objects.patchStatus(config, { conditions: [webhooksReady('False')] }),
    check: 'registrar',
    fact: 'demo/demo: acme/shop: the token may not change webhooks',
    advice: 'Do what the condition says. The registrar checks again within five minutes.',
    followAdvice: (world) =>
      world.testbed.objects.patchStatus(config, { conditions: [webhooksReady('True')] }),
  },
  {
    what: 'another server that publishes the receiver',
    breakIt: (world) =>
      world.testbed.objects.patchStatus(config, {
        webhookReceivers: [published('https://kargo.example.com')],
      }),
    check: 'other deployments',
    fact: 'demo/bb is published at https://kargo.example.com',
    advice: /^Let only one serve the project: PROJECTS/,
    followAdvice: (world) => world.testbed.reconcile(),
  },
  {
    what: 'a previous secret that is still used',
    breakIt: async (world) => {
      await world.replaceSecret(`another-${SECRET}`);
      world.logLines = ['{}', '{}'];
    },
    check: 'previous secrets',
    fact: /^demo\/bb: 2 deliveries used the previous secret since \d{4}-.*Z$/,
    advice: /^Enter the current URL and secret in the webhooks before \d{4}-.*Z\. /,
    followAdvice: (world) => (world.logLines = []),
  },
  {
    what: 'a secret of a receiver that is gone',
    breakIt: (world) => (world.otherSecrets = ['kargo/demo/gone']),
    check: 'leftovers',
    fact: 'Secret "kargo/demo/gone" belongs to no receiver of this deployment',
    advice: 'If nothing else uses it: aws secretsmanager delete-secret --secret-id kargo/demo/gone',
    followAdvice: (world) => (world.otherSecrets = []),
  },
  {
    what: 'a firewall before the public URL',
    breakIt: (world) => (world.publicAnswer = { status: 403, text: '{"message":"Forbidden"}' }),
    check: 'delivery',
    fact: /^demo\/bb: 403 \{"message":"Forbidden"\} from http:\/\/127\.0\.0\.1:\d+\/bitbucket\/[0-9a-f]{64}$/,
    advice: 'Something before the API refuses it, such as a WAF. Exempt POST on /bitbucket/.',
    followAdvice: (world) => (world.publicAnswer = undefined),
  },
  {
    what: 'a domain that leads elsewhere',
    breakIt: (world) => (world.publicAnswer = { status: 200, text: '<html>' }),
    check: 'delivery',
    fact: /^demo\/bb: 200 <html> from /,
    advice: 'Something else than the receiver answers. Check the DNS record.',
    followAdvice: (world) => (world.publicAnswer = undefined),
  },
];
