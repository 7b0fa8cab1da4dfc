import {
  aws_apigateway as restApi,
  aws_apigatewayv2 as apigateway,
  aws_lambda as lambda,
  RemovalPolicy,
  Stack,
} from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { acknowledgeOpenRoute } from './acknowledged-findings.ts';
import { addLogGroup } from './log-group.ts';
import { values } from '../values.ts';

const { api: settings } = values;

export interface ReceiverApiProps {
  readonly name: string;
  readonly logRetentionDays: number;
  /** With a domain of its own, the API has one address only. */
  readonly hasDomain: boolean;
}

/** The HTTP API with its stage and access logs. It has no route of its own: see `addIntegration`. */
export class ReceiverApi extends Construct {
  readonly api: apigateway.HttpApi;
  readonly stage: apigateway.HttpStage;
  /** The API's name in the template. */
  readonly logicalId: string;

  constructor(scope: Construct, id: string, { name, logRetentionDays, hasDomain }: ReceiverApiProps) {
    super(scope, id);
    this.api = new apigateway.HttpApi(this, 'HttpApi', {
      apiName: name,
      description: settings.description,
      createDefaultStage: false,
      disableExecuteApiEndpoint: hasDomain,
    });
    this.logicalId = Stack.of(this).resolve(
      (this.api.node.defaultChild as apigateway.CfnApi).logicalId,
    ) as string;
    const accessLogs = addLogGroup(this, `/aws/apigateway/${name}`, logRetentionDays);
    this.stage = new apigateway.HttpStage(this, 'Stage', {
      httpApi: this.api,
      stageName: '$default',
      autoDeploy: true,
      throttle: { rateLimit: settings.throttlingRateLimit, burstLimit: settings.throttlingBurstLimit },
      accessLogSettings: {
        destination: new apigateway.LogGroupLogDestination(accessLogs),
        format: restApi.AccessLogFormat.custom(JSON.stringify(settings.accessLogFormat)),
      },
    });
  }

  /**
   * Adds the one integration that every route has, and lets the API call the receiver through it. `per-receiver` leaves the routes to
   * the reconciler; `shared` makes the one for all.
   */
  addIntegration(receiver: lambda.IFunction, routes: 'per-receiver' | 'shared'): void {
    const { apiId } = this.api;
    const integration = new apigateway.CfnIntegration(this, 'Integration', {
      apiId,
      integrationType: 'AWS_PROXY',
      integrationUri: receiver.functionArn,
      payloadFormatVersion: '2.0',
      timeoutInMillis: settings.integrationTimeoutMs,
    });
    // It cannot be removed while the reconciler's routes use it, and goes with the API.
    integration.applyRemovalPolicy(RemovalPolicy.RETAIN);
    new lambda.CfnPermission(this, 'Permission', {
      functionName: receiver.functionArn,
      action: 'lambda:InvokeFunction',
      principal: 'apigateway.amazonaws.com',
      sourceArn: Stack.of(this).formatArn({
        service: 'execute-api',
        resource: apiId,
        resourceName: '*/POST/bitbucket/*',
      }),
    });
    if (routes === 'shared') {
      const route = new apigateway.CfnRoute(this, 'Route', {
        apiId,
        routeKey: `POST ${settings.sharedRoutePath}`,
        target: `integrations/${integration.ref}`,
      });
      acknowledgeOpenRoute(route);
    }
  }
}
