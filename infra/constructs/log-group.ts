import { aws_logs as logs, RemovalPolicy } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { DeploymentSettings } from '../deployment-settings.ts';

/** Not `RETAIN`: a log group of a first deployment that fails would stay, and the next deployment could not create it. */
const REMOVAL_POLICIES = {
  retain: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
  destroy: RemovalPolicy.DESTROY,
};

/** Adds a log group. */
export function addLogGroup(
  scope: Construct,
  logGroupName: string,
  settings: DeploymentSettings,
): logs.CfnLogGroup {
  const { LOG_RETENTION_DAYS: retentionInDays, LOGS_KEY_ARN: kmsKeyId, LOG_REMOVAL: removal } = settings;
  const group = new logs.CfnLogGroup(scope, 'Logs', {
    logGroupName,
    retentionInDays,
    ...(kmsKeyId !== undefined && { kmsKeyId }),
  });
  group.applyRemovalPolicy(REMOVAL_POLICIES[removal]);
  return group;
}
