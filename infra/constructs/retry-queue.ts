import {
  aws_iam as iam,
  aws_kms as kms,
  aws_lambda as lambda,
  aws_sqs as sqs,
  Duration,
  Validations,
} from 'aws-cdk-lib';
import { Construct } from 'constructs';
import type { DeploymentSettings } from '../deployment-settings.ts';
import { FUNCTIONS } from '../../lib/functions.ts';

/**
 * Time after which a message is received again where the function that received it was killed: six times the function's timeout, as
 * AWS advises.
 */
const VISIBILITY_TIMEOUT_SECONDS = 6 * FUNCTIONS.redelivery.timeoutSeconds;

/** The maximum of SQS: what is in the dead-letter queue waits for a person. */
const RETENTION_DAYS = 14;

/** Attempts in an hour: one in 2.5 minutes on average (lib/app/redelivery/backoff.ts), and half as many again. */
const MAX_ATTEMPTS_PER_HOUR = 36;

/** The attempts of the first minutes follow each other more closely. */
const FIRST_ATTEMPTS = 20;

/** The maximum of SQS. */
const MAX_RECEIVE_COUNT = 1_000;

/** The minimum of Lambda, and enough for the cluster API. */
const MIN_POLLER_CONCURRENCY = 2;

/** The queue of events that the receiver could not finish, and the dead-letter queue behind it. */
export class RetryQueue extends Construct {
  readonly queue: sqs.IQueue;
  readonly deadLetterQueue: sqs.IQueue;
  readonly #concurrency: number;

  constructor(scope: Construct, deploymentName: string, settings: DeploymentSettings) {
    super(scope, 'RetryQueue');
    const { QUEUE_KEY_ARN: keyArn, RETRY_MAX_AGE_HOURS: maxAgeHours } = settings;
    this.#concurrency = settings.REDELIVERY_CONCURRENCY;
    const common: sqs.QueueProps = {
      retentionPeriod: Duration.days(RETENTION_DAYS),
      ...(keyArn === undefined
        ? { encryption: sqs.QueueEncryption.SQS_MANAGED }
        : { encryptionMasterKey: kms.Key.fromKeyArn(this, 'Key', keyArn) }),
    };
    const deadLetterQueue = new sqs.Queue(this, 'DeadLetters', {
      ...common,
      queueName: `${deploymentName}-retries-dead`,
    });
    this.deadLetterQueue = deadLetterQueue;
    this.queue = new sqs.Queue(this, 'Queue', {
      ...common,
      queueName: `${deploymentName}-retries`,
      visibilityTimeout: Duration.seconds(VISIBILITY_TIMEOUT_SECONDS),
      deadLetterQueue: { queue: deadLetterQueue, maxReceiveCount: maxReceiveCount(Number(maxAgeHours)) },
    });
    const reason =
      'The two functions reach SQS over TLS only, and their policies allow no other role anything.';
    for (const queue of [this.queue, deadLetterQueue])
      Validations.of(queue).acknowledge({ id: 'AwsSolutions-SQS4', reason });
  }

  /** Names the functions' roles in the policies of the queues: no other role has rights there. */
  allow(receiver: lambda.IFunction, redelivery: lambda.IFunction): void {
    const statement = (
      sid: string,
      actions: string[],
      { role }: lambda.IFunction,
      { queueArn }: sqs.IQueue,
    ) =>
      new iam.PolicyStatement({
        sid,
        actions,
        principals: role === undefined ? [] : [new iam.ArnPrincipal(role.roleArn)],
        resources: [queueArn],
      });
    const { queue, deadLetterQueue } = this;
    const send = ['sqs:SendMessage'];
    queue.addToResourcePolicy(statement('ReceiverQueues', send, receiver, queue));
    const redeliver = [...RECEIVING_ACTIONS, ...send];
    queue.addToResourcePolicy(statement('RedeliveryReceives', redeliver, redelivery, queue));
    deadLetterQueue.addToResourcePolicy(statement('RedeliveryBuries', send, redelivery, deadLetterQueue));
  }

  /** Invokes the function with messages of the queue. */
  connect(redelivery: lambda.IFunction, batchSize: number): void {
    new lambda.EventSourceMapping(this, 'Messages', {
      target: redelivery,
      eventSourceArn: this.queue.queueArn,
      batchSize,
      reportBatchItemFailures: true,
      maxConcurrency: Math.max(MIN_POLLER_CONCURRENCY, this.#concurrency),
    });
  }
}

/** What Lambda and the function do with received messages. */
export const RECEIVING_ACTIONS = [
  'sqs:ReceiveMessage',
  'sqs:DeleteMessage',
  'sqs:ChangeMessageVisibility',
  'sqs:GetQueueAttributes',
];

/** Returns a limit that no message reaches before its age ends it; only one that ends its function every time. */
function maxReceiveCount(maxAgeHours: number): number {
  return Math.min(MAX_RECEIVE_COUNT, FIRST_ATTEMPTS + Math.ceil(maxAgeHours * MAX_ATTEMPTS_PER_HOUR));
}
