import { setTimeout as sleep } from 'node:timers/promises';
import * as v from 'valibot';
import { defineAction, respondInAwsJson, ServiceError, type Action } from '../aws-json.ts';
import {
  startFakeServer,
  type FakeRequest,
  type FakeResponse,
  type LoopbackServer,
} from '../loopback-server.ts';
import { MessageQueue, type MessageAttributes, type Received } from './message-queue.ts';

/** An account that cannot exist, as in the fake of Secrets Manager. */
const ACCOUNT = '000000000000';
const REGION = 'us-east-1';

/** How often a receiver that waits checks for messages. */
const POLL_MS = 50;

/** The limit of a message. */
const MAX_BYTES = 256 * 1024;

/** Anything but the characters that SQS takes in a message. */
const REJECTED_CHARACTER = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/u;

/** Queues by name. */
type Queues = ReadonlyMap<string, MessageQueue>;

const QueueUrl = v.string();
const integer = (min: number, max: number) =>
  v.pipe(v.number(), v.integer(), v.minValue(min), v.maxValue(max));
const MessageAttributesRule = v.optional(
  v.record(v.string(), v.strictObject({ DataType: v.literal('String'), StringValue: v.string() })),
  {},
);
const message = {
  MessageBody: v.string(),
  MessageAttributes: MessageAttributesRule,
  DelaySeconds: v.optional(integer(0, 900), 0),
};
const ReceiptHandle = v.pipe(v.string(), v.includes('/'));
const VisibilityTimeout = integer(0, 43_200);

const sendMessage = defineAction({ QueueUrl, ...message }, (queues: Queues, members) => {
  return send(findQueue(queues, members.QueueUrl), members);
});

const receiveMessage = defineAction(
  {
    QueueUrl,
    MaxNumberOfMessages: v.optional(integer(1, 10), 1),
    VisibilityTimeout: v.optional(VisibilityTimeout),
    WaitTimeSeconds: v.optional(integer(0, 20)),
    MessageSystemAttributeNames: v.optional(v.array(v.literal('All'))),
    MessageAttributeNames: v.optional(v.array(v.literal('All'))),
  },
  (queues: Queues, { QueueUrl: url, MaxNumberOfMessages: max, VisibilityTimeout: timeout }) => {
    const received = findQueue(queues, url).receive(max, timeout);
    return received.length === 0 ? {} : { Messages: received.map(describeMessage) };
  },
);

const deleteMessage = defineAction({ QueueUrl, ReceiptHandle }, (queues: Queues, members) => {
  findQueue(queues, members.QueueUrl).delete(members.ReceiptHandle);
  return {};
});

const changeMessageVisibility = defineAction(
  { QueueUrl, ReceiptHandle, VisibilityTimeout },
  (queues: Queues, members) => changeVisibility(findQueue(queues, members.QueueUrl), members),
);

const getQueueAttributes = defineAction(
  { QueueUrl, AttributeNames: v.array(v.string()) },
  (queues: Queues, { QueueUrl: url, AttributeNames: names }) => {
    const queue = findQueue(queues, url);
    const { visible, inFlight, delayed } = queue.count();
    const all = {
      QueueArn: arnOf(queue),
      VisibilityTimeout: String(queue.visibilityTimeoutSeconds),
      ApproximateNumberOfMessages: String(visible),
      ApproximateNumberOfMessagesNotVisible: String(inFlight),
      ApproximateNumberOfMessagesDelayed: String(delayed),
      ...(queue.redrive !== undefined && {
        RedrivePolicy: JSON.stringify({
          deadLetterTargetArn: arnOf(queue.redrive.deadLetterQueue),
          maxReceiveCount: queue.redrive.maxReceiveCount,
        }),
      }),
    };
    const isAsked = ([name]: [string, string]): boolean => names.includes('All') || names.includes(name);
    return { Attributes: Object.fromEntries(Object.entries(all).filter(isAsked)) };
  },
);

const ACTIONS: ReadonlyMap<string, Action<Queues>> = new Map([
  ['SendMessage', sendMessage],
  ['ReceiveMessage', receiveMessage],
  ['DeleteMessage', deleteMessage],
  ['ChangeMessageVisibility', changeMessageVisibility],
  ['GetQueueAttributes', getQueueAttributes],
]);

