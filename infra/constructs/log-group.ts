import { aws_logs as logs, RemovalPolicy } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { DeploymentSettings } from '../deployment-settings.ts';

/** Adds a log group that is deleted with the stack. */
export function addLogGroup(
  scope: Construct,
  logGroupName: string,
  settings: DeploymentSettings,
): logs.CfnLogGroup {
  const group = new logs.CfnLogGroup(scope, 'Logs', {
    logGroupName,
    retentionInDays: settings.LOG_RETENTION_DAYS,
  });
  group.applyRemovalPolicy(RemovalPolicy.DESTROY);
  return group;
}
