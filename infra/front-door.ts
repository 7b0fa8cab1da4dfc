import {
  type aws_apigatewayv2 as apigateway,
  type aws_cloudwatch as cloudwatch,
  type aws_ec2 as ec2,
  type aws_iam as iam,
  type aws_lambda as lambda,
  type aws_sqs as sqs,
  Stack,
} from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { REGISTRY_PATH } from '../lib/core/delivery/endpoint.ts';
import { FUNCTIONS, type FunctionName } from '../lib/functions.ts';
import { ReceiverApi } from './constructs/api.ts';
import { ReceiverCanary } from './constructs/canary.ts';
import { VpcEndpoints } from './constructs/endpoints.ts';
import { FrontDoorFunction } from './constructs/function.ts';
import { applyHardening } from './constructs/hardening.ts';
import { addNetwork, limitEgress } from './constructs/network.ts';
import { Observability } from './constructs/observability.ts';
import { applyRbac } from './constructs/rbac.ts';
import { addReceiversSecret } from './constructs/receivers-secret.ts';
import { RetryQueue } from './constructs/retry-queue.ts';
import { deployedFunctions, hasCluster, hasRegistry } from './deployed-functions.ts';
import type { DeploymentSettings } from './deployment-settings.ts';
import type { KargoFrontDoorProps } from './front-door-props.ts';
import { readProps } from './read-props.ts';

export { DeploymentError } from './deployment-settings.ts';
export type {
  BitbucketProps,
  ClusterProp,
  CustomDomainProps,
  EksClusterConstruct,
  KargoFrontDoorProps,
  RegistryProps,
} from './front-door-props.ts';
export type { FunctionName } from '../lib/functions.ts';

/**
 * Receives the webhooks of Bitbucket for Kargo on a private cluster: an HTTP API, the functions, alarms and a dashboard.
 *
 * @example
 * ```ts
 * new KargoFrontDoor(stack, 'FrontDoor', { cluster, vpc, applyRbac: true });
 * ```
 */
export class KargoFrontDoor extends Construct {
  /** The public base URL: Kargo's `externalWebhooksServer` must have the same for its own controller to agree. */
  readonly receiverBaseUrl: string;
  /** The URL for webhooks of the package registry; undefined without one. */
  readonly registryWebhookUrl: string | undefined;
  readonly apiId: string;
  readonly api: apigateway.HttpApi;
  readonly stage: apigateway.HttpStage;
  /** The functions that this deployment has, by name. */
  readonly functions: ReadonlyMap<FunctionName, lambda.Function>;
  /** The roles of those functions. Nothing that is added to them takes effect: their rights are the package's own. */
  readonly roles: ReadonlyMap<FunctionName, iam.IRole>;
  readonly receiver: lambda.IFunction;
  /** The alias that the API invokes; undefined without a canary. */
  readonly receiverAlias: lambda.IAlias | undefined;
  /** Undefined where the deployment has no cluster. */
  readonly reconciler: lambda.IFunction | undefined;
  /** Undefined without a retry queue. */
  readonly redelivery: lambda.IFunction | undefined;
  readonly retryQueue: sqs.IQueue | undefined;
  readonly deadLetterQueue: sqs.IQueue | undefined;
  /** The functions' own security group; undefined where the team chose theirs, or no VPC. */
  readonly securityGroup: ec2.ISecurityGroup | undefined;
  /** Where the DNS record of the domain points; undefined without one. */
  readonly domainTarget: string | undefined;
  readonly alarms: readonly cloudwatch.Alarm[];
  readonly dashboard: cloudwatch.Dashboard;

  /**
   * @param settings - the props, read as settings; FrontDoorStack has read its own, and passes constructs as props only
   * @throws {DeploymentError} that names every fault of the props
   */
  constructor(
    scope: Construct,
    id: string,
    props: KargoFrontDoorProps = {},
    settings: DeploymentSettings = readProps(props),
  ) {
    super(scope, id);
    const deploymentName = props.name ?? Stack.of(this).stackName;
    const api = new ReceiverApi(this, deploymentName, settings, props.domain?.certificate);
    this.apiId = api.apiId;
    this.api = api.api;
    this.stage = api.stage;
    this.domainTarget = api.domainTarget;
    this.receiverBaseUrl = settings.RECEIVER_BASE_URL ?? api.url;
    if (hasRegistry(settings)) this.registryWebhookUrl = `${this.receiverBaseUrl}${REGISTRY_PATH}`;
    const { network, ownGroup } = addNetwork(this, deploymentName, props);
    this.securityGroup = ownGroup;
    const endpoints =
      network === undefined || settings.VPC_ENDPOINTS === 'false'
        ? undefined
        : new VpcEndpoints(this, deploymentName, settings, network);
    if (settings.LIMIT_EGRESS === 'true' && ownGroup !== undefined) {
      const groups = [props.clusterSecurityGroup, endpoints?.securityGroup].flatMap((group) => group ?? []);
      limitEgress(ownGroup, { groups, ranges: props.egressCidrs ?? settings.EGRESS_CIDRS });
    }
    const { apiId, receiverBaseUrl } = this;
    const retries =
      settings.RETRY_QUEUE === 'true' ? new RetryQueue(this, deploymentName, settings) : undefined;
    this.retryQueue = retries?.queue;
    this.deadLetterQueue = retries?.deadLetterQueue;
    const receiversSecretArn =
      retries !== undefined && hasCluster(settings)
        ? addReceiversSecret(this, deploymentName, settings.SECRET_NAME_TEMPLATE)
        : undefined;
    const context = {
      deploymentName,
      settings,
      receiverBaseUrl,
      apiId,
      network,
      endpoints,
      retries,
      receiversSecretArn,
    };
    let canary: ReceiverCanary | undefined;
    const functions = new Map<FunctionName, lambda.Function>();
    const roles = new Map<FunctionName, iam.IRole>();
    for (const name of deployedFunctions(settings)) {
      const made = new FrontDoorFunction(this, name, context, props.code?.[name]);
      const { trigger } = FUNCTIONS[name];
      switch (trigger.kind) {
        case 'http':
          canary = settings.CANARY === 'false' ? undefined : new ReceiverCanary(this, made.function);
          api.connect((canary?.alias ?? made.function) as lambda.IFunction, settings);
          break;
        case 'schedule':
          made.schedule(trigger.rate);
          break;
        case 'queue':
          retries?.connect(made.function, trigger.batchSize);
          break;
        default:
          trigger satisfies never;
      }
      functions.set(name, made.function);
      roles.set(name, made.role);
    }
    this.functions = functions;
    this.roles = roles;
    this.receiver = functions.get('receiver') as lambda.Function;
    this.receiverAlias = canary?.alias as lambda.IAlias | undefined;
    this.reconciler = functions.get('reconciler');
    this.redelivery = functions.get('redelivery');
    if (this.redelivery !== undefined) retries?.allow(this.receiver, this.redelivery);
    const observability = new Observability(
      this,
      { deploymentName, apiId, settings },
      retries,
      props.alarmTopic,
    );
    this.alarms = observability.alarms;
    this.dashboard = observability.dashboard;
    if (settings.CANARY !== 'false')
      canary?.rollBackOn(observability.alarmsOfReceiver, `${deploymentName}-receiver`, settings.CANARY);
    applyHardening(this, settings);
    if (props.applyRbac === true) applyRbac(props.cluster);
  }
}
