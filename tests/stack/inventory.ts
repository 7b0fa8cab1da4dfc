import { ApiGatewayV2Client, GetApisCommand } from '@aws-sdk/client-apigatewayv2';
import { CloudWatchClient, DescribeAlarmsCommand, ListDashboardsCommand } from '@aws-sdk/client-cloudwatch';
import { CloudWatchLogsClient, DescribeLogGroupsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { EventBridgeClient, ListRulesCommand } from '@aws-sdk/client-eventbridge';
import { IAMClient, ListRolesCommand } from '@aws-sdk/client-iam';
import { LambdaClient, ListEventSourceMappingsCommand, ListFunctionsCommand } from '@aws-sdk/client-lambda';
import { ListBucketsCommand, S3Client } from '@aws-sdk/client-s3';
import { ListSecretsCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { ListQueuesCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { ClientConfig } from './emulator.ts';

/** Lists the resources of an account that a deployment can make, by kind and name. */
export async function inventory(config: ClientConfig): Promise<string[]> {
  const clients = {
    apis: new ApiGatewayV2Client(config),
    functions: new LambdaClient(config),
    roles: new IAMClient(config),
    logs: new CloudWatchLogsClient(config),
    rules: new EventBridgeClient(config),
    metrics: new CloudWatchClient(config),
    queues: new SQSClient(config),
    secrets: new SecretsManagerClient(config),
    buckets: new S3Client({ ...config, forcePathStyle: true }),
  };
  const [apis, functions, roles, groups, rules, alarms, dashboards, queues, secrets, mappings, buckets] =
    await Promise.all([
      clients.apis.send(new GetApisCommand({})),
      clients.functions.send(new ListFunctionsCommand({})),
      clients.roles.send(new ListRolesCommand({})),
      clients.logs.send(new DescribeLogGroupsCommand({})),
      clients.rules.send(new ListRulesCommand({})),
      clients.metrics.send(new DescribeAlarmsCommand({})),
      clients.metrics.send(new ListDashboardsCommand({})),
      clients.queues.send(new ListQueuesCommand({})),
      clients.secrets.send(new ListSecretsCommand({ IncludePlannedDeletion: true })),
      clients.functions.send(new ListEventSourceMappingsCommand({})),
      clients.buckets.send(new ListBucketsCommand({})),
    ]);
  for (const client of Object.values(clients)) client.destroy();
  return [
    ...(apis.Items ?? []).map(({ Name }) => `API ${Name}`),
    ...(functions.Functions ?? []).map(({ FunctionName }) => `function ${FunctionName}`),
    ...(roles.Roles ?? []).map(({ RoleName }) => `role ${RoleName}`),
    ...(groups.logGroups ?? []).map(({ logGroupName }) => `log group ${logGroupName}`),
    ...(rules.Rules ?? []).map(({ Name }) => `rule ${Name}`),
    ...(alarms.MetricAlarms ?? []).map(({ AlarmName }) => `alarm ${AlarmName}`),
    ...(dashboards.DashboardEntries ?? []).map(({ DashboardName }) => `dashboard ${DashboardName}`),
    ...(queues.QueueUrls ?? []).map((url) => `queue ${url}`),
    ...(secrets.SecretList ?? []).map(({ Name }) => `secret ${Name}`),
    ...(mappings.EventSourceMappings ?? []).map(
      ({ EventSourceArn }) => `event source mapping ${EventSourceArn}`,
    ),
    ...(buckets.Buckets ?? []).map(({ Name }) => `bucket ${Name}`),
  ].toSorted();
}
