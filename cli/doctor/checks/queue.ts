import { failed, skipped, toResult, type Check } from '../check.ts';

/** Deliveries that were not finished are redelivered, and none was given up. */
export const queueCheck: Check = {
  name: 'queue',
  async run(installation, signal) {
    const { deployment, name } = installation.source;
    if (deployment === undefined) return skipped('the local run keeps no messages');
    const environment = (await installation.environments(signal)).get('receiver');
    const url = environment?.['RETRY_QUEUE_URL'];
    if (!url) return skipped('this deployment has no retry queue');
    const { waiting, deadLetters } = await deployment.queue(url, signal);
    if (deadLetters === undefined) {
      const fact = 'the retry queue has no dead-letter queue, so that messages are lost';
      return failed(fact, 'Deploy again: the stack has one.');
    }
    const fact = `${deadLetters} message(s) in the dead-letter queue`;
    const advice = `npm run redrive -- --stack ${name} shows why, and sends them back.`;
    return toResult(deadLetters === 0 ? [] : [{ fact, advice }], `${waiting} waiting, no dead letters`);
  },
};
