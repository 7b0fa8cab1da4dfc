import { values } from './values.ts';

/** An alarm in the words of CloudWatch; docs/operations.md says what each means. */
export interface Alarm<Reference> {
  /** Ends the alarm's name, after the deployment's. */
  readonly id: string;
  readonly description: string;
  readonly namespace: string;
  readonly metricName: string;
  readonly dimensions: Readonly<Record<string, string | Reference>>;
  readonly periodSeconds: number;
  readonly threshold: number;
  readonly comparison: 'GreaterThanOrEqualToThreshold' | 'LessThanThreshold';
  readonly evaluationPeriods: number;
  readonly datapointsToAlarm: number;
  readonly treatMissingData: 'notBreaching' | 'breaching';
}

/** Gives the alarms of the deployment `name`; each sums its metric. */
export function alarms<Reference>(name: string, apiId: Reference): Alarm<Reference>[] {
  const { alarms: limits } = values;
  const usual = {
    periodSeconds: limits.periodSeconds,
    comparison: 'GreaterThanOrEqualToThreshold',
    evaluationPeriods: 1,
    datapointsToAlarm: 1,
    treatMissingData: 'notBreaching',
  } as const;
  const ofLambda = (metricName: string, functionName: string) => ({
    namespace: 'AWS/Lambda',
    metricName,
    dimensions: { FunctionName: functionName },
  });
  return [
    {
      ...usual,
      ...limits.reconcilerErrors,
      id: 'reconciler-errors',
      description: 'Runs of the reconciler fail: URLs and routes may be stale',
      ...ofLambda('Errors', `${name}-reconciler`),
    },
    {
      ...usual,
      ...limits.reconcilerSilent,
      id: 'reconciler-silent',
      description: 'The reconciler does not run: URLs and routes are stale',
      comparison: 'LessThanThreshold',
      treatMissingData: 'breaching',
      ...ofLambda('Invocations', `${name}-reconciler`),
    },
    {
      ...usual,
      ...limits.receiverErrors,
      id: 'receiver-errors',
      description: 'The receiver crashes or runs out of time: deliveries are lost',
      ...ofLambda('Errors', `${name}-receiver`),
    },
    {
      ...usual,
      ...limits.serverErrors,
      id: 'server-errors',
      description: 'Bitbucket is answered with 5xx: deliveries are lost unless it repeats them',
      namespace: 'AWS/ApiGateway',
      metricName: '5xx',
      dimensions: { ApiId: apiId },
    },
    {
      ...usual,
      ...limits.signatureFailures,
      id: 'signature-failures',
      description: 'Deliveries are signed with another secret, or not by Bitbucket',
      namespace: values.metrics.namespace,
      metricName: 'SignatureFailures',
      dimensions: { service: values.metrics.receiverService },
    },
  ];
}
