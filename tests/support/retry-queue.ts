import type { SQSEvent } from 'aws-lambda';
import { startFakeSqs } from '../../local/fakes/sqs/fake-sqs.ts';
import { MessageQueue, type Received } from '../../local/fakes/sqs/message-queue.ts';
import { coldRedelivery, type RedeliveryHandler } from './cold-functions.ts';
import { lambdaContext } from './deliver.ts';
import { LoopbackProxy } from './loopback-proxy.ts';

const MAX_RECEIVE_COUNT = 216;

/** As the deployment sets it. */
const VISIBILITY_TIMEOUT_SECONDS = 180;

/** A retry queue with its dead-letter queue, as fakes. The functions reach it through the proxy. */
export interface TestQueue {
  readonly queue: MessageQueue;
  readonly deadLetters: MessageQueue;
  readonly proxy: LoopbackProxy;
  /** Receives a batch and invokes the function, as Lambda does: what is not reported as failed is deleted. */
  redeliver(
    handler?: RedeliveryHandler,
    options?: { readonly remainingMs?: number },
  ): Promise<RedeliveredBatch>;
  close(): Promise<void>;
}

interface RedeliveredBatch {
  readonly received: number;
  readonly deleted: number;
}

/** Starts the queue and sets the environment for functions that are loaded afterwards. */
export async function startTestQueue(): Promise<TestQueue> {
  const deadLetters = new MessageQueue({ name: 'retries-dead' });
  const queue = new MessageQueue({
    name: 'retries',
    visibilityTimeoutSeconds: VISIBILITY_TIMEOUT_SECONDS,
    redrive: { deadLetterQueue: deadLetters, maxReceiveCount: MAX_RECEIVE_COUNT },
  });
  const fake = await startFakeSqs({ port: 0, queues: [queue, deadLetters], maxWaitMs: 0 });
  const proxy = new LoopbackProxy(fake.url);
  await proxy.start();
  const environment = {
    AWS_ENDPOINT_URL_SQS: proxy.url,
    RETRY_QUEUE_URL: fake.urlOf(queue).replace(fake.url, proxy.url),
  };
  Object.assign(process.env, environment);
  return {
    queue,
    deadLetters,
    proxy,
    redeliver: async (handler, options) => {
      const records = queue.receive(10);
      if (records.length === 0) return { received: 0, deleted: 0 };
      const redelivery = handler ?? (await coldRedelivery());
      const { batchItemFailures } = await redelivery(toSqsEvent(records), redeliveryContext(options));
      const failed = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
      const done = records.filter(({ id }) => !failed.has(id));
      for (const { receiptHandle } of done) queue.delete(receiptHandle);
      return { received: records.length, deleted: done.length };
    },
    close: async () => {
      for (const name of Object.keys(environment)) delete process.env[name];
      await Promise.all([proxy.stop(), fake.close()]);
    },
  };
}

let invocations = 0;

function redeliveryContext({ remainingMs = 30_000 } = {}): ReturnType<typeof lambdaContext> {
  invocations += 1;
  return { ...lambdaContext({ remainingMs }), awsRequestId: `batch-${invocations}` };
}

/** Returns the event that Lambda makes of received messages. */
export function toSqsEvent(received: readonly Received[]): SQSEvent {
  return {
    Records: received.map(({ id, receiptHandle, body, md5, receiveCount, sentAt, firstReceivedAt }) => ({
      messageId: id,
      receiptHandle,
      body,
      md5OfBody: md5,
      attributes: {
        ApproximateReceiveCount: String(receiveCount),
        SentTimestamp: String(sentAt),
        SenderId: 'sender',
        ApproximateFirstReceiveTimestamp: String(firstReceivedAt),
      },
      messageAttributes: {},
      eventSource: 'aws:sqs',
      eventSourceARN: 'arn:aws:sqs:us-east-1:000000000000:retries',
      awsRegion: 'us-east-1',
    })),
  };
}
