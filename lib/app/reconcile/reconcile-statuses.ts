import pLimit from 'p-limit';
import type { BaseUrl } from '../../core/kargo/receiver-path.ts';
import type { StatusFacts } from '../../core/kargo/receiver-readiness.ts';
import { planStatus } from '../../core/kargo/receiver-status.ts';
import { usableReceivers, type ReceiverConfig } from '../../core/kargo/receiver.ts';
import type { Clock, ConfigStatuses, Log, ReceiverSecrets } from '../ports.ts';
import { readSecrets } from './read-secrets.ts';

/** Status writes that run side by side. */
const SIDE_BY_SIDE = 8;

/** How often a status is planned anew after somebody else wrote it in between, before it is left to the next run. */
const MAX_CONFLICTS = 3;

export interface StatusDeps {
  readonly statuses: ConfigStatuses;
  readonly secrets: ReceiverSecrets;
  readonly base: BaseUrl;
  readonly clock: Clock;
  readonly log: Log;
}

type Facts = Pick<StatusFacts, 'secretOf' | 'unrouted'>;

export interface ReconciledStatuses {
  readonly written: number;
  readonly failures: readonly string[];
}

/** Makes the statuses of these configs right, side by side; a config that cannot be written costs the others nothing. */
export async function reconcileStatuses(
  deps: StatusDeps,
  configs: readonly ReceiverConfig[],
  facts: Facts,
  signal: AbortSignal,
): Promise<ReconciledStatuses> {
  const failures: string[] = [];
  let written = 0;
  const reconcile = async (config: ReceiverConfig): Promise<void> => {
    try {
      if (await reconcileStatus(deps, config, facts, signal)) written += 1;
      for (const receiver of usableReceivers(config)) {
        const reading = facts.secretOf(receiver);
        if (reading.kind === 'fault' && reading.fault === 'unreadable') {
          failures.push(`${describe(config)}: ${reading.reason}`);
        }
      }
    } catch (error) {
      failures.push(`${describe(config)}: its status could not be written`);
      deps.log.error('status could not be written', { config: describe(config), error });
    }
  };
  const limit = pLimit(SIDE_BY_SIDE);
  await Promise.all(configs.map((config) => limit(reconcile, config)));
  return { written, failures };
}

/** Tells whether a status was written. */
async function reconcileStatus(
  { statuses, secrets, base, clock, log }: StatusDeps,
  listed: ReceiverConfig,
  { secretOf: listedSecretOf, unrouted }: Facts,
  signal: AbortSignal,
): Promise<boolean> {
  let config = listed;
  let secretOf = listedSecretOf;
  for (let conflicts = 0; conflicts <= MAX_CONFLICTS; conflicts += 1) {
    const plan = planStatus(config, { secretOf, unrouted, base, now: clock() });
    if (!plan.changed) return false;
    const result = await statuses.write(config, plan, signal);
    if (result === 'written') {
      const receivers = plan.webhookReceivers.length;
      log.info('status written', { config: describe(config), receivers, faults: plan.faults });
      return true;
    }
    const read = result === 'conflict' ? await statuses.read(config, signal) : undefined;
    if (read === undefined) return false;
    config = read;
    secretOf = await readSecrets(secrets, [config], signal);
  }
  throw new Error(`others wrote it ${MAX_CONFLICTS + 1} times while it was planned`);
}

function describe({ kind, namespace, name }: ReceiverConfig): string {
  return namespace === '' ? `${kind} ${name}` : `${kind} ${namespace}/${name}`;
}
