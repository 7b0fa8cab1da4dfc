import type { Context } from 'aws-lambda';
import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import { logMetrics } from '@aws-lambda-powertools/metrics/middleware';
import middy from '@middy/core';
import { ApiGatewayRoutes } from '../lib/adapters/aws/api-gateway-routes.ts';
import { ChangedReceiverSecrets } from '../lib/adapters/aws/changed-receiver-secrets.ts';
import { StoredReceiverSecrets } from '../lib/adapters/aws/receiver-secrets.ts';
import { compileSecretNameTemplate, fixedPrefixOf } from '../lib/adapters/aws/secret-ids.ts';
import { SecretReceiverCopy } from '../lib/adapters/aws/secret-receiver-copy.ts';
import { SecretsManager } from '../lib/adapters/aws/secrets-manager.ts';
import { connectToCluster } from '../lib/adapters/kubernetes/cluster-connection.ts';
import { IndexConfigMaps } from '../lib/adapters/kubernetes/index-config-maps.ts';
import { KargoApi } from '../lib/adapters/kubernetes/kargo-api.ts';
import { KargoReceiverConfigs } from '../lib/adapters/kubernetes/receiver-configs.ts';
import {
  KargoIndexableWarehouses,
  KargoRefreshableObjects,
} from '../lib/adapters/kubernetes/refreshable-objects.ts';
import { createLog, createLogger } from '../lib/adapters/observability/logging.ts';
import { createMetrics, latencyRecorder, recordReconcileRun } from '../lib/adapters/observability/metrics.ts';
import { readSettings, requireCluster } from '../lib/adapters/settings/settings.ts';
import { ReceiverCopier } from '../lib/app/reconcile/copy-receivers.ts';
import { IndexPublisher } from '../lib/app/reconcile/publish-index.ts';
import { reconcileReceivers, type ReconcileResult } from '../lib/app/reconcile/reconcile-receivers.ts';
import { ReconcilerMemory } from '../lib/app/reconcile/reconciler-memory.ts';
import { indexNames } from '../lib/core/kargo/lookup-index/index-head.ts';
import { isServedProject } from '../lib/core/kargo/project-patterns.ts';

/** A run ends before the next one, a minute later. */
const BUDGET_MS = 50_000;

/** Part of the function's own timeout that is kept for the end of the run. */
const END_RESERVE_MS = 500;

/** A cluster under load may take long for a page of configs. */
const ATTEMPT_TIMEOUT_MS = 15_000;

/** Failures in the run's error, which Lambda writes in one log line. The others have lines of their own. */
const MAX_NAMED_FAILURES = 10;

const settings = readSettings(process.env);
const logger = createLogger('reconciler');
const store = new SecretsManager();
const metrics = createMetrics('reconciler');
const cluster = connectToCluster(requireCluster(settings), store, {
  attemptTimeoutMs: ATTEMPT_TIMEOUT_MS,
  recordLatency: latencyRecorder(metrics),
});
const kargo = new KargoApi(cluster);
const configs = new KargoReceiverConfigs(kargo, settings);
const clock = (): Date => new Date();
const secretIdOf = compileSecretNameTemplate(settings.secretNameTemplate, settings.systemNamespace);
const log = createLog(logger);
const { receiversSecretId } = settings;
const index = new IndexPublisher({
  pieces: new IndexConfigMaps(cluster),
  names: indexNames(settings.base),
  warehouses: new KargoIndexableWarehouses(kargo),
  objects: new KargoRefreshableObjects(kargo),
  // A receiver of the ClusterConfig acts on every project.
  isServed: (project) =>
    isServedProject(settings.projects, '') || isServedProject(settings.projects, project),
  clock,
  log,
});
const copier =
  receiversSecretId === undefined
    ? undefined
    : new ReceiverCopier({ copy: new SecretReceiverCopy(store, receiversSecretId), clock, log });
const deps = {
  configs,
  index: settings.dryRun ? undefined : index,
  copier,
  statuses: configs,
  secrets: new ChangedReceiverSecrets({
    secrets: new StoredReceiverSecrets({ store, secretIdOf, clock, graceMs: settings.graceMs }),
    store,
    secretIdOf,
    namePrefix: fixedPrefixOf(settings.secretNameTemplate),
    clock,
    log,
  }),
  routes: settings.routesApiId === undefined ? undefined : new ApiGatewayRoutes(settings.routesApiId),
  memory: new ReconcilerMemory(),
  graceMs: settings.graceMs,
  base: settings.base,
  dryRun: settings.dryRun,
  clock,
  log,
};

/**
 * Reconciles every receiver once.
 *
 * @throws {Error} at the end of a run with failures, so that the alarm on the function's errors reports them
 */
async function reconcile(_event: unknown, context: Context): Promise<ReconcileResult> {
  const budget = Math.min(BUDGET_MS, context.getRemainingTimeInMillis() - END_RESERVE_MS);
  const { result, gauges } = await reconcileReceivers(deps, AbortSignal.timeout(Math.max(0, budget))).catch(
    (error: unknown) => {
      // Lambda logs it too, with positions in the bundle.
      log.error('run failed', { error });
      recordReconcileRun(metrics, 1);
      throw error;
    },
  );
  const hasChanges = result.written > 0 || (result.planned ?? 0) > 0;
  if (hasChanges) log.info('reconciled', { ...result, ...gauges });
  recordReconcileRun(metrics, result.failures.length, gauges);
  if (result.failures.length > 0) throw new Error(describeFailures(result.failures));
  return result;
}

function describeFailures(failures: readonly string[]): string {
  const named = failures.slice(0, MAX_NAMED_FAILURES).join('; ');
  const more = failures.length - MAX_NAMED_FAILURES;
  return `${failures.length} failed: ${named}${more > 0 ? `; and ${more} more` : ''}`;
}

export const handler = middy<unknown, ReconcileResult>()
  .use(injectLambdaContext(logger))
  .use(logMetrics(metrics))
  .handler(reconcile);
