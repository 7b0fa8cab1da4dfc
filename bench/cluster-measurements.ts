import { RECEIVER, RECONCILER } from '../tests/cluster/functions/cluster-testbed.ts';
import type { RoleName } from '../tests/cluster/functions/service-account.ts';
import { GrowingCluster } from './growing-cluster.ts';
import { LambdaProcesses, type ProcessReport } from './lambda-process.ts';
import type { BenchTask } from './measured-function.ts';
import {
  countShared,
  LARGE_PROJECT,
  promotionName,
  repositoryOf,
  SHARED_REPOSITORY,
  warehouseName,
} from './sample-objects.ts';
import type { BenchSizes } from './sizes.ts';

/** How the receiver finds the objects that a push affects. */
type Lookup = 'index' | 'listing';

/** One row of results. */
export interface Result {
  readonly what: string;
  /** Objects of the kind that is looked up, or receivers. */
  readonly count: number;
  readonly report: ProcessReport;
}

/** Deliveries of one series, over a growing number of objects. */
export interface DeliveryResult extends Result {
  readonly lookup: Lookup;
}

export interface ClusterResults {
  readonly warehouseBytes: number;
  readonly deliveries: readonly DeliveryResult[];
  readonly pullRequests: readonly Result[];
  readonly unknownPaths: Result;
  /** With the largest number of Warehouses, all unchanged. */
  readonly reconciler: readonly Result[];
}

/** Long enough for the cached head of the index to expire. */
const APART_MS = 5_000;

/** Two cycles of what the reconciler does not do in every run. */
const RECONCILER_RUNS = 10;
const RUN_INTERVAL_MS = 60_000;

const RECEIVERS = [
  ['a project', LARGE_PROJECT],
  ['the ClusterConfig', ''],
] as const;

/** Measures the functions on a real cluster API that grows from one measurement to the next. */
export async function measureOnCluster(
  sizes: BenchSizes,
  progress: (message: string) => void,
): Promise<ClusterResults> {
  const processes = new LambdaProcesses();
  const cluster = await GrowingCluster.start(Math.max(...sizes.receivers));
  try {
    await processes.prepare();
    return await new ClusterBench(cluster, processes, progress).run(sizes);
  } finally {
    processes.close();
    await cluster.close();
  }
}

class ClusterBench {
  readonly #cluster: GrowingCluster;
  readonly #processes: LambdaProcesses;
  readonly #progress: (message: string) => void;

  constructor(cluster: GrowingCluster, processes: LambdaProcesses, progress: (message: string) => void) {
    this.#cluster = cluster;
    this.#processes = processes;
    this.#progress = progress;
  }

  async run(sizes: BenchSizes): Promise<ClusterResults> {
    const deliveries: DeliveryResult[] = [];
    const largest = Math.max(...sizes.warehouses);
    await this.#cluster.growProjects(Math.min(...sizes.receivers));
    for (const count of sizes.warehouses) {
      this.#progress(`creating ${count} Warehouses`);
      await this.#cluster.growWarehouses(count);
      await this.#cluster.deleteIndex();
      deliveries.push(...(await this.#deliveries(count, 'listing', 0)));
      await this.#settle();
      if (!(await this.#cluster.hasIndex())) continue;
      deliveries.push(...(await this.#deliveries(count, 'index', 0)));
      deliveries.push(...(await this.#deliveries(count, 'index', APART_MS)));
    }
    deliveries.push(await this.#sharedPush(largest));
    return {
      warehouseBytes: await this.#cluster.warehouseBytes(),
      deliveries,
      unknownPaths: await this.#unknownPaths(sizes.unknownPaths),
      pullRequests: await this.#pullRequests(sizes.promotions),
      reconciler: await this.#reconciler(sizes.receivers),
    };
  }

  async #deliveries(count: number, lookup: Lookup, apartMs: number): Promise<DeliveryResult[]> {
    const results: DeliveryResult[] = [];
    for (const [name, project] of RECEIVERS) {
      const what = `push to a receiver of ${name}${describeGap(apartMs)}`;
      const report = await this.#measure(what, RECEIVER, {
        ...pushTask(project, repositoryOf(0), 1),
        apartMs,
      });
      results.push({ what, count, lookup, report });
    }
    return results;
  }

  /** A push that affects many Warehouses. */
  async #sharedPush(count: number): Promise<DeliveryResult> {
    const affected = countShared(count);
    const what = `push to a receiver of the ClusterConfig, ${affected} refreshed`;
    const report = await this.#measure(what, RECEIVER, pushTask('', SHARED_REPOSITORY, affected));
    const lookup = (await this.#cluster.hasIndex()) ? 'index' : 'listing';
    return { what, count, lookup, report };
  }

  async #pullRequests(counts: readonly number[]): Promise<Result[]> {
    const results: Result[] = [];
    for (const count of counts) {
      this.#progress(`creating ${count} Promotions`);
      await this.#cluster.growPromotions(count);
      for (const [name, project] of RECEIVERS) {
        const what = `closed pull request to a receiver of ${name}`;
        const report = await this.#measure(what, RECEIVER, {
          kind: 'deliveries',
          project,
          event: { pullRequest: 0 },
          answer: 'refreshed 1 promotion(s)',
          patched: { plural: 'promotions', name: promotionName(1) },
          namespace: LARGE_PROJECT,
          apartMs: 0,
        });
        results.push({ what, count, report });
      }
    }
    return results;
  }

  async #unknownPaths(requests: number): Promise<Result> {
    const what = 'unsigned requests to unknown paths';
    const report = await this.#measure(what, RECEIVER, { kind: 'unknown-paths', requests });
    return { what, count: requests, report };
  }

  async #reconciler(counts: readonly number[]): Promise<Result[]> {
    const results: Result[] = [];
    for (const count of counts) {
      this.#progress(`creating ${count} receivers`);
      await this.#cluster.growProjects(count);
      await this.#settle();
      const what = 'run of the reconciler, nothing changed';
      const task = { kind: 'reconcile', runs: RECONCILER_RUNS, apartMs: RUN_INTERVAL_MS } as const;
      results.push({ what, count, report: await this.#measure(what, RECONCILER, task) });
    }
    return results;
  }

  /** Runs the reconciler until it has nothing to write. */
  async #settle(): Promise<void> {
    const task = { kind: 'reconcile', runs: 2, apartMs: RUN_INTERVAL_MS } as const;
    await this.#measure('run of the reconciler, to settle', RECONCILER, task);
  }

  async #measure(what: string, role: RoleName, task: BenchTask): Promise<ProcessReport> {
    const { testbed } = this.#cluster;
    testbed.writeKubeconfig(role, testbed.tokens[role]);
    const report = await this.#processes.run(task);
    this.#progress(`${what}: ${report.rest.p50Ms.toFixed(1)} ms`);
    return report;
  }
}

function pushTask(project: string, repository: string, affected: number) {
  return {
    kind: 'deliveries',
    project,
    event: { push: repository },
    answer: `refreshed ${affected} warehouse(s)`,
    patched: { plural: 'warehouses', name: warehouseName(1) },
    namespace: LARGE_PROJECT,
    apartMs: 0,
  } as const;
}

function describeGap(apartMs: number): string {
  return apartMs === 0 ? '' : `, ${apartMs / 1000} s apart`;
}
