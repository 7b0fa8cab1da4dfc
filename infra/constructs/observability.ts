import {
  aws_cloudwatch as cloudwatch,
  aws_cloudwatch_actions as actions,
  type aws_sns as sns,
} from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { alarmsOf } from './alarms.ts';
import { dashboardRows } from './dashboard.ts';

/** The alarms and the dashboard. */
export class Observability extends Construct {
  readonly alarms: cloudwatch.Alarm[];

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
    this.alarms = Object.entries(all).map(
      ([alarmId, props]) =>
        new cloudwatch.Alarm(this, alarmId, { ...props, alarmName: `${deploymentName}-${alarmId}` }),
    );
    if (alarmTopic !== undefined) {
      const action = new actions.SnsAction(alarmTopic);
      for (const alarm of this.alarms) {
        alarm.addAlarmAction(action);
        alarm.addOkAction(action);
      }
    }
    new cloudwatch.Dashboard(this, 'Dashboard', {
      dashboardName: deploymentName,
      widgets: dashboardRows(deploymentName, apiId, this.alarms),
    });
  }
}
