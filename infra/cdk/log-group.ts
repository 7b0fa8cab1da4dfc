import { aws_logs as logs, RemovalPolicy } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

/** Adds a log group that goes with the stack. */
export function addLogGroup(
  scope: Construct,
  logGroupName: string,
  retentionInDays: number,
): logs.CfnLogGroup {
  const group = new logs.CfnLogGroup(scope, 'Logs', { logGroupName, retentionInDays });
  group.applyRemovalPolicy(RemovalPolicy.DESTROY);
  return group;
}
