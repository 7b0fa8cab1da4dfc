import { alarms, type Alarm } from '../alarms.ts';
import { dashboard } from '../dashboard.ts';
import { logicalIds, ref, sub, type Intrinsic, type Resource, type Resources } from './template.ts';

/** Makes the alarms, which tell `topicArn` where it is set, and the dashboard. */
export function observabilityResources(name: string, topicArn: string | undefined): Resources {
  const all = alarms(name, ref(logicalIds.api));
  return {
    ...Object.fromEntries(all.map((alarm) => [logicalIdOf(alarm), alarmResource(name, alarm, topicArn)])),
    [logicalIds.dashboard]: {
      Type: 'AWS::CloudWatch::Dashboard',
      Properties: {
        DashboardName: name,
        DashboardBody: sub(
          dashboard(
            name,
            all.map(({ id }) => id),
          ),
        ),
      },
    },
  };
}

function alarmResource(name: string, alarm: Alarm<Intrinsic>, topicArn: string | undefined): Resource {
  return {
    Type: 'AWS::CloudWatch::Alarm',
    Properties: {
      AlarmName: `${name}-${alarm.id}`,
      AlarmDescription: alarm.description,
      Namespace: alarm.namespace,
      MetricName: alarm.metricName,
      Dimensions: Object.entries(alarm.dimensions).map(([Name, Value]) => ({ Name, Value })),
      Statistic: 'Sum',
      Period: alarm.periodSeconds,
      Threshold: alarm.threshold,
      ComparisonOperator: alarm.comparison,
      EvaluationPeriods: alarm.evaluationPeriods,
      DatapointsToAlarm: alarm.datapointsToAlarm,
      TreatMissingData: alarm.treatMissingData,
      ...(topicArn !== undefined && { AlarmActions: [topicArn], OKActions: [topicArn] }),
    },
  };
}

/** `reconciler-errors` becomes `ReconcilerErrorsAlarm`. */
function logicalIdOf({ id }: Alarm<Intrinsic>): string {
  return `${id.replaceAll(/(?:^|-)(.)/g, (_, letter: string) => letter.toUpperCase())}Alarm`;
}
