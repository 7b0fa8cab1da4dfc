import {
  type aws_cloudwatch as cloudwatch,
  type aws_ec2 as ec2,
  type aws_lambda as lambda,
  Stack,
} from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { FUNCTION_NAMES, FUNCTIONS, type FunctionName } from '../lib/functions.ts';
import { ReceiverApi } from './constructs/api.ts';
import { addAccessEntry, applyRbac } from './constructs/cluster-access.ts';
import {
  bundledCode,
  environmentOf,
  FrontDoorFunction,
  type FrontDoorFunctionProps,
} from './constructs/function.ts';
import { FunctionsSecurityGroup, privateSubnetsOf } from './constructs/network.ts';
import { Observability } from './constructs/observability.ts';
import { acknowledgePatterns, permissionsOf, policyOf } from './constructs/permissions.ts';
import type { DeploymentSettings } from './deployment-settings.ts';
import type { KargoFrontDoorProps } from './front-door-props.ts';
import { readProps } from './read-props.ts';

export type { KargoFrontDoorProps } from './front-door-props.ts';

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
  readonly apiId: string;
  readonly functions: Readonly<Record<FunctionName, lambda.Function>>;
  readonly receiver: lambda.IFunction;
  readonly reconciler: lambda.IFunction;
  /** The functions' own security group; undefined where the team chose theirs, or no VPC. */
  readonly securityGroup: ec2.ISecurityGroup | undefined;
  /** Where the DNS record of the domain points; undefined without one. */
  readonly domainTarget: string | undefined;
  readonly alarms: readonly cloudwatch.Alarm[];

  readonly #name: string;
  readonly #settings: DeploymentSettings;
  readonly #api: ReceiverApi;
  readonly #network: FrontDoorFunctionProps['network'];

  /** @throws {DeploymentError} that names every fault of the props */
  constructor(scope: Construct, id: string, props: KargoFrontDoorProps = {}) {
    super(scope, id);
    this.#name = props.name ?? Stack.of(this).stackName;
    this.#settings = readProps(props);
    this.#api = new ReceiverApi(this, 'Api', this.#name, this.#settings, props.domain);
    this.apiId = this.#api.apiId;
    this.domainTarget = this.#api.domainTarget;
    this.receiverBaseUrl = this.#settings.RECEIVER_BASE_URL ?? this.#api.url;
    this.securityGroup =
      props.vpc && props.securityGroups === undefined
        ? new FunctionsSecurityGroup(this, 'Network', this.#name, props.vpc, props.clusterSecurityGroup)
            .securityGroup
        : undefined;
    this.#network = networkOf(props, this.securityGroup);
    this.functions = Object.fromEntries(
      FUNCTION_NAMES.map((name) => [name, this.#addFunction(name, props)]),
    ) as Record<FunctionName, lambda.Function>;
    this.receiver = this.functions.receiver;
    this.reconciler = this.functions.reconciler;
    this.alarms = new Observability(this, 'Observability', this.#name, this.apiId, props.alarmTopic).alarms;
    if (props.applyRbac === true) applyRbac(props.cluster);
  }

  #addFunction(name: FunctionName, props: KargoFrontDoorProps): lambda.Function {
    const settings = this.#settings;
    const functionName = `${this.#name}-${name}`;
    const statements = permissionsOf(name, {
      functionName,
      settings,
      inVpc: this.#network !== undefined,
    });
    const made = new FrontDoorFunction(
      this,
      name.replace(/^./, (letter) => letter.toUpperCase()),
      {
        name,
        functionName,
        code: props.code?.[name] ?? bundledCode(name),
        environment: environmentOf(name, settings, this.receiverBaseUrl, this.apiId),
        policy: policyOf(statements, this.apiId),
        settings,
        network: this.#network,
      },
    );
    acknowledgePatterns(made.role, statements, this.#api.logicalId);
    if (settings.EKS_CLUSTER_NAME !== undefined)
      addAccessEntry(made, name, settings.EKS_CLUSTER_NAME, made.role.roleArn);
    const { trigger } = FUNCTIONS[name];
    switch (trigger.kind) {
      case 'http':
        this.#api.connect(made.function, settings.ROUTES);
        break;
      case 'schedule':
        made.schedule(trigger.rate);
        break;
      default:
        trigger satisfies never;
    }
    return made.function;
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
