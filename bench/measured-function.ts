import { randomBytes } from 'node:crypto';
import { mock } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { connectToCluster } from '../lib/adapters/kubernetes/cluster-connection.ts';
import { KargoApi } from '../lib/adapters/kubernetes/kargo-api.ts';
import { SecretsManager } from '../lib/adapters/aws/secrets-manager.ts';
import { readSettings, requireCluster } from '../lib/adapters/settings/settings.ts';
import { deliver, lambdaContext } from '../tests/support/deliver.ts';
import { cloudPullRequest, cloudPush } from '../tests/support/payloads.ts';
import { ExchangeMeter, meanExchanges, type Exchanges } from './exchange-meter.ts';

/** What one process measures. */
export type BenchTask =
  | {
      /** Deliveries in turns with bare PATCHes, so that the ratio of the two does not depend on other load. */
      readonly kind: 'deliveries';
      readonly project: string;
      readonly event: { readonly push: string } | { readonly pullRequest: number };
      readonly answer: string;
      /** The object of the bare PATCHes, of the kind that the delivery refreshes. */
      readonly patched: { readonly plural: 'warehouses' | 'promotions'; readonly name: string };
      readonly namespace: string;
      /** Time from one delivery to the next, by the clock that caches read. */
      readonly apartMs: number;
    }
  | { readonly kind: 'reconcile'; readonly runs: number; readonly apartMs: number }
  | { readonly kind: 'unknown-paths'; readonly requests: number };

/** Times and traffic of one kind of round. */
export interface Measurement {
  readonly rounds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly totalMs: number;
  /** Mean CPU time of a round, of all threads. */
  readonly cpuMs: number;
  /** Mean of a round. */
  readonly exchanges: Exchanges;
}

export interface Report {
  /** The first round, with what a cold start leaves to it. */
  readonly first: Measurement;
  readonly rest: Measurement;
  /** One bare PATCH; absent where none was measured. */
  readonly patch?: Measurement;
  /** Highest resident memory of the process, in MB. */
  readonly peakMb: number;
}

/** Limits of a measurement: it ends after enough rounds, or after enough time and a few rounds. */
interface Limits {
  readonly rounds: number;
  readonly ms: number;
}

const MIN_ROUNDS = 3;
const LIMITS: Limits = { rounds: 200, ms: 8_000 };

/** The JIT compiler and the connection are warm after these. */
const WARM_UP: Limits = { rounds: 20, ms: 2_000 };

/** The clock is moved no further, because the lookup index would be stale then. */
const MAX_SHIFT_MS = 150_000;

type Round = () => Promise<void>;

const meter = new ExchangeMeter();

process.once('message', (task: BenchTask) => {
  void runTask(task).then((measured) => {
    const report: Report = { ...measured, peakMb: process.resourceUsage().maxRSS / 1024 };
    process.send?.(report, () => process.exit());
  });
});

async function runTask(task: BenchTask): Promise<Omit<Report, 'peakMb'>> {
  switch (task.kind) {
    case 'deliveries':
      return measureDeliveries(task);
    case 'reconcile':
      return measureReconcile(task);
    case 'unknown-paths':
      return measureUnknownPaths(task.requests);
    default:
      return task satisfies never;
  }
}

async function measureDeliveries(
  task: Extract<BenchTask, { kind: 'deliveries' }>,
): Promise<Omit<Report, 'peakMb'>> {
  const { handler } = await import('../functions/receiver.ts');
  const { project, event, apartMs, patched, namespace } = task;
  const wanted = JSON.stringify({ status: 200, body: { msg: task.answer } });
  const send: Round = async () => {
    const options =
      'push' in event
        ? { payload: cloudPush(event.push) }
        : { event: 'pullrequest:fulfilled', payload: cloudPullRequest(event.pullRequest) };
    const answer = JSON.stringify(await deliver(handler, { project, ...options }));
    if (answer !== wanted) throw new Error(`${answer}, not ${wanted}`);
  };
  const cluster = connectToCluster(requireCluster(readSettings(process.env)), new SecretsManager(), {
    attemptTimeoutMs: 10_000,
  });
  const kargo = new KargoApi(cluster);
  const patch: Round = async () => {
    const body = { metadata: { annotations: { 'kargo.akuity.io/refresh': new Date().toISOString() } } };
    const signal = AbortSignal.timeout(10_000);
    const result = await kargo.patch(patched.plural, namespace, patched.name, body, signal);
    if (result !== 'patched') throw new Error(result);
  };
  const first = await measure([send], { rounds: 1, ms: Infinity });
  await measure([patch, send], WARM_UP);
  const clock = new ShiftedClock();
  const sendLater: Round = () => {
    clock.advance(apartMs);
    return send();
  };
  const rounds = apartMs === 0 ? LIMITS.rounds : Math.min(LIMITS.rounds, MAX_SHIFT_MS / apartMs);
  const [patches, rest] = await measure([patch, sendLater], { ...LIMITS, rounds });
  return { first: first[0]!, rest: rest!, patch: patches! };
}

