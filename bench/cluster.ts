import { availableParallelism } from 'node:os';
import { DEFAULTS } from '../infra/constants.ts';
import { RECEIVER, RECONCILER, type ClusterTestbed } from '../tests/cluster/functions/cluster-testbed.ts';
import type { RoleName } from '../tests/cluster/functions/service-account.ts';
import { startFilledCluster, warehouseBytes } from './filled-cluster.ts';
import { LambdaProcesses } from './lambda-process.ts';
import type { Report, BenchTask } from './measured-function.ts';
import { countAffected, projectName, SHARED_REPOSITORY, type SampleSize } from './sample-objects.ts';

const size: SampleSize = {
  projects: Number(process.env['BENCH_PROJECTS'] ?? 1_000),
  warehouses: Number(process.env['BENCH_WAREHOUSES'] ?? 2_000),
};

const SERVICE = 'acme/service-0';

/** Repetitions of a delivery. The first delivery, after a cold start, is measured separately. */
const ROUNDS = 10;

const delivery = (project: string, repository: string, affected: number): BenchTask => ({
  kind: 'delivery',
  project,
  repository,
  affected,
  rounds: ROUNDS,
});

/** Each runs in its own process, with the rights of its function. */
const BENCH_TASKS: readonly (readonly [role: RoleName, task: BenchTask])[] = [
  [RECEIVER, { kind: 'patch', namespace: projectName(0), name: 'warehouse-0' }],
  // The ProjectConfigs and the ClusterConfig.
  [RECONCILER, { kind: 'reconcile', writes: size.projects + 1 }],
  [RECEIVER, delivery(projectName(0), SERVICE, countAffected(size, SERVICE, 0))],
  [RECEIVER, delivery('', SERVICE, countAffected(size, SERVICE))],
  [RECEIVER, delivery('', SHARED_REPOSITORY, countAffected(size, SHARED_REPOSITORY))],
];

console.log(`filling a cluster with ${size.projects} ProjectConfigs and ${size.warehouses} Warehouses`);
const processes = new LambdaProcesses();
const testbed = await startFilledCluster(size);
try {
  await processes.prepare();
  console.log(
    `a Warehouse has ${await warehouseBytes(testbed)} bytes; ${availableParallelism()} cores in all\n`,
  );
  await measureAll(testbed);
} finally {
  processes.close();
  await testbed.close();
}

async function measureAll(cluster: ClusterTestbed): Promise<void> {
  printRow('', 'ms', 'x PATCH', 'API calls', 'KB in', 'KB out', 'peak MB');
  let unit = Number.NaN;
  for (const [role, task] of BENCH_TASKS) {
    cluster.writeKubeconfig(role, cluster.tokens[role]);
    const report = await processes.run(task);
    if (task.kind === 'patch') unit = report.measurements[0]?.ms ?? unit;
    print(report, unit);
    if (report.peakMb > DEFAULTS.memorySize) {
      console.log(`peak memory exceeds the ${DEFAULTS.memorySize} MB of the function`);
      process.exitCode = 1;
    }
  }
}

function print({ measurements, peakMb }: Report, unit: number): void {
  for (const { name, ms, exchanges } of measurements) {
    printRow(
      name,
      ms.toFixed(ms < 100 ? 1 : 0),
      (ms / unit).toFixed(1),
      exchanges.calls.toFixed(0),
      (exchanges.bytesIn / 1000).toFixed(1),
      (exchanges.bytesOut / 1000).toFixed(1),
      peakMb.toFixed(0),
    );
  }
}

function printRow(name: string, ...figures: readonly string[]): void {
  console.log(name.padEnd(52) + figures.map((figure) => figure.padStart(10)).join(''));
}
