import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import type { Outcome } from '../../core/delivery/answer.ts';
import { isKnownEvent } from '../../core/bitbucket/event-readers.ts';

/** Makes a function's metrics, written to its log in CloudWatch's embedded format. */
export function createMetrics(functionName: 'receiver' | 'reconciler'): Metrics {
  return new Metrics({ namespace: 'KargoFrontDoor', serviceName: `kargo-front-door-${functionName}` });
}

/** Counts a delivery by event and outcome, what it refreshed, and a signature that was refused. */
export function countDelivery(metrics: Metrics, eventKey: string | undefined, outcome: Outcome): void {
  metrics
    .singleMetric()
    // Anyone can send any key: names that are not ours would each make a metric that is paid for.
    .addDimension('event', eventKey !== undefined && isKnownEvent(eventKey) ? eventKey : 'other')
    .addDimension('outcome', outcome.kind)
    .addMetric('Deliveries', MetricUnit.Count, 1);
  if (outcome.kind === 'refreshed') metrics.addMetric('Refreshed', MetricUnit.Count, outcome.count);
  const isRefused = outcome.kind === 'unauthorized' || outcome.kind === 'missing-signature';
  metrics.addMetric('SignatureFailures', MetricUnit.Count, isRefused ? 1 : 0);
}

/** Notes how long the cluster API took for one request, in milliseconds. */
export function noteClusterLatency(metrics: Metrics): (milliseconds: number) => void {
  return (milliseconds) => metrics.addMetric('ClusterLatency', MetricUnit.Milliseconds, milliseconds);
}

/** Counts what a run of the reconciler could not make right. */
export function countReconcileFailures(metrics: Metrics, failures: number): void {
  metrics.addMetric('ReconcileFailures', MetricUnit.Count, failures);
}
