import { CloudWatchClient, paginateDescribeAlarms } from '@aws-sdk/client-cloudwatch';
import { CloudWatchLogsClient, paginateFilterLogEvents } from '@aws-sdk/client-cloudwatch-logs';
import { GetFunctionConfigurationCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { paginateListSecrets, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { GetQueueAttributesCommand, GetQueueUrlCommand, SQSClient } from '@aws-sdk/client-sqs';
import * as v from 'valibot';
import { RetryableError } from '../../app/errors.ts';
import type { FunctionName } from '../../functions.ts';

/** An alarm of a deployment. */
export interface DeployedAlarm {
  readonly name: string;
  readonly isAlarming: boolean;
  readonly description: string;
  readonly hasActions: boolean;
}

/** A queue with its dead-letter queue. */
export interface DeployedQueue {
  /** Messages that wait for an attempt, or are in one. */
  readonly waiting: number;
  /** Undefined where there is no dead-letter queue. */
  readonly deadLetters: number | undefined;
}

const redrivePolicy = v.pipe(v.string(), v.parseJson(), v.object({ deadLetterTargetArn: v.string() }));

/** Pages of log lines that are searched. CloudWatch Logs reads up to 1 MB for each. */
const MAX_LOG_PAGES = 50;

/**
 * Reads what a deployment has in AWS, with the rights of whoever runs it. Every method throws `RetryableError` where AWS does not answer
 * or does not grant the read.
 */
export class DeploymentReader {
  readonly name: string;
  readonly #lambda = new LambdaClient();
  readonly #alarms = new CloudWatchClient();
  readonly #logs = new CloudWatchLogsClient();
  readonly #secrets = new SecretsManagerClient();
  readonly #queues = new SQSClient();

  /** @param name - that of the stack, with which the names of its functions and alarms begin */
  constructor(name: string) {
    this.name = name;
  }

  /** Reads the environment variables of a function. Returns undefined where it does not exist. */
  async environmentOf(
    functionName: FunctionName,
    abortSignal: AbortSignal,
  ): Promise<Readonly<Record<string, string>> | undefined> {
    const command = new GetFunctionConfigurationCommand({ FunctionName: `${this.name}-${functionName}` });
    try {
      const { Environment: environment } = await this.#lambda.send(command, { abortSignal });
      return environment?.Variables ?? {};
    } catch (error) {
      if (error instanceof Error && error.name === 'ResourceNotFoundException') return undefined;
      throw toReadError('Lambda cannot be read', error);
    }
  }

  /** Returns the region that the deployment is looked for in. */
  async region(): Promise<string> {
    return this.#lambda.config.region().catch((error: unknown) => {
      throw toReadError('no region is set', error);
    });
  }

  /** Lists the alarms of the deployment. */
  async alarms(abortSignal: AbortSignal): Promise<DeployedAlarm[]> {
    const found: DeployedAlarm[] = [];
    await this.#attempt('CloudWatch cannot be read', async () => {
      const prefix = { AlarmNamePrefix: `${this.name}-` };
      for await (const page of paginateDescribeAlarms({ client: this.#alarms }, prefix, { abortSignal })) {
        for (const { AlarmName: name = '', StateValue: state, ...alarm } of page.MetricAlarms ?? []) {
          found.push({
            name,
            isAlarming: state === 'ALARM',
            description: alarm.AlarmDescription ?? '',
            hasActions: (alarm.AlarmActions ?? []).length > 0,
          });
        }
      }
    });
    return found;
  }

  /** Counts the messages of a queue and of its dead-letter queue. */
  async queue(url: string, abortSignal: AbortSignal): Promise<DeployedQueue> {
    return this.#attempt('the queue cannot be read', async () => {
      const queue = await this.#countMessages(url, abortSignal);
      const policy = v.safeParse(redrivePolicy, queue.redrivePolicy);
      if (!policy.success) return { waiting: queue.messages, deadLetters: undefined };
      const QueueName = policy.output.deadLetterTargetArn.replace(/^.*:/, '');
      const command = new GetQueueUrlCommand({ QueueName });
      const { QueueUrl: deadLetterUrl = '' } = await this.#queues.send(command, { abortSignal });
      const { messages } = await this.#countMessages(deadLetterUrl, abortSignal);
      return { waiting: queue.messages, deadLetters: messages };
    });
  }

  async #countMessages(
    url: string,
    abortSignal: AbortSignal,
  ): Promise<{ readonly messages: number; readonly redrivePolicy: string | undefined }> {
    const command = new GetQueueAttributesCommand({
      QueueUrl: url,
      AttributeNames: [
        'ApproximateNumberOfMessages',
        'ApproximateNumberOfMessagesNotVisible',
        'ApproximateNumberOfMessagesDelayed',
        'RedrivePolicy',
      ],
    });
    const { Attributes: attributes = {} } = await this.#queues.send(command, { abortSignal });
    const { RedrivePolicy: policy, ...counts } = attributes;
    return {
      messages: Object.values(counts).reduce((sum, count) => sum + Number(count), 0),
      redrivePolicy: policy,
    };
  }

  /** Lists the names of secrets that begin with a prefix. */
  async secretNames(prefix: string, abortSignal: AbortSignal): Promise<string[]> {
    const names: string[] = [];
    await this.#attempt('secrets cannot be listed', async () => {
      const filter = { Filters: [{ Key: 'name' as const, Values: [prefix] }] };
      for await (const page of paginateListSecrets({ client: this.#secrets }, filter, { abortSignal })) {
        names.push(...(page.SecretList ?? []).flatMap(({ Name: name }) => name ?? []));
      }
    });
    return names.filter((name) => name.startsWith(prefix));
  }

  /**
   * Searches the receiver's log.
   *
   * @param pattern - a filter pattern of CloudWatch Logs
   * @returns the lines, and whether all since then were searched
   */
  async receiverLines(
    pattern: string,
    since: Date,
    abortSignal: AbortSignal,
  ): Promise<{ readonly lines: readonly string[]; readonly isComplete: boolean }> {
    const lines: string[] = [];
    let pages = 0;
    let isComplete = true;
    await this.#attempt('the log cannot be read', async () => {
      const query = {
        logGroupName: `/aws/lambda/${this.name}-receiver`,
        filterPattern: pattern,
        startTime: since.getTime(),
      };
      for await (const page of paginateFilterLogEvents({ client: this.#logs }, query, { abortSignal })) {
        lines.push(...(page.events ?? []).flatMap(({ message }) => message ?? []));
        pages += 1;
        isComplete = page.nextToken === undefined;
        if (pages >= MAX_LOG_PAGES) break;
      }
    });
    return { lines, isComplete };
  }

  async #attempt<T>(reason: string, read: () => Promise<T>): Promise<T> {
    try {
      return await read();
    } catch (error) {
      throw toReadError(reason, error);
    }
  }
}

/** Makes the error for a failed request. A person reads it, so it has AWS's own words, such as which right is missing. */
function toReadError(reason: string, cause: unknown): RetryableError {
  // An error of the network has no message where several addresses were tried.
  const { message, code = '' } = cause as { readonly message: string; readonly code?: string };
  return new RetryableError(reason, { cause, detail: message || code });
}
