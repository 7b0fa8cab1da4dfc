import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { startFakeSqs, type FakeSqs } from '../../../../local/fakes/sqs/fake-sqs.ts';
import { MessageQueue } from '../../../../local/fakes/sqs/message-queue.ts';
import { passSeconds, stopClock } from '../../../support/clock.ts';

// The SDK's client checks the MD5 of every body that it sends and receives.
describe('the fake SQS', () => {
  let fake: FakeSqs;
  let client: SQSClient;
  let QueueUrl: string;
  let deadLetterUrl: string;

  beforeEach(async () => {
    stopClock();
    const deadLetterQueue = new MessageQueue({ name: 'dead' });
    const redrive = { deadLetterQueue, maxReceiveCount: 2 };
    const queue = new MessageQueue({ name: 'retries', visibilityTimeoutSeconds: 60, redrive });
    fake = await startFakeSqs({ port: 0, queues: [queue, deadLetterQueue] });
    [QueueUrl, deadLetterUrl] = [fake.urlOf(queue), fake.urlOf(deadLetterQueue)];
    const credentials = { accessKeyId: 'any', secretAccessKey: 'any' };
    client = new SQSClient({ endpoint: fake.url, region: 'eu-central-1', credentials, maxAttempts: 1 });
  });
  afterEach(async () => {
    client.destroy();
    await fake.close();
  });

  const send = (MessageBody: string, more: object = {}) =>
    client.send(new SendMessageCommand({ QueueUrl, MessageBody, ...more }));
  const receive = async (more: object = {}) => {
    const command = new ReceiveMessageCommand({
      QueueUrl,
      MaxNumberOfMessages: 10,
      MessageSystemAttributeNames: ['All'],
      MessageAttributeNames: ['All'],
      ...more,
    });
    return (await client.send(command)).Messages ?? [];
  };
  const attributes = async (AttributeNames: ['All'] | ['RedrivePolicy'] = ['All']) =>
    (await client.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames }))).Attributes;

  test('hides a message that was received until the visibility timeout, and counts how often it was received', async () => {
    await send('hello', { MessageAttributes: { reason: { DataType: 'String', StringValue: 'why' } } });
    expect(await receive()).toMatchObject([
      {
        Body: 'hello',
        Attributes: { ApproximateReceiveCount: '1', SentTimestamp: '1777889472345' },
        MessageAttributes: { reason: { StringValue: 'why' } },
      },
    ]);
    passSeconds(59);
    expect(await receive()).toEqual([]);
    passSeconds(1);
    expect(await receive()).toMatchObject([{ Attributes: { ApproximateReceiveCount: '2' } }]);
  });

  test('moves a message that was received too often to the dead-letter queue', async () => {
    await send('hello');
    expect(await receive()).toHaveLength(1);
    passSeconds(60);
    expect(await receive()).toHaveLength(1);
    passSeconds(60);
    expect(await receive()).toEqual([]);
    expect(await receive({ QueueUrl: deadLetterUrl })).toMatchObject([{ Body: 'hello' }]);
  });

  test('deletes a message by its last receipt handle', async () => {
    await send('hello');
    const [first] = await receive();
    passSeconds(60);
    const [second] = await receive();
    await client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: first?.ReceiptHandle }));
    expect(await attributes()).toMatchObject({ ApproximateNumberOfMessagesNotVisible: '1' });
    await client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: second?.ReceiptHandle }));
    expect(await attributes()).toMatchObject({ ApproximateNumberOfMessagesNotVisible: '0' });
  });

  test('changes how long a received message is hidden, and of no other', async () => {
    await send('hello');
    const [received] = await receive();
    const ReceiptHandle = received?.ReceiptHandle ?? '';
    const change = { QueueUrl, ReceiptHandle, VisibilityTimeout: 5 };
    await client.send(new ChangeMessageVisibilityCommand(change));
    passSeconds(5);
    await expect(client.send(new ChangeMessageVisibilityCommand(change))).rejects.toMatchObject({
      name: 'MessageNotInflight',
    });
    const [again] = await receive();
    await client.send(new ChangeMessageVisibilityCommand({ ...change, ReceiptHandle: again?.ReceiptHandle }));
    expect(await receive()).toEqual([]);
  });

  test('delays a message, and receives at most as many as asked for, the oldest first', async () => {
    await send('a', { DelaySeconds: 10 });
    await send('b');
    await send('c');
    expect(await attributes()).toMatchObject({
      ApproximateNumberOfMessages: '2',
      ApproximateNumberOfMessagesDelayed: '1',
    });
    expect(await receive({ MaxNumberOfMessages: 1 })).toMatchObject([{ Body: 'b' }]);
    passSeconds(10);
    expect(await receive()).toMatchObject([{ Body: 'a' }, { Body: 'c' }]);
  });

  test('waits for the first message as long as asked for', async () => {
    const received = receive({ WaitTimeSeconds: 10 });
    await send('late');
    expect(await received).toMatchObject([{ Body: 'late' }]);
  });

  test('names the dead-letter queue', async () => {
    expect(await attributes(['RedrivePolicy'])).toEqual({
      RedrivePolicy: '{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:dead","maxReceiveCount":2}',
    });
  });

  test.each<[what: string, request: () => Promise<unknown>, name: string]>([
    ['another queue', () => send('x', { QueueUrl: `${fake.url}/0/other` }), 'QueueDoesNotExist'],
    ['characters that are not XML', () => send('\uFFFF'), 'InvalidMessageContents'],
    ['more than 256 KiB', () => send('x'.repeat(262_145)), 'InvalidParameterValue'],
    ['a member that it does not know', () => send('x', { MessageGroupId: 'a' }), 'ValidationException'],
  ])('rejects %s', async (_what, request, name) => {
    await expect(request()).rejects.toMatchObject({ name });
  });
});
