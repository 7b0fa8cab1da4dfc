import { aws_events as events, aws_lambda as lambda, Duration } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { values } from '../values.ts';

/** Runs the reconciler on its schedule; a run that fails or comes late is left to the next one. */
export function scheduleReconciler(scope: Construct, reconciler: lambda.Function): void {
  const { schedule, retryAttempts, maximumEventAgeSeconds } = values.reconciler;
  const rule = new events.Rule(scope, 'Schedule', { schedule: events.Schedule.expression(schedule) });
  rule.addTarget({ bind: () => ({ arn: reconciler.functionArn }) });
  new lambda.CfnPermission(scope, 'SchedulePermission', {
    functionName: reconciler.functionArn,
    action: 'lambda:InvokeFunction',
    principal: 'events.amazonaws.com',
    sourceArn: rule.ruleArn,
  });
  reconciler.configureAsyncInvoke({
    retryAttempts,
    maxEventAge: Duration.seconds(maximumEventAgeSeconds),
  });
}
