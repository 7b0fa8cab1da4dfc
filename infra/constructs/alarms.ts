import { METRICS_NAMESPACE, serviceNameOf, type FunctionName } from '../../lib/functions.ts';

/** An alarm in the words of CloudWatch; docs/operations.md says what each means. */
export interface Alarm {
  /** Ends the alarm's name, after the deployment's. */
  readonly id: string;
  readonly description: string;
  readonly namespace: string;
  readonly metricName: string;
  readonly dimensions: Readonly<Record<string, string>>;
  /** Default: Sum. */
  readonly statistic?: 'Sum' | 'Maximum';
  /** Default: 300. */
  readonly periodSeconds?: number;
  /** Default: 1. */
  readonly threshold?: number;
  /** The periods that are looked at. Default: 1. */
  readonly periods?: number;
  /** The periods among them that must reach the threshold. Default: all. */
  readonly periodsToAlarm?: number;
  /** True: a metric below the threshold, or without data, is the alarm. Default: false. */
  readonly isSilence?: boolean;
}

/** Returns the alarms of a deployment. */
export function alarmsOf(deploymentName: string, apiId: string): Alarm[] {
  const ofLambda = (name: FunctionName, metricName: string) => ({
    namespace: 'AWS/Lambda',
    metricName,
    dimensions: { FunctionName: `${deploymentName}-${name}` },
  });
  const ofService = (name: FunctionName, metricName: string) => ({
    namespace: METRICS_NAMESPACE,
    metricName,
    dimensions: { service: serviceNameOf(name) },
  });
  /** A state that every run of the reconciler emits again: summed, it would grow with the runs. */
  const gauge = (metricName: string) => ({
    ...ofService('reconciler', metricName),
    statistic: 'Maximum' as const,
  });
  return [
    {
      id: 'reconciler-errors',
      description: 'Runs of the reconciler fail: URLs and routes may be stale',
      ...ofLambda('reconciler', 'Errors'),
      // One failed run a minute may be a restart of the cluster API; three of five are not.
      periodSeconds: 60,
      periods: 5,
      periodsToAlarm: 3,
    },
    {
      id: 'reconciler-silent',
      description: 'The reconciler does not run: URLs and routes are stale',
      ...ofLambda('reconciler', 'Invocations'),
      isSilence: true,
    },
    {
      id: 'receiver-errors',
      description: 'The receiver crashes or times out: deliveries are lost',
      ...ofLambda('receiver', 'Errors'),
    },
    {
      id: 'server-errors',
      description: 'Bitbucket receives 5xx answers: deliveries are lost unless it retries them',
      namespace: 'AWS/ApiGateway',
      metricName: '5xx',
      dimensions: { ApiId: apiId },
    },
    {
      id: 'signature-failures',
      description: 'Deliveries are signed with another secret, or not by Bitbucket',
      ...ofService('receiver', 'SignatureFailures'),
      // A single one is a mistyped secret, which Bitbucket shows to its owner.
      threshold: 10,
    },
    {
      id: 'refused-refreshes',
      description: 'The cluster refuses to refresh Warehouses or Promotions: their webhooks have no effect',
      ...ofService('receiver', 'RefusedRefreshes'),
    },
    {
      id: 'unready-receivers',
      description: 'Receivers are not served: Bitbucket is answered with an error, or their URL is missing',
      ...gauge('UnreadyReceivers'),
    },
    {
      id: 'contested-receivers',
      description: 'Another deployment publishes URLs of the same receivers: only one of the two is used',
      ...gauge('ContestedReceivers'),
    },
    {
      id: 'missing-routes',
      description: 'Receivers have no route: API Gateway answers their deliveries with 404',
      ...gauge('RouteMissing'),
      // A new receiver may wait a run for its route.
      periodSeconds: 60,
      periods: 3,
    },
  ];
}
