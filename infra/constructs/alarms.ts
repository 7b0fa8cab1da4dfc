import { aws_cloudwatch as cloudwatch, Duration } from 'aws-cdk-lib';
import { METRICS_NAMESPACE, serviceNameOf, type FunctionName } from '../../lib/functions.ts';

const { ComparisonOperator, TreatMissingData } = cloudwatch;

/** The alarm of a metric that reaches 1 within five minutes. */
const AT_ONE = {
  threshold: 1,
  evaluationPeriods: 1,
  comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
  treatMissingData: TreatMissingData.NOT_BREACHING,
};

/** Returns the alarms of a deployment by the ends of their names; docs/operations.md says what each means. */
export function alarmsOf(deploymentName: string, apiId: string): Record<string, cloudwatch.AlarmProps> {
  const metric = (
    namespace: string,
    metricName: string,
    dimensionsMap: Record<string, string>,
    options?: cloudwatch.MetricOptions,
  ) => ({
    metric: new cloudwatch.Metric({ namespace, metricName, dimensionsMap, statistic: 'Sum', ...options }),
  });
  const ofLambda = (name: FunctionName, metricName: string, options?: cloudwatch.MetricOptions) =>
    metric('AWS/Lambda', metricName, { FunctionName: `${deploymentName}-${name}` }, options);
  const ofService = (name: FunctionName, metricName: string, options?: cloudwatch.MetricOptions) =>
    metric(METRICS_NAMESPACE, metricName, { service: serviceNameOf(name) }, options);
  /** A state that every run of the reconciler emits again: summed, it would grow with the runs. */
  const state = (metricName: string, options?: cloudwatch.MetricOptions) =>
    ofService('reconciler', metricName, { statistic: 'Maximum', ...options });
  const eachMinute = { period: Duration.minutes(1) };
  return {
    // One failed run may be a restart of the cluster API; three of five are not.
    'reconciler-errors': {
      ...AT_ONE,
      ...ofLambda('reconciler', 'Errors', eachMinute),
      alarmDescription: 'Runs of the reconciler fail: URLs and routes may be stale',
      evaluationPeriods: 5,
      datapointsToAlarm: 3,
    },
    'reconciler-silent': {
      ...AT_ONE,
      ...ofLambda('reconciler', 'Invocations'),
      alarmDescription: 'The reconciler does not run: URLs and routes are stale',
      comparisonOperator: ComparisonOperator.LESS_THAN_THRESHOLD,
      treatMissingData: TreatMissingData.BREACHING,
    },
    'receiver-errors': {
      ...AT_ONE,
      ...ofLambda('receiver', 'Errors'),
      alarmDescription: 'The receiver crashes or times out: deliveries are lost',
    },
    'server-errors': {
      ...AT_ONE,
      ...metric('AWS/ApiGateway', '5xx', { ApiId: apiId }),
      alarmDescription: 'Bitbucket receives 5xx answers: deliveries are lost unless it retries them',
    },
    // A single one is a mistyped secret, which Bitbucket shows to its owner.
    'signature-failures': {
      ...AT_ONE,
      ...ofService('receiver', 'SignatureFailures'),
      alarmDescription: 'Deliveries are signed with another secret, or not by Bitbucket',
      threshold: 10,
    },
    'refused-refreshes': {
      ...AT_ONE,
      ...ofService('receiver', 'RefusedRefreshes'),
      alarmDescription:
        'The cluster refuses to refresh Warehouses or Promotions: their webhooks have no effect',
    },
    'unready-receivers': {
      ...AT_ONE,
      ...state('UnreadyReceivers'),
      alarmDescription: 'Receivers are not served: their deliveries are rejected, or their URL is missing',
    },
    'contested-receivers': {
      ...AT_ONE,
      ...state('ContestedReceivers'),
      alarmDescription:
        'Another deployment publishes URLs of the same receivers: only one of the two is used',
    },
    // A new receiver may wait a run for its route.
    'missing-routes': {
      ...AT_ONE,
      ...state('RouteMissing', eachMinute),
      alarmDescription: 'Receivers have no route: API Gateway answers their deliveries with 404',
      evaluationPeriods: 3,
    },
  };
}
