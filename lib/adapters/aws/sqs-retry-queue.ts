import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import {
  ChangeMessageVisibilityBatchCommand,
  GetQueueAttributesCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import * as v from 'valibot';
import { RetryableError } from '../../app/errors.ts';
import type { ReceivedMessage, RedeliveryQueue } from '../../app/ports.ts';
import { writeRetryMessage, type RetryMessage } from '../../app/redelivery/retry-message.ts';
import { toRetryableError } from './aws-errors.ts';

/** Reason of every error. */
const QUEUE_UNAVAILABLE = 'retry queue unavailable';

/** SQS's limits for one batch request. */
const MAX_BATCH_MESSAGES = 10;
const MAX_BATCH_BYTES = 256 * 1024;

/** Attempts at the messages that SQS has not accepted, of a batch of which it accepted others. */
const MAX_BATCH_ATTEMPTS = 3;

/** Within a region, connecting and answering take milliseconds. */
const CONNECT_TIMEOUT_MS = 1_000;
const REQUEST_TIMEOUT_MS = 1_500;

/** Name of the attribute that says why a message is in the dead-letter queue. */
export const REASON_ATTRIBUTE = 'reason';

/** Part of a reason that is kept. */
const MAX_REASON_CHARACTERS = 500;

const redrivePolicy = v.pipe(
  v.string(),
  v.transform((text) => JSON.parse(text) as unknown),
  v.object({ deadLetterTargetArn: v.string() }),
);

/** The retry queue in SQS, and its dead-letter queue. Every method throws `RetryableError` where SQS is unavailable or throttles. */
export class SqsRetryQueue implements RedeliveryQueue {
  readonly #queueUrl: string;
  readonly #client: SQSClient;
  #deadLetterUrl: string | undefined;

  constructor(queueUrl: string) {
    this.#queueUrl = queueUrl;
    this.#client = new SQSClient({
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
    const batches = toBatches(messages.map(writeRetryMessage));
    await Promise.all(batches.map((batch) => this.#sendBatch(batch, signal, delayMs)));
  }

  async postpone(
    messages: readonly (ReceivedMessage & { readonly delayMs: number })[],
    signal: AbortSignal,
  ): Promise<void> {
    for (let start = 0; start < messages.length; start += MAX_BATCH_MESSAGES) {
      const Entries = messages
        .slice(start, start + MAX_BATCH_MESSAGES)
        .map(({ receiptHandle: ReceiptHandle, delayMs }, index) => ({
          Id: String(index),
          ReceiptHandle,
          VisibilityTimeout: Math.round(delayMs / 1_000),
        }));
      const command = new ChangeMessageVisibilityBatchCommand({ QueueUrl: this.#queueUrl, Entries });
      const { Failed = [] } = await this.#client.send(command, { abortSignal: signal }).catch(toThrown);
      if (Failed.length > 0) throw notAccepted(Failed);
    }
  }

  async bury({ text }: ReceivedMessage, reason: string, signal: AbortSignal): Promise<void> {
    this.#deadLetterUrl ??= await this.#findDeadLetterUrl(signal);
    const command = new SendMessageCommand({
      QueueUrl: this.#deadLetterUrl,
      MessageBody: text,
      MessageAttributes: {
        [REASON_ATTRIBUTE]: { DataType: 'String', StringValue: reason.slice(0, MAX_REASON_CHARACTERS) },
      },
    });
    await this.#client.send(command, { abortSignal: signal }).catch(toThrown);
  }

  async #sendBatch(texts: readonly string[], abortSignal: AbortSignal, delayMs: number): Promise<void> {
    let entries = texts.map((MessageBody, index) => ({
      Id: String(index),
      MessageBody,
      DelaySeconds: Math.round(delayMs / 1_000),
    }));
    for (let attempt = 1; ; attempt += 1) {
      const command = new SendMessageBatchCommand({ QueueUrl: this.#queueUrl, Entries: entries });
      const { Failed = [] } = await this.#client.send(command, { abortSignal }).catch(toThrown);
      if (Failed.length === 0) return;
      if (attempt === MAX_BATCH_ATTEMPTS) throw notAccepted(Failed);
      const failed = new Set(Failed.map(({ Id }) => Id));
      entries = entries.filter(({ Id }) => failed.has(Id));
    }
  }

  /** Returns the URL of the dead-letter queue, which is in the same account and region. */
  async #findDeadLetterUrl(abortSignal: AbortSignal): Promise<string> {
    const command = new GetQueueAttributesCommand({
      QueueUrl: this.#queueUrl,
      AttributeNames: ['RedrivePolicy'],
    });
    const { Attributes = {} } = await this.#client.send(command, { abortSignal }).catch(toThrown);
    const { success, output } = v.safeParse(redrivePolicy, Attributes['RedrivePolicy']);
    if (!success) throw new RetryableError(QUEUE_UNAVAILABLE, { detail: 'it has no dead-letter queue' });
    const name = output.deadLetterTargetArn.split(':').at(-1) ?? '';
    return this.#queueUrl.replace(/[^/]*$/, name);
  }
}

/** Splits texts into batches that SQS accepts, in their order. */
function toBatches(texts: readonly string[]): string[][] {
  const batches: string[][] = [];
  let bytes = Infinity;
  for (const text of texts) {
    const size = Buffer.byteLength(text);
    const batch = batches.at(-1);
    if (batch === undefined || batch.length === MAX_BATCH_MESSAGES || bytes + size > MAX_BATCH_BYTES) {
      batches.push([text]);
      bytes = size;
    } else {
      batch.push(text);
      bytes += size;
    }
  }
  return batches;
}

function toThrown(error: unknown): never {
  throw toRetryableError(QUEUE_UNAVAILABLE, error);
}

function notAccepted(failed: readonly { readonly Code?: string | undefined }[]): RetryableError {
  const [{ Code: code = 'unknown' } = {}] = failed;
  return new RetryableError(QUEUE_UNAVAILABLE, { detail: `${failed.length} message(s) failed: ${code}` });
}
