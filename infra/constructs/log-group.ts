import { aws_logs as logs, RemovalPolicy } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { DeploymentSettings } from '../deployment-settings.ts';

const { DESTROY, RETAIN_ON_UPDATE_OR_DELETE } = RemovalPolicy;

/** Adds a log group. */
export function addLogGroup(
  scope: Construct,
  logGroupName: string,
  { LOG_RETENTION_DAYS: retentionInDays, LOGS_KEY_ARN: kmsKeyId, LOG_REMOVAL: removal }: DeploymentSettings,
): logs.CfnLogGroup {
  const group = new logs.CfnLogGroup(scope, 'Logs', {
    logGroupName,
    retentionInDays,
    ...(kmsKeyId !== undefined && { kmsKeyId }),
  });
  // Not `RETAIN`: a log group of a first deployment that fails would stay, and the next deployment could not create it.
  group.applyRemovalPolicy(removal === 'retain' ? RETAIN_ON_UPDATE_OR_DELETE : DESTROY);
  return group;
}
