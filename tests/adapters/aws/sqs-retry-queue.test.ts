import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { SqsRetryQueue } from '../../../lib/adapters/aws/sqs-retry-queue.ts';
import { startFakeSqs, type FakeSqs } from '../../../local/fakes/sqs/fake-sqs.ts';
import { MessageQueue } from '../../../local/fakes/sqs/message-queue.ts';

const deadLetterQueue = new MessageQueue({ name: 'retries-dead' });
const queue = new MessageQueue({ name: 'retries', redrive: { deadLetterQueue, maxReceiveCount: 5 } });
let fake: FakeSqs;

beforeAll(async () => {
  fake = await startFakeSqs({ port: 0, queues: [queue, deadLetterQueue] });
  Object.assign(process.env, {
    AWS_ENDPOINT_URL_SQS: fake.url,
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
  });
});

afterAll(() => fake.close());

test('calls the address of its settings, such as a VPC endpoint, and not the host of the URL of the queue', async () => {
  const retries = new SqsRetryQueue('https://sqs.eu-central-1.amazonaws.com/000000000000/retries');
  const message = { id: '1', receiptHandle: '1/1', text: 'not JSON', receiveCount: 1 };
  await retries.sendToDeadLetters(message, 'it cannot be read', AbortSignal.timeout(5_000));
  expect(deadLetterQueue.receive(1)).toMatchObject([{ body: 'not JSON' }]);
});
