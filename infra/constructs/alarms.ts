import { aws_cloudwatch as cloudwatch, Duration } from 'aws-cdk-lib';
import { deployedFunctions, hasCluster, hasRegistry } from '../deployed-functions.ts';
import type { DeploymentSettings } from '../deployment-settings.ts';
import { METRICS_NAMESPACE, serviceNameOf, type FunctionName } from '../../lib/functions.ts';

/** Counts deliveries to a URL in the form of a receiver's that no receiver has (api.ts). */
export const GONE_RECEIVER_METRIC = 'GoneReceiverDeliveries';

/** Returns the dimension `service` of the metrics of a deployment's API. */
export function apiServiceNameOf(deploymentName: string): string {
  return `${deploymentName}-api`;
}

const { ComparisonOperator, TreatMissingData } = cloudwatch;

/** What the alarms and the dashboard are about. */
export interface ObservedDeployment {
  readonly deploymentName: string;
  readonly apiId: string;
  readonly settings: DeploymentSettings;
}

/** Alarms that a deployment without a cluster lacks. */
const OF_CLUSTER: ReadonlySet<string> = new Set([
  'index-unavailable',
  'reconciler-errors',
  'reconciler-silent',
  'refused-refreshes',
  'unready-receivers',
  'contested-receivers',
  'missing-routes',
  'gone-receivers',
]);

/** Returns an alarm, by default of a metric that reaches 1 within five minutes. */
export function alarm(
  metric: cloudwatch.IMetric,
  alarmDescription: string,
  options: Partial<cloudwatch.AlarmProps> = {},
): cloudwatch.AlarmProps {
  return {
    metric,
    alarmDescription,
    threshold: 1,
    evaluationPeriods: 1,
    comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
    treatMissingData: TreatMissingData.NOT_BREACHING,
    ...options,
  };
}

/** Returns the sum of a metric; the dimensions say whose. */
export function sumOf(
  namespace: string,
  metricName: string,
  dimensionsMap: Record<string, string>,
  options?: cloudwatch.MetricOptions,
): cloudwatch.Metric {
  return new cloudwatch.Metric({ namespace, metricName, dimensionsMap, statistic: 'Sum', ...options });
}

