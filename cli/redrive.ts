import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { DeadLetters, type QueueUrls } from './dead-letters.ts';
import { redriveLetters, RedriveError } from './redrive-letters.ts';
import { readRedriveOptions, type RedriveOptions } from './redrive-options.ts';

/**
 * Shows the dead-letter queue of a deployment, or sends messages of it back to the retry queue: `kargo-front-door redrive`.
 *
 * @returns the exit status: 1, with one line on standard error, where the queue or a message is not what was asked for
 * @throws {LocalError} for options that the user can correct
 */
export async function redrive(args: readonly string[]): Promise<number> {
  const { queues, send } = readRedriveOptions(args);
  try {
    const letters = new DeadLetters(await findQueues(queues));
    try {
      await redriveLetters(letters, send, console.log);
    } finally {
      letters.close();
    }
    return 0;
  } catch (error) {
    if (!(error instanceof RedriveError) && !isAwsError(error)) throw error;
    console.error(error.message);
    return 1;
  }
}

/** @throws {RedriveError} where the stack has no retry queue */
async function findQueues(queues: RedriveOptions['queues']): Promise<QueueUrls> {
  if (queues.kind === 'urls') return queues;
  const client = new CloudFormationClient({});
  const { Stacks: [stack] = [] } = await client.send(new DescribeStacksCommand({ StackName: queues.name }));
  client.destroy();
  const outputOf = (key: string): string | undefined =>
    stack?.Outputs?.find(({ OutputKey }) => OutputKey === key)?.OutputValue;
  const [queueUrl, deadLetterUrl] = [outputOf('RetryQueueUrl'), outputOf('DeadLetterQueueUrl')];
  if (queueUrl === undefined || deadLetterUrl === undefined)
    throw new RedriveError(`stack ${queues.name} has no retry queue: it was deployed with RETRY_QUEUE=false`);
  return { queueUrl, deadLetterUrl };
}

/** Of the SDK: no credentials, no region, no rights, or nothing of this name. Its message says which. */
function isAwsError(error: unknown): error is Error {
  return error instanceof Error && ('$fault' in error || /credentials|region/i.test(error.message));
}
