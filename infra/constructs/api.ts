import {
  aws_apigateway as restApi,
  aws_apigatewayv2 as apigateway,
  type aws_certificatemanager as acm,
  aws_iam as iam,
  aws_lambda as lambda,
  aws_logs as logs,
  RemovalPolicy,
  Stack,
  Validations,
} from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { REGISTRY_PATH } from '../../lib/core/delivery/endpoint.ts';
import { METRICS_NAMESPACE } from '../../lib/functions.ts';
import { SHARED_ROUTE_PATH } from '../constants.ts';
import { hasCluster, hasRegistry } from '../deployed-functions.ts';
import type { DeploymentSettings } from '../deployment-settings.ts';
import { apiServiceNameOf, GONE_RECEIVER_METRIC } from './alarms.ts';
import { addLogGroup } from './log-group.ts';

/** One second more than the receiver has, so that the receiver answers before the gateway times out. */
const INTEGRATION_TIMEOUT_MS = 11_000;

/** The default of each route. Bitbucket sends one delivery a push: far more than any team sends, and far below the account's limit. */
const THROTTLING = { rateLimit: 20, burstLimit: 40 };

/** No header and no body: a signature never reaches a log. */
const ACCESS_LOG_FORMAT = {
  requestId: '$context.requestId',
  time: '$context.requestTime',
  sourceIp: '$context.identity.sourceIp',
  route: '$context.routeKey',
  path: '$context.path',
  status: '$context.status',
  responseLatency: '$context.responseLatency',
  integrationStatus: '$context.integrationStatus',
  integrationError: '$context.integrationErrorMessage',
};

/**
 * Finds in the access log a delivery to the hash of no receiver, whoever answered it: the gateway or, with one route for all, the receiver.
 * Nobody guesses a hash, so it is that of a receiver that existed.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
 */
const GONE_RECEIVER_PATTERN = '{ ($.status = "404") && ($.path = %/bitbucket/[0-9a-f]{64}$%) }';

/** The HTTP API with its stage, access logs and, where there is one, its domain. */
export class ReceiverApi extends Construct {
  readonly apiId: string;
  readonly api: apigateway.HttpApi;
  readonly stage: apigateway.HttpStage;
  /** The API's public address. With a domain of its own, it has no other. */
  readonly url: string;
  /** Where the DNS record of the domain points; the record is the team's to make. */
  readonly domainTarget: string | undefined;

  /** @param certificate - of the domain in the settings */
  constructor(
    scope: Construct,
    apiName: string,
    settings: DeploymentSettings,
    certificate?: acm.ICertificate,
  ) {
    super(scope, 'Api');
    const api = new apigateway.HttpApi(this, 'HttpApi', {
      apiName,
      description: 'Receives the webhooks of Bitbucket for Kargo',
      createDefaultStage: false,
      disableExecuteApiEndpoint: certificate !== undefined,
    });
    const accessLogs = addLogGroup(this, `/aws/apigateway/${apiName}`, settings);
    const service = apiServiceNameOf(apiName);
    new logs.CfnMetricFilter(this, 'GoneReceivers', {
      logGroupName: accessLogs.ref,
      filterPattern: GONE_RECEIVER_PATTERN,
      metricTransformations: [
        {
          metricNamespace: METRICS_NAMESPACE,
          metricName: GONE_RECEIVER_METRIC,
          metricValue: '1',
          dimensions: [{ key: 'service', value: '$.service' }],
        },
      ],
    });
    const stage = new apigateway.HttpStage(this, 'Stage', {
      httpApi: api,
      stageName: '$default',
      autoDeploy: true,
      throttle: THROTTLING,
      accessLogSettings: {
        destination: new apigateway.LogGroupLogDestination(accessLogs),
        format: restApi.AccessLogFormat.custom(JSON.stringify({ service, ...ACCESS_LOG_FORMAT })),
      },
    });
    this.apiId = api.apiId;
    this.api = api;
    this.stage = stage;
    const { DOMAIN_NAME: domainName, BASE_PATH: basePath } = settings;
    if (domainName === undefined || certificate === undefined) {
      this.url = api.apiEndpoint;
      return;
    }
    const domain = new apigateway.DomainName(this, 'DomainName', {
      domainName,
      certificate,
      endpointType: apigateway.EndpointType.REGIONAL,
      securityPolicy: apigateway.SecurityPolicy.TLS_1_2,
    });
    new apigateway.ApiMapping(this, 'Mapping', {
      api,
      domainName: domain,
      stage,
      ...(basePath !== '' && { apiMappingKey: basePath }),
    });
    this.url = `https://${[domainName, basePath].filter(Boolean).join('/')}`;
    this.domainTarget = domain.regionalDomainName;
  }

  /**
   * Adds the one integration of all routes, the routes that the reconciler does not make, and the API's right to invoke the receiver for
   * each path that the deployment serves.
   */
  connect(receiver: lambda.IFunction, settings: DeploymentSettings): void {
    const integration = new apigateway.CfnIntegration(this, 'Integration', {
      apiId: this.apiId,
      integrationType: 'AWS_PROXY',
      integrationUri: receiver.functionArn,
      payloadFormatVersion: '2.0',
      timeoutInMillis: INTEGRATION_TIMEOUT_MS,
    });
    // It cannot be removed while the reconciler's routes use it, and is deleted with the API.
    integration.applyRemovalPolicy(RemovalPolicy.RETAIN);
    const target = `integrations/${integration.ref}`;
    if (hasCluster(settings)) {
      this.#allowInvocation('Permission', receiver, '/bitbucket/*');
      const reason =
        'Bitbucket cannot sign for API Gateway: the receiver itself verifies the HMAC of the body';
      if (settings.ROUTES === 'shared') this.#addRoute('Route', SHARED_ROUTE_PATH, target, reason);
    }
    if (hasRegistry(settings)) {
      this.#allowInvocation('RegistryPermission', receiver, REGISTRY_PATH);
      const reason =
        'As for receivers; without BITBUCKET_WEBHOOK_SECRET_ID, the team accepts unsigned deliveries here, throttled';
      this.#addRoute('RegistryRoute', REGISTRY_PATH, target, reason);
    }
    // An alias is invoked by the routes that exist as soon as they lead to it: the right to invoke it comes first.
    if (settings.CANARY !== 'false') {
      const permissions = this.node.children.filter((child) => child instanceof lambda.CfnPermission);
      integration.node.addDependency(...permissions);
    }
  }

  #allowInvocation(id: string, receiver: lambda.IFunction, path: string): void {
    const deliveries = { service: 'execute-api', resource: this.apiId, resourceName: `*/POST${path}` };
    receiver.addPermission(id, {
      scope: this,
      principal: new iam.ServicePrincipal('apigateway.amazonaws.com'),
      sourceArn: Stack.of(this).formatArn(deliveries),
    });
  }

  /** @param reason - why the gateway does not authorize its requests */
  #addRoute(id: string, path: string, target: string, reason: string): void {
    const route = new apigateway.CfnRoute(this, id, { apiId: this.apiId, routeKey: `POST ${path}`, target });
    Validations.of(route).acknowledge({ id: 'AwsSolutions-APIG4', reason });
  }
}
