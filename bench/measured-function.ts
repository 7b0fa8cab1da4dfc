import { connectToKargo } from '../lib/adapters/kubernetes/kargo-api.ts';
import { SecretsManager } from '../lib/adapters/aws/secrets-manager.ts';
import { readSettings, requireCluster } from '../lib/adapters/settings/settings.ts';
import { deliver, lambdaContext } from '../tests/support/deliver.ts';
import { cloudPush } from '../tests/support/payloads.ts';
import { ExchangeMeter, type Exchanges } from './exchange-meter.ts';

/** The measurement of one process. */
export type BenchTask =
  | { readonly kind: 'patch'; readonly namespace: string; readonly name: string }
  | { readonly kind: 'reconcile'; readonly writes: number }
  | {
      readonly kind: 'delivery';
      readonly project: string;
      readonly repository: string;
      readonly affected: number;
      readonly rounds: number;
    };

interface Measurement {
  readonly name: string;
  /** Median of the rounds. */
  readonly ms: number;
  /** Mean of one round. */
  readonly exchanges: Exchanges;
}

export interface Report {
  readonly measurements: readonly Measurement[];
  /** Highest resident memory of the process, in MB. */
  readonly peakMb: number;
}

const PATCHES = 200;
const SETTLED_RUNS = 3;

const meter = new ExchangeMeter();
const measurements: Measurement[] = [];

process.once('message', (task: BenchTask) => {
  void runTask(task).then(() => {
    const report: Report = { measurements, peakMb: process.resourceUsage().maxRSS / 1024 };
    process.send?.(report, () => process.exit());
  });
});

async function runTask(task: BenchTask): Promise<void> {
  if (task.kind === 'patch') return measurePatch(task);
  if (task.kind === 'reconcile') return measureReconcile(task);
  return measureDelivery(task);
}

/** Measures the unit of all other measurements: one PATCH, by itself, over a kept connection. */
async function measurePatch({ namespace, name }: Extract<BenchTask, { kind: 'patch' }>): Promise<void> {
  const kargo = connectToKargo(requireCluster(readSettings(process.env)), new SecretsManager(), {
    attemptTimeoutMs: 10_000,
  });
  const patch = async (): Promise<void> => {
    const body = { metadata: { annotations: { 'kargo.akuity.io/refresh': new Date().toISOString() } } };
    const result = await kargo.patch('warehouses', namespace, name, body, AbortSignal.timeout(10_000));
    if (result !== 'patched') throw new Error(result);
  };
  for (let round = 0; round < PATCHES; round += 1) await patch();
  await measure('one bare PATCH', PATCHES, patch);
}

async function measureReconcile({ writes }: Extract<BenchTask, { kind: 'reconcile' }>): Promise<void> {
  const { handler } = await import('../functions/reconciler.ts');
  const run = async (expected: number): Promise<void> => {
    const { written } = await handler({}, lambdaContext({ remainingMs: 60_000 }));
    if (written !== expected) throw new Error(`${written} statuses were written, not ${expected}`);
  };
  await measure(`reconcile: ${writes} statuses to write`, 1, () => run(writes));
  await measure('reconcile: nothing to write', SETTLED_RUNS, () => run(0));
}

async function measureDelivery(task: Extract<BenchTask, { kind: 'delivery' }>): Promise<void> {
  const { project, repository, affected, rounds } = task;
  const { handler } = await import('../functions/receiver.ts');
  const send = async (): Promise<void> => {
    const answer = await deliver(handler, { project, payload: cloudPush(repository) });
    const wanted = { status: 200, body: { msg: `refreshed ${affected} warehouse(s)` } };
    if (JSON.stringify(answer) !== JSON.stringify(wanted)) throw new Error(JSON.stringify(answer));
  };
  const what = `delivery, ${project ? 'one project' : 'all projects'}, ${affected} refreshed`;
  await measure(`${what}: the first`, 1, send);
  await measure(what, rounds, send);
}

async function measure(name: string, rounds: number, act: () => Promise<void>): Promise<void> {
  const before = meter.read();
  const times: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const start = performance.now();
    await act();
    times.push(performance.now() - start);
  }
  const after = meter.read();
  const ofOne = (sum: keyof Exchanges): number => (after[sum] - before[sum]) / rounds;
  measurements.push({
    name,
    ms: times.toSorted((a, b) => a - b)[Math.floor(rounds / 2)] ?? Number.NaN,
    exchanges: { calls: ofOne('calls'), bytesIn: ofOne('bytesIn'), bytesOut: ofOne('bytesOut') },
  });
}
