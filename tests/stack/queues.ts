import {
  GetQueueAttributesCommand,
  ListQueuesCommand,
  PurgeQueueCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SetQueueAttributesCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import type { ClientConfig } from './emulator.ts';

/** The queues of a deployment, as their owner sees them. */
export class Queues {
  readonly #sqs: SQSClient;
  readonly #endpoint: string;

  constructor(config: ClientConfig) {
    this.#sqs = new SQSClient(config);
    this.#endpoint = config.endpoint;
  }

  /** Returns the URL of the queue of this name. */
  async urlOf(name: string): Promise<string> {
    const { QueueUrls = [] } = await this.#sqs.send(new ListQueuesCommand({}));
    const url = QueueUrls.find((one) => one.endsWith(`/${name}`));
    if (url === undefined) throw new Error(`there is no queue ${name} at ${this.#endpoint}`);
    return url;
  }

  async send(url: string, body: string): Promise<void> {
    await this.#sqs.send(new SendMessageCommand({ QueueUrl: url, MessageBody: body }));
  }

  /** Counts all messages of a queue: those that can be received, and those that are hidden. */
  async count(url: string): Promise<number> {
    const { Attributes = {} } = await this.#sqs.send(
      new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['All'] }),
    );
    const counts = Object.entries(Attributes).filter(([name]) =>
      name.startsWith('ApproximateNumberOfMessages'),
    );
    return counts.reduce((sum, [, count]) => sum + Number(count), 0);
  }

  /** Returns the bodies of the messages that can be received, with the reasons in their attributes. */
  async read(url: string): Promise<{ body: string | undefined; reason: string | undefined }[]> {
    const { Messages = [] } = await this.#sqs.send(
      new ReceiveMessageCommand({
        QueueUrl: url,
        MaxNumberOfMessages: 10,
        VisibilityTimeout: 0,
        MessageAttributeNames: ['All'],
      }),
    );
    return Messages.map(({ Body, MessageAttributes }) => ({
      body: Body,
      reason: MessageAttributes?.['reason']?.StringValue,
    }));
  }

  /** Acts while a queue has no policy, and returns the result. */
  async withoutPolicy<Result>(url: string, act: () => Promise<Result>): Promise<Result> {
    const { Attributes = {} } = await this.#sqs.send(
      new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['Policy'] }),
    );
    const set = async (Policy = ''): Promise<void> => {
      await this.#sqs.send(new SetQueueAttributesCommand({ QueueUrl: url, Attributes: { Policy } }));
    };
    await set();
    try {
      return await act();
    } finally {
      await set(Attributes['Policy']);
    }
  }

  async purge(url: string): Promise<void> {
    await this.#sqs.send(new PurgeQueueCommand({ QueueUrl: url }));
  }

  close(): void {
    this.#sqs.destroy();
  }
}
