import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import {
  ChangeMessageVisibilityCommand,
  GetQueueAttributesCommand,
  SendMessageCommand,
  SQSClient,
  type SendMessageCommandInput,
} from '@aws-sdk/client-sqs';
import pLimit from 'p-limit';
import * as v from 'valibot';
import { RetryableError } from '../../app/errors.ts';
import type { ReceivedMessage, RedeliveryQueue } from '../../app/ports.ts';
import { writeRetryMessage, type RetryMessage } from '../../app/redelivery/retry-message.ts';
import { throwRetryable } from './aws-errors.ts';

/** Reason of every error. */
const QUEUE_UNAVAILABLE = 'retry queue unavailable';

/** Concurrent requests: a push that affects 10,000 Warehouses is sent in a hundred messages. */
const CONCURRENCY = 10;

/** Within a region, connecting and answering take milliseconds. */
const CONNECT_TIMEOUT_MS = 1_000;
const REQUEST_TIMEOUT_MS = 1_500;

/** Name of the attribute that says why a message is in the dead-letter queue. */
export const REASON_ATTRIBUTE = 'reason';

/** Part of a reason that is kept. */
const MAX_REASON_CHARACTERS = 500;

const redrivePolicy = v.pipe(v.string(), v.parseJson(), v.object({ deadLetterTargetArn: v.string() }));

/** The retry queue in SQS, and its dead-letter queue. Every method throws `RetryableError` where SQS is unavailable or throttles. */
export class SqsRetryQueue implements RedeliveryQueue {
  readonly #queueUrl: string;
  readonly #client: SQSClient;
  readonly #limit = pLimit(CONCURRENCY);
  #deadLetterUrl: string | undefined;

  constructor(queueUrl: string) {
    this.#queueUrl = queueUrl;
    this.#client = new SQSClient({
      // The address is that of the SDK's settings, such as a VPC endpoint, and not the host of the queue's URL.
      useQueueUrlAsEndpoint: false,
      requestHandler: {
        connectionTimeout: CONNECT_TIMEOUT_MS,
        requestTimeout: REQUEST_TIMEOUT_MS,
        throwOnRequestTimeout: true,
        // Requests are rare, and while Lambda freezes an environment, idle connections are dropped silently.
        httpAgent: new HttpAgent({ keepAlive: false }),
        httpsAgent: new HttpsAgent({ keepAlive: false }),
      },
    });
  }

  async send(messages: readonly RetryMessage[], signal: AbortSignal, delayMs = 0): Promise<void> {
    await this.#forEach(messages, (message) =>
      this.#send(
        {
          QueueUrl: this.#queueUrl,
          MessageBody: writeRetryMessage(message),
          DelaySeconds: Math.round(delayMs / 1_000),
        },
        signal,
      ),
    );
  }

  async postpone(
    messages: readonly (ReceivedMessage & { readonly delayMs: number })[],
    signal: AbortSignal,
  ): Promise<void> {
    await this.#forEach(messages, async ({ receiptHandle, delayMs }) => {
      const command = new ChangeMessageVisibilityCommand({
        QueueUrl: this.#queueUrl,
        ReceiptHandle: receiptHandle,
        VisibilityTimeout: Math.round(delayMs / 1_000),
      });
      await this.#client.send(command, { abortSignal: signal }).catch(throwRetryable(QUEUE_UNAVAILABLE));
    });
  }

  async sendToDeadLetters({ text }: ReceivedMessage, reason: string, signal: AbortSignal): Promise<void> {
    this.#deadLetterUrl ??= await this.#findDeadLetterUrl(signal);
    const StringValue = reason.slice(0, MAX_REASON_CHARACTERS);
    await this.#send(
      {
        QueueUrl: this.#deadLetterUrl,
        MessageBody: text,
        MessageAttributes: { [REASON_ATTRIBUTE]: { DataType: 'String', StringValue } },
      },
      signal,
    );
  }

  async #send(input: SendMessageCommandInput, abortSignal: AbortSignal): Promise<void> {
    await this.#client
      .send(new SendMessageCommand(input), { abortSignal })
      .catch(throwRetryable(QUEUE_UNAVAILABLE));
  }

  /** Performs the request for every message, and then throws the error of the first that failed. */
  async #forEach<Message>(
    messages: readonly Message[],
    request: (message: Message) => Promise<void>,
  ): Promise<void> {
    const results = await Promise.allSettled(messages.map((message) => this.#limit(() => request(message))));
    const failed = results.find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  /** Returns the URL of the dead-letter queue, which is in the same account and region. */
  async #findDeadLetterUrl(abortSignal: AbortSignal): Promise<string> {
    const command = new GetQueueAttributesCommand({
      QueueUrl: this.#queueUrl,
      AttributeNames: ['RedrivePolicy'],
    });
    const { Attributes = {} } = await this.#client
      .send(command, { abortSignal })
      .catch(throwRetryable(QUEUE_UNAVAILABLE));
    const { success, output } = v.safeParse(redrivePolicy, Attributes['RedrivePolicy']);
    if (!success) throw new RetryableError(QUEUE_UNAVAILABLE, { detail: 'it has no dead-letter queue' });
    const name = output.deadLetterTargetArn.split(':').at(-1) ?? '';
    return this.#queueUrl.replace(/[^/]*$/, name);
  }
}