async function measureReconcile({
  runs,
  apartMs,
}: Extract<BenchTask, { kind: 'reconcile' }>): Promise<Omit<Report, 'peakMb'>> {
  const { handler } = await import('../functions/reconciler.ts');
  const run: Round = async () => void (await handler({}, lambdaContext({ remainingMs: 60_000 })));
  const clock = new ShiftedClock();
  const runLater: Round = () => {
    clock.advance(apartMs);
    return run();
  };
  const [first] = await measure([run], { rounds: 1, ms: Infinity });
  const [rest] = await measure([runLater], { rounds: runs, ms: Infinity });
  return { first: first!, rest: rest! };
}

async function measureUnknownPaths(requests: number): Promise<Omit<Report, 'peakMb'>> {
  const { handler } = await import('../functions/receiver.ts');
  const send: Round = async () => {
    const path = `/bitbucket/${randomBytes(32).toString('hex')}`;
    const { status } = await deliver(handler, { path, signature: null });
    if (status !== 404) throw new Error(`the answer is ${status}`);
  };
  const [first] = await measure([send], { rounds: 1, ms: Infinity });
  const [rest] = await measure([send], { rounds: requests, ms: Infinity });
  return { first: first!, rest: rest! };
}

/** Measures rounds of different kinds in turns. Returns a measurement for each kind. */
async function measure(kinds: readonly Round[], limits: Limits): Promise<Measurement[]> {
  const samples = kinds.map(() => ({ ms: [] as number[], cpuMs: 0, exchanges: [] as Exchanges[] }));
  const end = performance.now() + limits.ms;
  for (let round = 0; round < limits.rounds; round += 1) {
    if (round >= MIN_ROUNDS && performance.now() > end) break;
    for (const [index, act] of kinds.entries()) {
      const before = meter.read();
      const cpu = process.cpuUsage();
      const start = performance.now();
      await act();
      const sample = samples[index]!;
      sample.ms.push(performance.now() - start);
      // As between two events of Lambda: what this one leaves to do is not part of the next one's time.
      await setImmediate();
      const { user, system } = process.cpuUsage(cpu);
      sample.cpuMs += (user + system) / 1_000;
      sample.exchanges.push(meanExchanges(before, meter.read(), 1));
    }
  }
  return samples.map(({ ms, cpuMs, exchanges }) => {
    const sorted = ms.toSorted((a, b) => a - b);
    const quantile = (part: number): number => sorted[Math.floor(sorted.length * part)] ?? Number.NaN;
    const rounds = ms.length;
    return {
      rounds,
      p50Ms: quantile(0.5),
      p99Ms: quantile(0.99),
      maxMs: sorted.at(-1) ?? Number.NaN,
      totalMs: ms.reduce((sum, one) => sum + one, 0),
      cpuMs: cpuMs / rounds,
      exchanges: meanOf(exchanges),
    };
  });
}

function meanOf(exchanges: readonly Exchanges[]): Exchanges {
  const sum = (value: (one: Exchanges) => number): number =>
    exchanges.reduce((total, one) => total + value(one), 0) / exchanges.length;
  const kinds = [...new Set(exchanges.flatMap(({ calls }) => Object.keys(calls)))].toSorted();
  return {
    calls: Object.fromEntries(kinds.map((kind) => [kind, sum(({ calls }) => calls[kind] ?? 0)])),
    secrets: sum(({ secrets }) => secrets),
    bytesIn: sum(({ bytesIn }) => bytesIn),
    bytesOut: sum(({ bytesOut }) => bytesOut),
  };
}

/** Moves the clock that this process reads forward, so that a measurement need not wait until a cache expires. */
class ShiftedClock {
  #isShifted = false;

  advance(milliseconds: number): void {
    if (milliseconds === 0) return;
    if (this.#isShifted) mock.timers.setTime(Date.now() + milliseconds);
    else mock.timers.enable({ apis: ['Date'], now: Date.now() + milliseconds });
    this.#isShifted = true;
  }
}
