import {
  ApiGatewayV2Client,
  CreateIntegrationCommand,
  CreateRouteCommand,
  GetApisCommand,
  GetRoutesCommand,
} from '@aws-sdk/client-apigatewayv2';
import { CloudFormationClient, GetTemplateCommand } from '@aws-sdk/client-cloudformation';
import { CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { DisableRuleCommand, EventBridgeClient, ListRulesCommand } from '@aws-sdk/client-eventbridge';
import {
  GetFunctionConfigurationCommand,
  InvokeCommand,
  LambdaClient,
  type GetFunctionConfigurationCommandOutput,
  ListFunctionsCommand,
} from '@aws-sdk/client-lambda';
import { DeleteBucketPolicyCommand, S3Client } from '@aws-sdk/client-s3';
import type { StackTemplate } from '../../infra/removals.ts';
import type { ClientConfig } from './emulator.ts';

/** The result of a function. */
export interface Invoked {
  readonly failed: boolean;
  readonly payload: unknown;
}

/** Returns what a function has returned, or the message of its error. */
export function resultOf({ failed, payload }: Invoked): unknown {
  return failed ? (payload as { errorMessage: string }).errorMessage : payload;
}

/** Reads an emulated account, and changes it as its owner does. */
export class Account {
  readonly #apis: ApiGatewayV2Client;
  readonly #stacks: CloudFormationClient;
  readonly #logs: CloudWatchLogsClient;
  readonly #events: EventBridgeClient;
  readonly #lambda: LambdaClient;
  readonly #s3: S3Client;

  constructor(config: ClientConfig) {
    this.#apis = new ApiGatewayV2Client(config);
    this.#stacks = new CloudFormationClient(config);
    this.#logs = new CloudWatchLogsClient(config);
    this.#events = new EventBridgeClient(config);
    this.#lambda = new LambdaClient(config);
    this.#s3 = new S3Client({ ...config, forcePathStyle: true });
  }

  /** Returns the HTTP API of this name. */
  async api(name: string): Promise<{ id: string; endpoint: string }> {
    const { Items = [] } = await this.#apis.send(new GetApisCommand({}));
    const { ApiId: id, ApiEndpoint: endpoint } = Items.find((api) => api.Name === name) ?? {};
    if (id === undefined || endpoint === undefined) throw new Error(`there is no API ${name}`);
    return { id, endpoint };
  }

  /** Returns the names of the functions, sorted. */
  async functions(): Promise<string[]> {
    const { Functions = [] } = await this.#lambda.send(new ListFunctionsCommand({}));
    return Functions.map(({ FunctionName = '' }) => FunctionName).toSorted();
  }

  /** Returns the keys of the API's routes, sorted. */
  async routes(apiId: string): Promise<string[]> {
    const { Items = [] } = await this.#apis.send(new GetRoutesCommand({ ApiId: apiId }));
    return Items.map(({ RouteKey = '' }) => RouteKey).toSorted();
  }

  /** Adds routes with another integration than the receiver's. */
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

  /** Reads the template of a stack as it was deployed. */
  async templateOf(stackName: string): Promise<StackTemplate> {
    const command = new GetTemplateCommand({ StackName: stackName, TemplateStage: 'Original' });
    const { TemplateBody = '{}' } = await this.#stacks.send(command);
    return JSON.parse(TemplateBody) as StackTemplate;
  }

  /** Reads the configuration of a function. */
  configurationOf(name: string): Promise<GetFunctionConfigurationCommandOutput> {
    return this.#lambda.send(new GetFunctionConfigurationCommand({ FunctionName: name }));
  }

  /** Invokes a function and returns its result. */
  async invoke(name: string): Promise<Invoked> {
    const { FunctionError, Payload } = await this.#lambda.send(new InvokeCommand({ FunctionName: name }));
    const text = new TextDecoder().decode(Payload);
    return { failed: FunctionError !== undefined, payload: text === '' ? undefined : JSON.parse(text) };
  }

  /** Reads the log of a function. */
  async log(name: string): Promise<string[]> {
    const logGroupName = `/aws/lambda/${name}`;
    const lines: string[] = [];
    let nextToken: string | undefined;
    do {
      const page = await this.#logs.send(new FilterLogEventsCommand({ logGroupName, nextToken }));
      lines.push(...(page.events ?? []).map(({ message = '' }) => message));
      nextToken = page.nextToken;
    } while (nextToken !== undefined);
    return lines;
  }

  /** Counts the runs of a function in its log. */
  async runs(name: string): Promise<number> {
    return (await this.log(name)).filter((line) => line.startsWith('START ')).length;
  }

  /** Disables every schedule. */
  async stopSchedules(): Promise<void> {
    const { Rules = [] } = await this.#events.send(new ListRulesCommand({}));
    for (const { Name } of Rules) await this.#events.send(new DisableRuleCommand({ Name }));
  }

  /** Allows plain HTTP, which is what the emulator serves and CDK's bucket for uploads denies. */
  async allowPlainHttp(bucket: string): Promise<void> {
    await this.#s3.send(new DeleteBucketPolicyCommand({ Bucket: bucket }));
  }

  close(): void {
    for (const client of [this.#apis, this.#stacks, this.#logs, this.#events, this.#lambda, this.#s3])
      client.destroy();
  }
}
