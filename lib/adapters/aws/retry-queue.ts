import type { RetryQueue } from '../../app/ports.ts';

/** Opens the retry queue. Its client is loaded at the first use: most environments of the receiver never queue anything. */
export function openRetryQueue(queueUrl: string): RetryQueue {
  let loading: Promise<RetryQueue> | undefined;
  const load = async (): Promise<RetryQueue> => {
    const { SqsRetryQueue } = await import('./sqs-retry-queue.ts');
    return new SqsRetryQueue(queueUrl);
  };
  return { send: async (...request) => (await (loading ??= load())).send(...request) };
}
