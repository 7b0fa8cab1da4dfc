import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { DeadLetters, type QueueUrls } from './dead-letters.ts';
import { redrive } from './redrive-letters.ts';
import { readRedriveOptions, type RedriveOptions } from './redrive-options.ts';
import { CliError, runCli } from './run-cli.ts';

/** Shows the dead-letter queue of a deployment, or sends messages of it back to the retry queue: `npm run redrive -- options`. */
await runCli(async () => {
  const { queues, send } = readRedriveOptions(process.argv.slice(2));
  const letters = new DeadLetters(await findQueues(queues));
  try {
    await redrive(letters, send, console.log);
  } finally {
    letters.close();
  }
});

/** @throws {CliError} where the stack has no retry queue */
async function findQueues(queues: RedriveOptions['queues']): Promise<QueueUrls> {
  if (queues.kind === 'urls') return queues;
  const client = new CloudFormationClient({});
  const { Stacks: [stack] = [] } = await client.send(new DescribeStacksCommand({ StackName: queues.name }));
  client.destroy();
  const outputOf = (key: string): string | undefined =>
    stack?.Outputs?.find(({ OutputKey }) => OutputKey === key)?.OutputValue;
  const [queueUrl, deadLetterUrl] = [outputOf('RetryQueueUrl'), outputOf('DeadLetterQueueUrl')];
  if (queueUrl === undefined || deadLetterUrl === undefined)
    throw new CliError(`stack ${queues.name} has no retry queue: it was deployed with RETRY_QUEUE=false`);
  return { queueUrl, deadLetterUrl };
}
