import pLimit from 'p-limit';
import type { BaseUrl } from '../core/receiver-path.ts';
import { planStatus, type SecretReading } from '../core/receiver-status.ts';
import { usableReceivers, type Receiver, type ReceiverConfig } from '../core/receiver.ts';
import type { Clock, ConfigStatuses, Log, ReceiverConfigs, ReceiverSecrets } from './ports.ts';

/** Status writes that run side by side. */
const SIDE_BY_SIDE = 8;

/** How often a status is planned anew after somebody else wrote it in between, before it is left to the next run. */
const MAX_CONFLICTS = 3;

export interface ReconcileParts {
  readonly configs: ReceiverConfigs;
  readonly statuses: ConfigStatuses;
  readonly secrets: ReceiverSecrets;
  readonly base: BaseUrl;
  readonly clock: Clock;
  readonly log: Log;
}

export interface ReconcileResult {
  readonly configs: number;
  readonly written: number;
  /** What could not be made right and is no mistake of a receiver's owner, one line each; empty when all is well. */
  readonly failures: readonly string[];
}

type SecretOf = (receiver: Receiver) => SecretReading;

/**
 * Makes the Bitbucket entries of every status right, and writes only where something differs, so that it can run at any time and any
 * number of times. One config that cannot be reconciled never stops the others. A receiver whose secret is missing, empty or
 * malformed is told to its owner in the condition and is no failure of the run. Raises `Unavailable` where configs or secrets
 * cannot be read at all.
 */
export async function reconcileReceivers(
  parts: ReconcileParts,
  signal: AbortSignal,
): Promise<ReconcileResult> {
  const { configs, unreadable } = await parts.configs.list(signal);
  const secretOf = await readSecrets(parts, configs, signal);
  const failures = [...unreadable];
  let written = 0;
  const reconcile = async (config: ReceiverConfig): Promise<void> => {
    try {
      if (await reconcileConfig(parts, config, secretOf, signal)) written += 1;
      for (const receiver of usableReceivers(config)) {
        const reading = secretOf(receiver);
        if (reading.kind === 'fault' && reading.fault === 'unreadable')
          failures.push(`${describe(config)}: ${reading.reason}`);
      }
    } catch (error) {
      failures.push(`${describe(config)}: its status could not be written`);
      parts.log.error('status could not be written', { config: describe(config), error });
    }
  };
  const limit = pLimit(SIDE_BY_SIDE);
  await Promise.all(configs.map((config) => limit(reconcile, config)));
  return { configs: configs.length, written, failures };
}

/** Tells whether a status was written. */
async function reconcileConfig(
  parts: ReconcileParts,
  listed: ReceiverConfig,
  listedSecretOf: SecretOf,
  signal: AbortSignal,
): Promise<boolean> {
  let config = listed;
  let secretOf = listedSecretOf;
  for (let conflicts = 0; conflicts <= MAX_CONFLICTS; conflicts += 1) {
    const plan = planStatus(config, secretOf, parts.base, parts.clock());
    if (!plan.changed) return false;
    const result = await parts.statuses.write(config, plan, signal);
    if (result === 'written') {
      const about = {
        config: describe(config),
        receivers: plan.webhookReceivers.length,
        faults: plan.faults,
      };
      parts.log.info('status written', about);
      return true;
    }
    const read = result === 'conflict' ? await parts.statuses.read(config, signal) : undefined;
    if (read === undefined) return false;
    config = read;
    secretOf = await readSecrets(parts, [config], signal);
  }
  throw new Error(`others wrote it ${MAX_CONFLICTS + 1} times while it was planned`);
}

async function readSecrets(
  { secrets }: ReconcileParts,
  configs: readonly ReceiverConfig[],
  signal: AbortSignal,
): Promise<SecretOf> {
  const receivers = configs.flatMap(usableReceivers);
  const readings = await secrets.read(receivers, 'store', signal);
  const byReceiver = new Map(receivers.map((receiver, index) => [receiver, readings[index]]));
  return (receiver) => {
    const reading = byReceiver.get(receiver);
    if (reading === undefined) throw new Error(`the secret of receiver "${receiver.name}" was not read`);
    return reading;
  };
}

function describe({ kind, namespace, name }: ReceiverConfig): string {
  return namespace === '' ? `${kind} ${name}` : `${kind} ${namespace}/${name}`;
}
