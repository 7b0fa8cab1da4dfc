import { publisherOf } from '../../../lib/core/kargo/receiver-readiness.ts';
import { receiverAddress, type BaseUrl } from '../../../lib/core/kargo/receiver-path.ts';
import { RECEIVERS_CONDITION } from '../../../lib/core/kargo/receiver-status.ts';
import { toResult, type Check, type Problem } from '../check.ts';
import { nameOf, type KnownReceiver } from '../installation.ts';

/** The URLs in the statuses are those of the current secrets. */
export const statusesCheck: Check = {
  name: 'status URLs',
  async run(installation, signal) {
    const { base } = await installation.settings(signal);
    const receivers = await installation.receivers(signal);
    return toResult(
      receivers.flatMap((receiver) => problemOf(receiver, base)),
      `${receivers.length} published`,
    );
  },
};

function problemOf({ receiver, config, hashes }: KnownReceiver, base: BaseUrl): Problem[] {
  const entry = config.status.webhookReceivers.find(({ name }) => name === receiver.name);
  // Two servers that publish one receiver have a check of their own.
  if (entry !== undefined && publisherOf(entry, base).kind === 'elsewhere') return [];
  const expected = hashes.current === undefined ? undefined : receiverAddress(base, hashes.current);
  if (expected !== undefined && entry?.path === expected.path && entry?.['url'] === expected.url) return [];
  const condition = config.status.conditions.find(({ type }) => type === RECEIVERS_CONDITION);
  const what = entry === undefined ? 'has no URL' : 'has the URL of another secret';
  const isExplained = condition?.['status'] === 'False';
  const fact = `${nameOf(receiver)} ${what}${isExplained ? `: ${String(condition['message'])}` : ''}`;
  const advice = isExplained
    ? 'Do what the condition says. The reconciler writes the URL within a minute.'
    : 'The reconciler should have written it within a minute: see its alarms and its log.';
  return [{ fact, advice }];
}
