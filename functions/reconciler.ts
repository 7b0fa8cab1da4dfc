import type { Context } from 'aws-lambda';
import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import { logMetrics } from '@aws-lambda-powertools/metrics/middleware';
import middy from '@middy/core';
import { ApiGatewayRoutes } from '../lib/adapters/aws/api-gateway-routes.ts';
import { connectToKargo } from '../lib/adapters/kubernetes/cluster.ts';
import { createLog, createLogger } from '../lib/adapters/observability/logging.ts';
import {
  countReconcileFailures,
  createMetrics,
  noteClusterLatency,
} from '../lib/adapters/observability/metrics.ts';
import { KargoReceiverConfigs } from '../lib/adapters/kubernetes/receiver-configs.ts';
import { StoredReceiverSecrets } from '../lib/adapters/aws/receiver-secrets.ts';
import { secretIds } from '../lib/adapters/aws/secret-ids.ts';
import { SecretsManager } from '../lib/adapters/aws/secrets-manager.ts';
import { readSettings } from '../lib/adapters/settings/settings.ts';
import { reconcileReceivers, type ReconcileResult } from '../lib/app/reconcile/reconcile-receivers.ts';

/** A run gives way to the next one, a minute later. */
const BUDGET_MS = 50_000;

/** What is kept of the function's own timeout to end in. */
const END_RESERVE_MS = 500;

/** A cluster under load may take its time over a page of configs. */
const ATTEMPT_TIMEOUT_MS = 15_000;

const settings = readSettings(process.env);
const logger = createLogger('reconciler');
const store = new SecretsManager();
const metrics = createMetrics('reconciler');
const configs = new KargoReceiverConfigs(
  connectToKargo(settings.cluster, store, {
    attemptTimeoutMs: ATTEMPT_TIMEOUT_MS,
    noteLatency: noteClusterLatency(metrics),
  }),
);
const clock = (): Date => new Date();
const secretIdOf = secretIds(settings.secretNameTemplate, settings.systemNamespace);
const deps = {
  configs,
  statuses: configs,
  secrets: new StoredReceiverSecrets({ store, secretIdOf, clock, graceMs: settings.graceMs }),
  routes: settings.routesApiId === undefined ? undefined : new ApiGatewayRoutes(settings.routesApiId),
  graceMs: settings.graceMs,
  base: settings.base,
  clock,
  log: createLog(logger),
};

/** Reconciles every receiver once. Raises an error after the whole run if anything failed, so that an alarm can ring. */
async function reconcile(_event: unknown, context: Context): Promise<ReconcileResult> {
  const budget = Math.min(BUDGET_MS, context.getRemainingTimeInMillis() - END_RESERVE_MS);
  const result = await reconcileReceivers(deps, AbortSignal.timeout(Math.max(0, budget))).catch(
    (error: unknown) => {
      countReconcileFailures(metrics, 1);
      throw error;
    },
  );
  logger[result.written > 0 ? 'info' : 'debug']('reconciled', { ...result });
  countReconcileFailures(metrics, result.failures.length);
  if (result.failures.length > 0)
    throw new Error(`${result.failures.length} failed: ${result.failures.join('; ')}`);
  return result;
}

export const handler = middy<unknown, ReconcileResult>()
  .use(injectLambdaContext(logger))
  .use(logMetrics(metrics))
  .handler(reconcile);