/** Returns the alarms of a deployment by the ends of their names; docs/operations.md says what each means. */
export function alarmsOf({
  deploymentName,
  apiId,
  settings,
}: ObservedDeployment): Record<string, cloudwatch.AlarmProps> {
  const ofLambda = (name: FunctionName, metricName: string, options?: cloudwatch.MetricOptions) =>
    sumOf('AWS/Lambda', metricName, { FunctionName: `${deploymentName}-${name}` }, options);
  const ofService = (name: FunctionName, metricName: string, options?: cloudwatch.MetricOptions) =>
    sumOf(METRICS_NAMESPACE, metricName, { service: serviceNameOf(name, deploymentName) }, options);
  /** A state that every run of the reconciler emits again: summed, it would grow with the runs. */
  const state = (metricName: string, options?: cloudwatch.MetricOptions) =>
    ofService('reconciler', metricName, { statistic: 'Maximum', ...options });
  const eachMinute = { period: Duration.minutes(1) };
  const alarms = {
    // One failed run may be a restart of the cluster API; three of five are not.
    'reconciler-errors': alarm(
      ofLambda('reconciler', 'Errors', eachMinute),
      'Runs of the reconciler fail: URLs and routes may be stale',
      { evaluationPeriods: 5, datapointsToAlarm: 3 },
    ),
    'reconciler-silent': alarm(
      ofLambda('reconciler', 'Invocations'),
      'The reconciler does not run: URLs and routes are stale',
      {
        comparisonOperator: ComparisonOperator.LESS_THAN_THRESHOLD,
        treatMissingData: TreatMissingData.BREACHING,
      },
    ),
    'receiver-errors': alarm(
      ofLambda('receiver', 'Errors'),
      'The receiver crashes or times out: deliveries are lost',
    ),
    'receiver-throttles': alarm(
      ofLambda('receiver', 'Throttles'),
      'Lambda throttles the receiver: the gateway rejects deliveries, and only Bitbucket Cloud sends them again',
    ),
    // Bitbucket still sends to them: somebody waits for refreshes that do not come.
    'gone-receivers': alarm(
      sumOf(METRICS_NAMESPACE, GONE_RECEIVER_METRIC, { service: apiServiceNameOf(deploymentName) }),
      'Deliveries go to URLs that no receiver has: it was deleted or renamed, or its secret was rotated longer ago than the grace',
    ),
    'server-errors': alarm(
      sumOf('AWS/ApiGateway', '5xx', { ApiId: apiId }),
      'Bitbucket receives 5xx answers: deliveries are lost unless it retries them',
    ),
    // A single one is a mistyped secret, which Bitbucket shows to its owner.
    'signature-failures': alarm(
      ofService('receiver', 'SignatureFailures'),
      'Deliveries are signed with another secret, or not by Bitbucket',
      { threshold: 10 },
    ),
    'refused-refreshes': alarm(
      ofService('receiver', 'RefusedRefreshes'),
      'The cluster refuses to refresh Warehouses or Promotions: their webhooks have no effect',
    ),
    'refused-syncs': alarm(
      ofService('receiver', 'RefusedSyncs'),
      'The package registry refuses to sync packages: pushes to their repositories have no effect',
    ),
    'unready-receivers': alarm(
      state('UnreadyReceivers'),
      'Receivers are not served: their deliveries are rejected, or their URL is missing',
    ),
    'contested-receivers': alarm(
      state('ContestedReceivers'),
      'Another deployment publishes URLs of the same receivers: only one of the two is used',
    ),
    // A new deployment has no index in its first minutes.
    'index-unavailable': alarm(
      ofService('receiver', 'IndexUnavailable'),
      'The receiver lists the cluster, because the lookup index is missing, stale or unreadable: deliveries are slow',
      { evaluationPeriods: 3, datapointsToAlarm: 3 },
    ),
    // A new receiver may wait a run for its route, and a run may begin a little late.
    'missing-routes': alarm(
      state('RouteMissing', eachMinute),
      'Receivers have no route: API Gateway answers their deliveries with 404',
      { evaluationPeriods: 5, datapointsToAlarm: 3 },
    ),
    // A day: one delivery of a webhook is enough to know that it has to be changed.
    'previous-secret-ending': alarm(
      ofService('receiver', 'EndingSecretDeliveries', { period: Duration.days(1) }),
      'Webhooks in Bitbucket still use a previous secret, which is rejected in less than a day',
    ),
    ...(deployedFunctions(settings).includes('registrar') ? registrarAlarms(deploymentName) : {}),
  };
  return Object.fromEntries(
    Object.entries(alarms).filter(([id]) => {
      if (OF_CLUSTER.has(id)) return hasCluster(settings);
      return id !== 'refused-syncs' || hasRegistry(settings);
    }),
  );
}

/** Bitbucket may throttle or be down for a while: three runs in a row have the same cause. */
function registrarAlarms(deploymentName: string): Record<string, cloudwatch.AlarmProps> {
  const ofLambda = (metricName: string, options?: cloudwatch.MetricOptions) =>
    sumOf('AWS/Lambda', metricName, { FunctionName: `${deploymentName}-registrar` }, options);
  const service = serviceNameOf('registrar', deploymentName);
  return {
    'registrar-errors': alarm(
      ofLambda('Errors'),
      'Runs of the registrar fail: webhooks in Bitbucket may not be as declared',
      { evaluationPeriods: 3 },
    ),
    'registrar-silent': alarm(
      ofLambda('Invocations', { period: Duration.minutes(15) }),
      'The registrar does not run: webhooks in Bitbucket may not be as declared',
      {
        comparisonOperator: ComparisonOperator.LESS_THAN_THRESHOLD,
        treatMissingData: TreatMissingData.BREACHING,
      },
    ),
    'failing-webhooks': alarm(
      sumOf(METRICS_NAMESPACE, 'FailingWebhooks', { service }, { statistic: 'Maximum' }),
      'Webhooks in Bitbucket are not as declared: the condition BitbucketWebhooksReady says why',
      { evaluationPeriods: 3 },
    ),
  };
}
