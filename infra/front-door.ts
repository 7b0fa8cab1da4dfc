import {
  type aws_cloudwatch as cloudwatch,
  aws_ec2 as ec2,
  type aws_lambda as lambda,
  Stack,
} from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { acknowledgeOpenResources } from './cdk/acknowledged-findings.ts';
import { ReceiverApi } from './cdk/api.ts';
import { addAccessEntry, applyRbac } from './cdk/cluster-access.ts';
import { ReceiverDomain } from './cdk/custom-domain.ts';
import { FrontDoorFunction, type FrontDoorFunctionProps } from './cdk/function.ts';
import { subFor } from './cdk/sub.ts';
import { FunctionsSecurityGroup } from './cdk/network.ts';
import { Observability } from './cdk/observability.ts';
import { scheduleReconciler } from './cdk/schedule.ts';
import { choicesOf } from './front-door-choices.ts';
import type { KargoFrontDoorProps } from './front-door-props.ts';
import { functionEnvironment } from './function-environment.ts';
import { permissions } from './permissions.ts';
import type { FunctionId } from './values.ts';

export type { KargoFrontDoorProps } from './front-door-props.ts';

/** Receives Bitbucket's webhooks for Kargo on a private cluster: an HTTP API, the receiver, the reconciler, alarms and a dashboard. */
export class KargoFrontDoor extends Construct {
  /** The public base URL: Kargo's `externalWebhooksServer` must have the same for its own controller to agree. */
  readonly receiverBaseUrl: string;
  readonly apiId: string;
  readonly receiver: lambda.IFunction;
  readonly reconciler: lambda.IFunction;
  /** The functions' own security group; undefined where the team gave theirs, or no VPC. */
  readonly securityGroup: ec2.ISecurityGroup | undefined;
  /** Where the DNS record of the domain points; undefined without one. */
  readonly domainTarget: string | undefined;
  readonly alarms: readonly cloudwatch.Alarm[];

  /** Raises `DeploymentError` with every fault of the props. */
  constructor(scope: Construct, id: string, props: KargoFrontDoorProps = {}) {
    super(scope, id);
    const name = props.name ?? Stack.of(this).stackName;
    const choices = choicesOf(props);
    const api = new ReceiverApi(this, 'Api', {
      name,
      logRetentionDays: choices.logRetentionDays,
      hasDomain: props.domain !== undefined,
    });
    const domain = props.domain && new ReceiverDomain(this, 'Domain', api, props.domain);
    const { apiId } = api.api;
    this.apiId = apiId;
    this.domainTarget = domain?.target;
    this.receiverBaseUrl = choices.receiverBaseUrl ?? domain?.url ?? api.api.apiEndpoint;
    const sub = subFor(apiId);

    const ownGroup =
      props.vpc && props.securityGroups === undefined
        ? new FunctionsSecurityGroup(this, 'Network', name, props.vpc, props.clusterSecurityGroup)
            .securityGroup
        : undefined;
    this.securityGroup = ownGroup;
    const network = networkOf(props, ownGroup);

    const makeFunction = (logicalId: string, functionId: FunctionId): FrontDoorFunction => {
      const facts = {
        ...choices,
        name,
        inVpc: network !== undefined,
        secretsKeyArn: props.secretsKey?.keyArn,
      };
      const made = new FrontDoorFunction(this, logicalId, {
        function: functionId,
        name,
        environment: functionEnvironment(functionId, facts, {
          receiverBaseUrl: this.receiverBaseUrl,
          routesApiId: choices.routes === 'shared' ? undefined : apiId,
        }),
        statements: permissions(functionId, facts, sub),
        memorySize: choices.memorySize,
        logRetentionDays: choices.logRetentionDays,
        tracing: choices.tracing,
        network,
      });
      const texts = permissions(functionId, facts, (text) => text);
      acknowledgeOpenResources(made.role, texts, api.logicalId);
      if (choices.cluster.kind === 'eks')
        addAccessEntry(made, functionId, choices.cluster.name, made.role.roleArn);
      return made;
    };
    this.receiver = makeFunction('Receiver', 'receiver').function;
    const reconciler = makeFunction('Reconciler', 'reconciler').function;
    this.reconciler = reconciler;

    api.addIntegration(this.receiver, choices.routes);
    scheduleReconciler(this, reconciler);
    this.alarms = new Observability(this, 'Observability', {
      name,
      apiId,
      sub,
      alarmTopic: props.alarmTopic,
    }).alarms;
    if (props.applyRbac === true) applyRbac(props.cluster);
  }
}

function networkOf(
  { vpc, subnets, securityGroups }: KargoFrontDoorProps,
  ownGroup: ec2.ISecurityGroup | undefined,
): FrontDoorFunctionProps['network'] {
  if (vpc === undefined) return undefined;
  return {
    vpc,
    vpcSubnets: subnets ?? privateSubnetsOf(vpc),
    securityGroups: securityGroups ?? (ownGroup === undefined ? [] : [ownGroup]),
  };
}

/** Isolated subnets will do: every AWS API that is called has an endpoint of its own. */
function privateSubnetsOf(vpc: ec2.IVpc): ec2.SubnetSelection {
  return {
    subnetType:
      vpc.privateSubnets.length > 0 ? ec2.SubnetType.PRIVATE_WITH_EGRESS : ec2.SubnetType.PRIVATE_ISOLATED,
  };
}
