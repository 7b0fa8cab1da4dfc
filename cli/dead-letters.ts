import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
  type Message,
} from '@aws-sdk/client-sqs';
import { REASON_ATTRIBUTE } from '../lib/adapters/aws/sqs-retry-queue.ts';
import {
  readRetryMessage,
  writeRetryMessage,
  type RetryMessageReading,
} from '../lib/app/redelivery/retry-message.ts';

/** How long messages are hidden from other readers while they are shown; at the end they are made visible again. */
const HIDDEN_SECONDS = 300;

/** One answer covers only some servers of a standard queue, so the queue counts as empty after two empty answers. */
const EMPTY_ANSWERS = 2;
const WAIT_SECONDS = 1;

/** Messages of one request, the maximum of SQS. */
const PAGE = 10;

/** What is read at once; more is read by another call. */
export const MAX_DEAD_LETTERS = 1_000;

/** A message of the dead-letter queue. */
export interface DeadLetter {
  readonly id: string;
  /** Why it is there, where the redelivery moved it; SQS itself names none. */
  readonly reason: string | undefined;
  readonly reading: RetryMessageReading;
  readonly receiptHandle: string;
}

/** One that can be sent back. */
export type ReadableLetter = DeadLetter & { readonly reading: { readonly kind: 'read' } };

export interface QueueUrls {
  readonly queueUrl: string;
  readonly deadLetterUrl: string;
}

/** The dead-letter queue of a deployment, for a person who reads it. */
export class DeadLetters {
  readonly #client = new SQSClient({});
  readonly #urls: QueueUrls;

  constructor(urls: QueueUrls) {
    this.#urls = urls;
  }

  /** Reads the messages, up to `MAX_DEAD_LETTERS`. They are hidden from other readers until `release`. */
  async read(): Promise<DeadLetter[]> {
    const letters = new Map<string, DeadLetter>();
    for (let empty = 0; empty < EMPTY_ANSWERS && letters.size < MAX_DEAD_LETTERS;) {
      const command = new ReceiveMessageCommand({
        QueueUrl: this.#urls.deadLetterUrl,
        MaxNumberOfMessages: PAGE,
        VisibilityTimeout: HIDDEN_SECONDS,
        WaitTimeSeconds: WAIT_SECONDS,
        MessageAttributeNames: ['All'],
      });
      const { Messages: messages = [] } = await this.#client.send(command);
      for (const letter of messages.map(toDeadLetter)) letters.set(letter.id, letter);
      empty = messages.length === 0 ? empty + 1 : 0;
    }
    return [...letters.values()];
  }

  /**
   * Sends a message back to the retry queue. It is deleted from this one only afterwards, so that it is never lost; where the deletion
   * fails, it is handled twice, which is harmless.
   *
   * @param now - its age counts from here
   */
  async sendBack({ reading, receiptHandle }: ReadableLetter, now: Date): Promise<void> {
    const MessageBody = writeRetryMessage({ ...reading.message, queuedAt: now });
    await this.#client.send(new SendMessageCommand({ QueueUrl: this.#urls.queueUrl, MessageBody }));
    const done = { QueueUrl: this.#urls.deadLetterUrl, ReceiptHandle: receiptHandle };
    await this.#client.send(new DeleteMessageCommand(done));
  }

  /** Makes messages visible to other readers. */
  async release(letters: readonly DeadLetter[]): Promise<void> {
    for (const { receiptHandle: ReceiptHandle } of letters) {
      const shown = { QueueUrl: this.#urls.deadLetterUrl, ReceiptHandle, VisibilityTimeout: 0 };
      await this.#client.send(new ChangeMessageVisibilityCommand(shown));
    }
  }

  close(): void {
    this.#client.destroy();
  }
}

function toDeadLetter({
  MessageId: id = '',
  Body: body = '',
  ReceiptHandle: receiptHandle = '',
  MessageAttributes: attributes = {},
}: Message): DeadLetter {
  const reason = attributes[REASON_ATTRIBUTE]?.StringValue;
  return { id, reason, reading: readRetryMessage(body), receiptHandle };
}
