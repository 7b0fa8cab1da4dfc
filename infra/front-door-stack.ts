import {
  type App,
  aws_certificatemanager as acm,
  aws_ec2 as ec2,
  aws_sns as sns,
  CfnOutput,
  type Environment,
  Stack,
} from 'aws-cdk-lib';
import type { DeploymentSettings } from './deployment-settings.ts';
import type { KargoFrontDoorProps } from './front-door-props.ts';
import { KargoFrontDoor } from './front-door.ts';

/** The front door in a stack of its own, as its settings say (docs/settings.md); the CDK app and serverless.yml both deploy it. */
export class FrontDoorStack extends Stack {
  readonly frontDoor: KargoFrontDoor;

  /** @param env - the account and region; the tool that deploys decides what is missing */
  constructor(
    app: App,
    stackName: string,
    settings: DeploymentSettings,
    code?: KargoFrontDoorProps['code'],
    env: Environment = {},
  ) {
    const description = 'Receives the webhooks of Bitbucket for Kargo';
    super(app, 'KargoFrontDoor', { stackName, description, env });
    const props = {
      ...this.#networkOf(settings),
      ...this.#domainOf(settings),
      ...this.#topicOf(settings),
      code,
    };
    this.frontDoor = new KargoFrontDoor(this, 'FrontDoor', props, settings);
    this.#addOutputs(settings.DOMAIN_NAME);
  }

  #topicOf({ ALARM_TOPIC_ARN: arn }: DeploymentSettings): KargoFrontDoorProps {
    return arn === undefined ? {} : { alarmTopic: sns.Topic.fromTopicArn(this, 'AlarmTopic', arn) };
  }

  #domainOf({ DOMAIN_NAME: domainName, CERTIFICATE_ARN: arn }: DeploymentSettings): KargoFrontDoorProps {
    if (domainName === undefined || arn === undefined) return {};
    return {
      domain: { domainName, certificate: acm.Certificate.fromCertificateArn(this, 'Certificate', arn) },
    };
  }

  #networkOf(settings: DeploymentSettings): KargoFrontDoorProps {
    const { VPC_ID: vpcId, SUBNET_IDS: subnetIds, CLUSTER_SECURITY_GROUP_ID: cluster } = settings;
    if (vpcId === undefined) return {};
    const groupOf = (id: string, groupId: string): ec2.ISecurityGroup =>
      ec2.SecurityGroup.fromSecurityGroupId(this, id, groupId, { mutable: false });
    const groups = settings.SECURITY_GROUP_IDS.map((groupId, index) =>
      groupOf(`SecurityGroup${index}`, groupId),
    );
    return {
      // The zones are not looked up: that would need the account. Each subnet counts as one of a zone of its own.
      vpc: ec2.Vpc.fromVpcAttributes(this, 'Vpc', {
        vpcId,
        availabilityZones: subnetIds.map((_id, index) => `unknown-${index}`),
        privateSubnetIds: subnetIds,
      }),
      securityGroups: groups.length > 0 ? groups : undefined,
      clusterSecurityGroup: cluster === undefined ? undefined : groupOf('ClusterGroup', cluster),
    };
  }

  #addOutputs(domainName: string | undefined): void {
    const { receiverBaseUrl, registryWebhookUrl, apiId, receiver, reconciler, domainTarget, securityGroup } =
      this.frontDoor;
    const { redelivery, retryQueue, deadLetterQueue } = this.frontDoor;
    const outputs: Record<string, [description: string, value: string | undefined]> = {
      ReceiverBaseUrl: ["Kargo's externalWebhooksServer URL", receiverBaseUrl],
      RegistryWebhookUrl: ['The URL of webhooks for the package registry', registryWebhookUrl],
      HttpApiId: ['The HTTP API', apiId],
      ReceiverRoleArn: ["The receiver's role", receiver.role?.roleArn],
      ReconcilerRoleArn: ["The reconciler's role", reconciler?.role?.roleArn],
      RedeliveryRoleArn: ["The redelivery's role", redelivery?.role?.roleArn],
      RetryQueueUrl: ['Events that are retried', retryQueue?.queueUrl],
      DeadLetterQueueUrl: ['Events that were not finished: npm run redrive', deadLetterQueue?.queueUrl],
      RegistrarRoleArn: ["The registrar's role", this.frontDoor.functions.get('registrar')?.role?.roleArn],
      DomainTarget: [`Point ${domainName} here`, domainTarget],
      SecurityGroupId: ['Allow it to call the cluster on port 443', securityGroup?.securityGroupId],
    };
    for (const [name, [description, value]] of Object.entries(outputs)) {
      if (value !== undefined) new CfnOutput(this, name, { description, value });
    }
  }
}
