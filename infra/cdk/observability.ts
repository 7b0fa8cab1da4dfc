import {
  aws_cloudwatch as cloudwatch,
  type aws_sns as sns,
  Duration,
  aws_cloudwatch_actions as actions,
} from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { alarms, type Alarm } from '../alarms.ts';
import { dashboard } from '../dashboard.ts';
import type { Sub } from '../permissions.ts';

export interface ObservabilityProps {
  readonly name: string;
  readonly apiId: string;
  readonly sub: Sub<string>;
  readonly alarmTopic: sns.ITopic | undefined;
}

/** The alarms and the dashboard. */
export class Observability extends Construct {
  readonly alarms: readonly cloudwatch.Alarm[];

  constructor(scope: Construct, id: string, { name, apiId, sub, alarmTopic }: ObservabilityProps) {
    super(scope, id);
    const all = alarms(name, apiId);
    this.alarms = all.map((alarm) => this.#makeAlarm(name, alarm));
    if (alarmTopic !== undefined) {
      const action = new actions.SnsAction(alarmTopic);
      for (const alarm of this.alarms) {
        alarm.addAlarmAction(action);
        alarm.addOkAction(action);
      }
    }
    new cloudwatch.CfnDashboard(this, 'Dashboard', {
      dashboardName: name,
      dashboardBody: sub(
        dashboard(
          name,
          all.map((alarm) => alarm.id),
        ),
      ),
    });
  }

  #makeAlarm(name: string, alarm: Alarm<string>): cloudwatch.Alarm {
    return new cloudwatch.Alarm(this, alarm.id, {
      alarmName: `${name}-${alarm.id}`,
      alarmDescription: alarm.description,
      metric: new cloudwatch.Metric({
        namespace: alarm.namespace,
        metricName: alarm.metricName,
        dimensionsMap: { ...alarm.dimensions },
        statistic: 'Sum',
        period: Duration.seconds(alarm.periodSeconds),
      }),
      threshold: alarm.threshold,
      comparisonOperator: COMPARISONS[alarm.comparison],
      evaluationPeriods: alarm.evaluationPeriods,
      datapointsToAlarm: alarm.datapointsToAlarm,
      treatMissingData: MISSING_DATA[alarm.treatMissingData],
    });
  }
}

const COMPARISONS = {
  GreaterThanOrEqualToThreshold: cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
  LessThanThreshold: cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
};

const MISSING_DATA = {
  notBreaching: cloudwatch.TreatMissingData.NOT_BREACHING,
  breaching: cloudwatch.TreatMissingData.BREACHING,
};
