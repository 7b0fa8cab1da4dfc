import {
  aws_cloudwatch as cloudwatch,
  aws_cloudwatch_actions as actions,
  type aws_sns as sns,
  Duration,
} from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { alarmsOf, type Alarm } from './alarms.ts';
import { dashboardBody } from './dashboard.ts';

const { ComparisonOperator, TreatMissingData } = cloudwatch;

const PERIOD_SECONDS = 300;

/** The alarms and the dashboard. */
export class Observability extends Construct {
  readonly alarms: readonly cloudwatch.Alarm[];

  /** @param alarmTopic - is notified of alarms, and of their end */
  constructor(
    scope: Construct,
    id: string,
    deploymentName: string,
    apiId: string,
    alarmTopic: sns.ITopic | undefined,
  ) {
    super(scope, id);
    const all = alarmsOf(deploymentName, apiId);
    this.alarms = all.map((alarm) => this.#addAlarm(`${deploymentName}-${alarm.id}`, alarm));
    if (alarmTopic !== undefined) {
      const action = new actions.SnsAction(alarmTopic);
      for (const alarm of this.alarms) {
        alarm.addAlarmAction(action);
        alarm.addOkAction(action);
      }
    }
    const ids = all.map(({ id: alarmId }) => alarmId);
    new cloudwatch.CfnDashboard(this, 'Dashboard', {
      dashboardName: deploymentName,
      dashboardBody: dashboardBody(deploymentName, apiId, ids),
    });
  }

  #addAlarm(alarmName: string, alarm: Alarm): cloudwatch.Alarm {
    const { periodSeconds = PERIOD_SECONDS, periods = 1, isSilence = false } = alarm;
    return new cloudwatch.Alarm(this, alarm.id, {
      alarmName,
      alarmDescription: alarm.description,
      metric: new cloudwatch.Metric({
        namespace: alarm.namespace,
        metricName: alarm.metricName,
        dimensionsMap: { ...alarm.dimensions },
        statistic: alarm.statistic ?? 'Sum',
        period: Duration.seconds(periodSeconds),
      }),
      threshold: alarm.threshold ?? 1,
      comparisonOperator: isSilence
        ? ComparisonOperator.LESS_THAN_THRESHOLD
        : ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      evaluationPeriods: periods,
      datapointsToAlarm: alarm.periodsToAlarm ?? periods,
      treatMissingData: isSilence ? TreatMissingData.BREACHING : TreatMissingData.NOT_BREACHING,
    });
  }
}
