import { setTimeout as sleep } from 'node:timers/promises';
import { DeleteMessageCommand, ReceiveMessageCommand, SQSClient, type Message } from '@aws-sdk/client-sqs';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';

/** Messages of one batch, as the deployment sets it. */
const BATCH_SIZE = 10;

/** How long a request waits for the first message. */
const WAIT_SECONDS = 2;

/** How long to wait after a failure, in milliseconds. */
const RETRY_MS = 1_000;

/**
 * Invokes a function with the messages of a queue, as Lambda does: what the function does not report as failed is deleted.
 *
 * @param invoke - rejects where the function fails; its messages are received again after the queue's visibility timeout
 * @param stopping - ends the polling
 */
export async function pollQueue(
  queueUrl: string,
  invoke: (event: SQSEvent) => Promise<SQSBatchResponse>,
  stopping: AbortSignal,
): Promise<void> {
  const client = new SQSClient({});
  while (!stopping.aborted) {
    try {
      const received = await receive(client, queueUrl, stopping);
      if (received.length > 0) await handleBatch(client, queueUrl, received, invoke);
    } catch (error) {
      if (stopping.aborted) break;
      console.error(`redelivery: ${(error as Error).message}`);
      await sleep(RETRY_MS);
    }
  }
  client.destroy();
}

async function receive(client: SQSClient, queueUrl: string, abortSignal: AbortSignal): Promise<Message[]> {
  const command = new ReceiveMessageCommand({
    QueueUrl: queueUrl,
    MaxNumberOfMessages: BATCH_SIZE,
    WaitTimeSeconds: WAIT_SECONDS,
    MessageSystemAttributeNames: ['All'],
  });
  const { Messages: messages = [] } = await client.send(command, { abortSignal });
  return messages;
}

async function handleBatch(
  client: SQSClient,
  queueUrl: string,
  messages: readonly Message[],
  invoke: (event: SQSEvent) => Promise<SQSBatchResponse>,
): Promise<void> {
  const { batchItemFailures } = await invoke({ Records: messages.map(toRecord) });
  const failed = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
  const done = messages.filter(({ MessageId: id = '' }) => !failed.has(id));
  for (const { ReceiptHandle } of done)
    await client.send(new DeleteMessageCommand({ QueueUrl: queueUrl, ReceiptHandle }));
}

function toRecord(message: Message): SQSEvent['Records'][number] {
  const { ApproximateReceiveCount, SentTimestamp, SenderId, ApproximateFirstReceiveTimestamp } =
    message.Attributes ?? {};
  return {
    messageId: message.MessageId ?? '',
    receiptHandle: message.ReceiptHandle ?? '',
    body: message.Body ?? '',
    md5OfBody: message.MD5OfBody ?? '',
    attributes: {
      ApproximateReceiveCount: ApproximateReceiveCount ?? '1',
      SentTimestamp: SentTimestamp ?? '0',
      SenderId: SenderId ?? '',
      ApproximateFirstReceiveTimestamp: ApproximateFirstReceiveTimestamp ?? '0',
    },
    messageAttributes: {},
    eventSource: 'aws:sqs',
    eventSourceARN: '',
    awsRegion: 'local',
  };
}