/** The fake, with the URLs of its queues. */
export interface FakeSqs extends LoopbackServer {
  urlOf(this: void, queue: MessageQueue): string;
}

/**
 * Starts an in-memory fake of AWS SQS, which the SDK's client uses unchanged: standard queues with delays, visibility timeouts, long
 * polling, and dead-letter queues. Messages have string attributes only. It accepts any credentials and encrypts nothing, and
 * rejects what it does not implement.
 *
 * @param options.port - 0 selects a free port
 * @param options.queues - dead-letter queues included
 * @param options.maxWaitMs - limit of long polling, for tests that would wait for a queue to stay empty
 * @throws {Error} node's `EADDRINUSE`
 */
export async function startFakeSqs(options: {
  readonly port: number;
  readonly queues: readonly MessageQueue[];
  readonly maxWaitMs?: number;
}): Promise<FakeSqs> {
  const queues = new Map(options.queues.map((queue) => [queue.name, queue]));
  const server = await startFakeServer(options.port, (sent) => respond(queues, sent, options.maxWaitMs));
  return { ...server, urlOf: ({ name }) => `${server.url}/${ACCOUNT}/${name}` };
}

/** Answers a request; one that receives waits for the first message as long as it asks for. */
async function respond(queues: Queues, request: FakeRequest, maxWaitMs = Infinity): Promise<FakeResponse> {
  // Of a clock that tests do not stop.
  const deadline = performance.now() + Math.min(waitMsOf(request), maxWaitMs);
  for (;;) {
    const response = respondInAwsJson('1.0', ACTIONS, queues, request);
    if (response.text !== '{}' || performance.now() >= deadline) return response;
    await sleep(POLL_MS);
  }
}

const waiting = v.pipe(v.string(), v.parseJson(), v.object({ WaitTimeSeconds: v.number() }));

function waitMsOf({ headers, body }: FakeRequest): number {
  if (headers['x-amz-target'] !== 'AmazonSQS.ReceiveMessage') return 0;
  const { success, output } = v.safeParse(waiting, body);
  return success ? output.WaitTimeSeconds * 1_000 : 0;
}

function findQueue(queues: Queues, url: string): MessageQueue {
  const queue = queues.get(url.split('/').at(-1) ?? '');
  if (queue === undefined) {
    throw new ServiceError('com.amazonaws.sqs#QueueDoesNotExist', 'The specified queue does not exist.');
  }
  return queue;
}

function arnOf({ name }: MessageQueue): string {
  return `arn:aws:sqs:${REGION}:${ACCOUNT}:${name}`;
}

function send(
  queue: MessageQueue,
  entry: { MessageBody: string; MessageAttributes: MessageAttributes; DelaySeconds: number },
): object {
  const { MessageBody: body } = entry;
  if (Buffer.byteLength(body) > MAX_BYTES)
    throw new ServiceError('com.amazonaws.sqs#InvalidParameterValue', `More than ${MAX_BYTES} bytes.`);
  if (body === '' || REJECTED_CHARACTER.test(body))
    throw new ServiceError('com.amazonaws.sqs#InvalidMessageContents', 'Invalid characters.');
  const { id, md5 } = queue.send(body, entry.MessageAttributes, entry.DelaySeconds);
  return { MessageId: id, MD5OfMessageBody: md5 };
}

function changeVisibility(
  queue: MessageQueue,
  { ReceiptHandle: handle, VisibilityTimeout: seconds }: { ReceiptHandle: string; VisibilityTimeout: number },
): object {
  if (queue.changeVisibility(handle, seconds)) return {};
  throw new ServiceError('com.amazonaws.sqs#MessageNotInflight', 'The message is not in flight.');
}

function describeMessage(received: Received): object {
  return {
    MessageId: received.id,
    ReceiptHandle: received.receiptHandle,
    Body: received.body,
    MD5OfBody: received.md5,
    Attributes: {
      ApproximateReceiveCount: String(received.receiveCount),
      ApproximateFirstReceiveTimestamp: String(received.firstReceivedAt),
      SentTimestamp: String(received.sentAt),
      SenderId: 'AIDALOCAL',
    },
    MessageAttributes: received.attributes,
  };
}
