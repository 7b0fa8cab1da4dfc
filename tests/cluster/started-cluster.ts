import type { ApiTarget } from './api-client.ts';
import { startRealCluster, type RealCluster } from './real-cluster.ts';

/** Environment variable that passes the started cluster to the processes in which jest runs the tests. */
const VARIABLE = 'TEST_CLUSTER';

let cluster: RealCluster | undefined;

/** Jest's globalSetup: starts one real cluster API for all tests of this run. Where it cannot, prints the reason in one line. */
export async function start(): Promise<void> {
  try {
    cluster = await startRealCluster();
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    process.exit(1);
  }
  const { url, token, ca, kubeconfig } = cluster;
  process.env[VARIABLE] = JSON.stringify({ url, token, ca, kubeconfig });
}

/** Jest's globalTeardown. */
export async function stop(): Promise<void> {
  await cluster?.stop();
}

/** The cluster API that was started for this run, with the administrator's token. */
export function startedCluster(): ApiTarget & { ca: string; kubeconfig: string } {
  const started = process.env[VARIABLE];
  if (started === undefined)
    throw new Error('no cluster was started. Run these tests with npm run test:cluster');
  return JSON.parse(started);
}
