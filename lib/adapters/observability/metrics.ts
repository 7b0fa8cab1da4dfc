import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import type { PreviousSecretUse } from '../../app/delivery/authenticate-delivery.ts';
import type { IndexFault } from '../../app/lookup/index-reader.ts';
import type { Log } from '../../app/ports.ts';
import type { Outcome } from '../../app/delivery/outcome.ts';
import type { TargetResult } from '../../app/targets/target.ts';
import type { ReconcileGauges } from '../../app/reconcile/reconcile-receivers.ts';
import type { RegisterGauges } from '../../app/register/register-webhooks.ts';
import { isKnownEvent } from '../../core/bitbucket/event-readers.ts';
import { METRICS_NAMESPACE, type FunctionName } from '../../functions.ts';
import { readServiceName } from './service-name.ts';

/** How long before the end of a grace its use is an alarm: a working day to change a webhook. */
const ENDING_MS = 24 * 3_600_000;

/** Creates a function's metrics, written to its log in CloudWatch's embedded format. */
export function createMetrics(functionName: FunctionName): Metrics {
  return new Metrics({ namespace: METRICS_NAMESPACE, serviceName: readServiceName(functionName) });
}

/** Counts a delivery by event and outcome, the results of its targets, and rejected signatures. */
export function countDelivery(metrics: Metrics, eventKey: string | undefined, outcome: Outcome): void {
  metrics
    .singleMetric()
    // Anyone can send any key, and each would become a metric that is billed.
    .addDimension('event', eventKey !== undefined && isKnownEvent(eventKey) ? eventKey : 'other')
    .addDimension('outcome', outcome.kind)
    .addMetric('Deliveries', MetricUnit.Count, 1);
  if ('results' in outcome) for (const result of outcome.results) countResult(metrics, result);
  const isRejected = outcome.kind === 'unauthorized' || outcome.kind === 'missing-signature';
  metrics.addMetric('SignatureFailures', MetricUnit.Count, isRejected ? 1 : 0);
}

/**
 * Counts the deliveries that use a previous secret, and those that would be rejected a day later. Each is emitted for every delivery, also
 * as 0, so that an alarm ends with its cause.
 */
export function countPreviousSecret(metrics: Metrics, use: PreviousSecretUse | undefined, now: Date): void {
  const isEnding = use !== undefined && use.validUntil.getTime() - now.getTime() < ENDING_MS;
  metrics.addMetric('PreviousSecretDeliveries', MetricUnit.Count, use === undefined ? 0 : 1);
  metrics.addMetric('EndingSecretDeliveries', MetricUnit.Count, isEnding ? 1 : 0);
}

/** Counts what a target did. */
export function countResult(metrics: Metrics, result: TargetResult): void {
  switch (result.target) {
    case 'kargo':
      metrics.addMetric('Refreshed', MetricUnit.Count, result.refreshed.length);
      metrics.addMetric('RefusedRefreshes', MetricUnit.Count, result.refused.length);
      if (result.leftOut !== undefined) metrics.addMetric('LeftOut', MetricUnit.Count, result.leftOut.length);
      return;
    case 'registry':
      metrics.addMetric('Synced', MetricUnit.Count, result.synced.length);
      metrics.addMetric('RefusedSyncs', MetricUnit.Count, result.refused.length);
      return;
    default:
      result satisfies never;
  }
}

/** Creates the function that counts the lookups that were done by listing the cluster, and logs once why the index cannot be used. */
export function indexFaultRecorder(metrics: Metrics, log: Log): (fault: IndexFault) => void {
  let logged: IndexFault | undefined;
  return (fault) => {
    metrics.addMetric('IndexUnavailable', MetricUnit.Count, 1);
    if (fault !== logged) log.warn('lookup index cannot be used: the cluster is listed', { fault });
    logged = fault;
  };
}

/** Creates the function that records the latency of one request to the cluster API, in milliseconds. */
export function latencyRecorder(metrics: Metrics): (milliseconds: number) => void {
  return (milliseconds) => metrics.addMetric('ClusterLatency', MetricUnit.Milliseconds, milliseconds);
}

/**
 * Counts the failures of a run of the reconciler, and the receivers that need attention. Each metric is emitted in every run, also as 0,
 * so that an alarm ends with its cause.
 *
 * @param gauges - undefined for a run that ended early
 */
export function recordReconcileRun(metrics: Metrics, failures: number, gauges?: ReconcileGauges): void {
  metrics.addMetric('ReconcileFailures', MetricUnit.Count, failures);
  if (gauges === undefined) return;
  metrics.addMetric('UnreadyReceivers', MetricUnit.Count, gauges.unready);
  metrics.addMetric('RouteMissing', MetricUnit.Count, gauges.routeMissing);
  metrics.addMetric('ContestedReceivers', MetricUnit.Count, gauges.contested);
  metrics.addMetric('PreviousSecrets', MetricUnit.Count, gauges.previousSecrets);
}

/**
 * Counts the webhooks in Bitbucket after a run of the registrar, and its failures. Each metric is emitted in every run, also as 0, so that an
 * alarm ends with its cause.
 *
 * @param gauges - undefined for a run that ended early
 */
export function recordRegisterRun(metrics: Metrics, failures: number, gauges?: RegisterGauges): void {
  metrics.addMetric('RegisterFailures', MetricUnit.Count, failures);
  if (gauges === undefined) return;
  metrics.addMetric('RegisteredWebhooks', MetricUnit.Count, gauges.registered);
  metrics.addMetric('FailingWebhooks', MetricUnit.Count, gauges.failing);
}
