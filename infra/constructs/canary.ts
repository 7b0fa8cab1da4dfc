import {
  type aws_cloudwatch as cloudwatch,
  aws_codedeploy as codedeploy,
  aws_iam as iam,
  aws_lambda as lambda,
  Validations,
} from 'aws-cdk-lib';
import { Construct } from 'constructs';
import type { DeploymentSettings } from '../deployment-settings.ts';

/** The alias that the API invokes. */
const ALIAS_NAME = 'live';

const { LambdaDeploymentConfig } = codedeploy;

/** CodeDeploy's own configurations: how much of the deliveries a new version receives, and for how long, before it receives all. */
const CONFIGURATIONS = {
  '10percent5minutes': LambdaDeploymentConfig.CANARY_10PERCENT_5MINUTES,
  '10percent10minutes': LambdaDeploymentConfig.CANARY_10PERCENT_10MINUTES,
  '10percent15minutes': LambdaDeploymentConfig.CANARY_10PERCENT_15MINUTES,
  '10percent30minutes': LambdaDeploymentConfig.CANARY_10PERCENT_30MINUTES,
} as const satisfies Record<Exclude<DeploymentSettings['CANARY'], 'false'>, unknown>;

/** Published versions of the receiver, and an alias to which CodeDeploy shifts a new one in two steps. */
export class ReceiverCanary extends Construct {
  readonly alias: lambda.Alias;
  readonly #receiver: lambda.Function;

  constructor(scope: Construct, receiver: lambda.Function) {
    super(scope, 'Canary');
    this.#receiver = receiver;
    const version = receiver.currentVersion as lambda.IVersion;
    this.alias = new lambda.Alias(this, 'Alias', { aliasName: ALIAS_NAME, version });
  }

  /**
   * Has CodeDeploy shift each new version, and return to the previous one when an alarm starts.
   *
   * @param name - of the application and its deployment group in CodeDeploy
   */
  rollBackOn(
    alarms: readonly cloudwatch.Alarm[],
    name: string,
    configuration: keyof typeof CONFIGURATIONS,
  ): void {
    new codedeploy.LambdaDeploymentGroup(this, 'Deployments', {
      application: new codedeploy.LambdaApplication(this, 'Application', { applicationName: name }),
      deploymentGroupName: name,
      alias: this.alias,
      deploymentConfig: CONFIGURATIONS[configuration],
      alarms: [...alarms],
      role: this.#addRole(name),
    });
  }

  /** Adds CodeDeploy's role. AWS's policy for it allows the aliases of all functions; a second one denies those of the others. */
  #addRole(name: string): iam.IRole {
    const { functionArn } = this.#receiver;
    const keepToReceiver = new iam.PolicyStatement({
      sid: 'KeepToReceiver',
      effect: iam.Effect.DENY,
      actions: ['lambda:UpdateAlias', 'lambda:InvokeFunction'],
      notResources: [functionArn, `${functionArn}:*`],
    });
    const role = new iam.Role(this, 'Role', {
      description: `Shifts deliveries to new versions of ${name}`,
      assumedBy: new iam.ServicePrincipal('codedeploy.amazonaws.com'),
      inlinePolicies: { receiver: new iam.PolicyDocument({ statements: [keepToReceiver] }) },
    });
    const policy = 'arn:<AWS::Partition>:iam::aws:policy/service-role/AWSCodeDeployRoleForLambdaLimited';
    Validations.of(role).acknowledge({
      id: `AwsSolutions-IAM4[Policy::${policy}]`,
      reason:
        'AWS keeps what CodeDeploy needs in this policy; KeepToReceiver denies what it allows on other functions',
    });
    return role;
  }
}
