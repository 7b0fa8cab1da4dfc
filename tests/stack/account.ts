import {
  ApiGatewayV2Client,
  CreateIntegrationCommand,
  CreateRouteCommand,
  GetApisCommand,
  GetRoutesCommand,
} from '@aws-sdk/client-apigatewayv2';
import { CloudWatchClient, DescribeAlarmsCommand, ListDashboardsCommand } from '@aws-sdk/client-cloudwatch';
import {
  CloudWatchLogsClient,
  DescribeLogGroupsCommand,
  FilterLogEventsCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import { DisableRuleCommand, EventBridgeClient, ListRulesCommand } from '@aws-sdk/client-eventbridge';
import {
  GetRolePolicyCommand,
  IAMClient,
  ListRolePoliciesCommand,
  ListRolesCommand,
  PutRolePolicyCommand,
} from '@aws-sdk/client-iam';
import {
  GetFunctionConfigurationCommand,
  InvokeCommand,
  LambdaClient,
  ListFunctionsCommand,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda';
import { DeleteBucketPolicyCommand, ListBucketsCommand, S3Client } from '@aws-sdk/client-s3';
import type { Emulator } from './emulator.ts';

/** What came of running a function. */
export interface Invoked {
  readonly failed: boolean;
  readonly payload: unknown;
}

/** One statement of a role's policy. */
interface Statement {
  readonly Sid: string;
}

/** Looks into an emulated account, and acts on it as its owner does. */
export class Account {
  readonly #apis: ApiGatewayV2Client;
  readonly #logs: CloudWatchLogsClient;
  readonly #metrics: CloudWatchClient;
  readonly #events: EventBridgeClient;
  readonly #iam: IAMClient;
  readonly #lambda: LambdaClient;
  readonly #s3: S3Client;

  constructor({ url, environment }: Emulator) {
    const { AWS_ACCESS_KEY_ID = '', AWS_SECRET_ACCESS_KEY = '', AWS_REGION = '' } = environment;
    const credentials = { accessKeyId: AWS_ACCESS_KEY_ID, secretAccessKey: AWS_SECRET_ACCESS_KEY };
    const config = { endpoint: url, region: AWS_REGION, credentials };
    this.#apis = new ApiGatewayV2Client(config);
    this.#logs = new CloudWatchLogsClient(config);
    this.#metrics = new CloudWatchClient(config);
    this.#events = new EventBridgeClient(config);
    this.#iam = new IAMClient(config);
    this.#lambda = new LambdaClient(config);
    this.#s3 = new S3Client({ ...config, forcePathStyle: true });
  }

  /** Gives the HTTP API of this name. */
  async api(name: string): Promise<{ id: string; endpoint: string }> {
    const { Items = [] } = await this.#apis.send(new GetApisCommand({}));
    const { ApiId: id, ApiEndpoint: endpoint } = Items.find((api) => api.Name === name) ?? {};
    if (id === undefined || endpoint === undefined) throw new Error(`there is no API ${name}`);
    return { id, endpoint };
  }

  /** Gives the keys of the API's routes in the order of the alphabet. */
  async routes(apiId: string): Promise<string[]> {
    const { Items = [] } = await this.#apis.send(new GetRoutesCommand({ ApiId: apiId }));
    return Items.map(({ RouteKey = '' }) => RouteKey).toSorted();
  }

  /** Makes routes that lead elsewhere than to the receiver. */
  async addForeignRoutes(apiId: string, keys: readonly string[]): Promise<void> {
    const { IntegrationId } = await this.#apis.send(
      new CreateIntegrationCommand({
        ApiId: apiId,
        IntegrationType: 'HTTP_PROXY',
        IntegrationMethod: 'ANY',
        IntegrationUri: 'https://example.com',
        PayloadFormatVersion: '1.0',
      }),
    );
    for (const RouteKey of keys)
      await this.#apis.send(
        new CreateRouteCommand({ ApiId: apiId, RouteKey, Target: `integrations/${IntegrationId}` }),
      );
  }

  /** Runs a function and gives what it answered. */
  async invoke(name: string): Promise<Invoked> {
    const { FunctionError, Payload } = await this.#lambda.send(new InvokeCommand({ FunctionName: name }));
    const text = new TextDecoder().decode(Payload);
    return { failed: FunctionError !== undefined, payload: text === '' ? undefined : JSON.parse(text) };
  }

  /** Has the function's next run begin cold. */
  async coolDown(name: string): Promise<void> {
    const description = `cold ${crypto.randomUUID()}`;
    await this.#lambda.send(
      new UpdateFunctionConfigurationCommand({ FunctionName: name, Description: description }),
    );
  }

  /** Gives how often a function was run, by its log. */
  async runs(name: string): Promise<number> {
    const logGroupName = `/aws/lambda/${name}`;
    let count = 0;
    let nextToken: string | undefined;
    do {
      const page = await this.#logs.send(new FilterLogEventsCommand({ logGroupName, nextToken }));
      count += (page.events ?? []).filter(({ message }) => message?.startsWith('START ')).length;
      nextToken = page.nextToken;
    } while (nextToken !== undefined);
    return count;
  }

  /** Switches every schedule off. */
  async stopSchedules(): Promise<void> {
    const { Rules = [] } = await this.#events.send(new ListRulesCommand({}));
    for (const { Name } of Rules) await this.#events.send(new DisableRuleCommand({ Name }));
  }

  /** Gives the names of the statements that a function's role consists of. */
  async grants(functionName: string): Promise<string[]> {
    const { statements } = await this.#policyOf(functionName);
    return statements.map(({ Sid }) => Sid);
  }

  /** Takes one statement from the policy of a function's role, and gives how it is given back. */
  async withhold(functionName: string, sid: string): Promise<() => Promise<void>> {
    const { role, policy, document, statements } = await this.#policyOf(functionName);
    const put = async (left: readonly Statement[]): Promise<void> => {
      const changed = JSON.stringify({ ...document, Statement: left });
      const command = { RoleName: role, PolicyName: policy, PolicyDocument: changed };
      await this.#iam.send(new PutRolePolicyCommand(command));
      await this.coolDown(functionName);
    };
    await put(statements.filter(({ Sid }) => Sid !== sid));
    return () => put(statements);
  }

  /** The emulator speaks plain HTTP, which a bucket that CDK makes for its uploads refuses to everyone. */
  async allowPlainHttp(bucket: string): Promise<void> {
    await this.#s3.send(new DeleteBucketPolicyCommand({ Bucket: bucket }));
  }

  /** Lists all that a deployment makes, by kind and name. */
  async inventory(): Promise<string[]> {
    const [apis, functions, roles, groups, rules, alarms, dashboards, buckets] = await Promise.all([
      this.#apis.send(new GetApisCommand({})),
      this.#lambda.send(new ListFunctionsCommand({})),
      this.#iam.send(new ListRolesCommand({})),
      this.#logs.send(new DescribeLogGroupsCommand({})),
      this.#events.send(new ListRulesCommand({})),
      this.#metrics.send(new DescribeAlarmsCommand({})),
      this.#metrics.send(new ListDashboardsCommand({})),
      this.#s3.send(new ListBucketsCommand({})),
    ]);
    return [
      ...(apis.Items ?? []).map(({ Name }) => `API ${Name}`),
      ...(functions.Functions ?? []).map(({ FunctionName }) => `function ${FunctionName}`),
      ...(roles.Roles ?? []).map(({ RoleName }) => `role ${RoleName}`),
      ...(groups.logGroups ?? []).map(({ logGroupName }) => `log group ${logGroupName}`),
      ...(rules.Rules ?? []).map(({ Name }) => `rule ${Name}`),
      ...(alarms.MetricAlarms ?? []).map(({ AlarmName }) => `alarm ${AlarmName}`),
      ...(dashboards.DashboardEntries ?? []).map(({ DashboardName }) => `dashboard ${DashboardName}`),
      ...(buckets.Buckets ?? []).map(({ Name }) => `bucket ${Name}`),
    ].toSorted();
  }

  close(): void {
    const clients = [
      this.#apis,
      this.#logs,
      this.#metrics,
      this.#events,
      this.#iam,
      this.#lambda,
      this.#s3,
    ];
    for (const client of clients) client.destroy();
  }

  async #policyOf(functionName: string) {
    const found = await this.#lambda.send(
      new GetFunctionConfigurationCommand({ FunctionName: functionName }),
    );
    const role = found.Role?.split('/').at(-1) ?? '';
    const { PolicyNames = [] } = await this.#iam.send(new ListRolePoliciesCommand({ RoleName: role }));
    const policy = PolicyNames[0] ?? '';
    const { PolicyDocument = '' } = await this.#iam.send(
      new GetRolePolicyCommand({ RoleName: role, PolicyName: policy }),
    );
    const document = JSON.parse(decodeURIComponent(PolicyDocument)) as { Statement: Statement[] };
    return { role, policy, document, statements: document.Statement };
  }
}
