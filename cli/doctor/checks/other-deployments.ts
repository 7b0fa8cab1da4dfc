import { publisherOf } from '../../../lib/core/kargo/receiver-readiness.ts';
import { toResult, type Check } from '../check.ts';
import { nameOf } from '../installation.ts';

/** No other server publishes the same receivers. */
export const otherDeploymentsCheck: Check = {
  name: 'other deployments',
  async run(installation, signal) {
    const { base } = await installation.settings(signal);
    const receivers = await installation.receivers(signal);
    const problems = receivers.flatMap(({ receiver, config }) => {
      const entries = config.status.webhookReceivers.filter(({ name }) => name === receiver.name);
      const other = entries
        .map((entry) => publisherOf(entry, base))
        .find((publisher) => publisher.kind === 'elsewhere');
      if (other === undefined) return [];
      const fact = `${nameOf(receiver)} is published at ${other.base}`;
      const advice =
        'Let only one serve the project: PROJECTS of the deployments, or docs/migrating-from-kargo.md.';
      return [{ fact, advice }];
    });
    return toResult(problems, 'no other server publishes these receivers');
  },
};
