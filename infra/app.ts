import {
  App,
  aws_certificatemanager as acm,
  aws_ec2 as ec2,
  aws_kms as kms,
  aws_sns as sns,
  CfnOutput,
  Stack,
  Validations,
} from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { bundleFunctions } from './bundle.ts';
import { readDeployment, type Deployment, type Network } from './deployment.ts';
import type { KargoFrontDoorProps } from './front-door-props.ts';
import { KargoFrontDoor } from './front-door.ts';

/** Deploys the front door by itself, as its settings say (docs/settings.md): `npx cdk deploy`, with context or environment. */
await bundleFunctions();
const app = new App();
const setting = (name: string): string | undefined => {
  const fromContext = app.node.tryGetContext(name) as string | number | boolean | undefined;
  return fromContext?.toString() ?? process.env[name];
};
const deployment = readDeployment(setting);
const stack = new Stack(app, 'KargoFrontDoor', {
  stackName: setting('STACK_NAME') || 'kargo-front-door',
  description: 'Receives the webhooks of Bitbucket for Kargo',
});
addOutputs(new KargoFrontDoor(stack, 'FrontDoor', propsOf(deployment)));
Validations.of(app).addPlugins(new AwsSolutionsChecks(app));

function propsOf(settings: Deployment): KargoFrontDoorProps {
  const { cluster, domain, network, receiverBaseUrl, secretsKeyArn, alarmTopicArn } = settings;
  return {
    routes: settings.routes,
    secretNameTemplate: settings.secretNameTemplate,
    systemResourcesNamespace: settings.systemResourcesNamespace,
    rotationGraceHours: Number(settings.rotationGraceHours),
    memorySize: settings.memorySize,
    logRetentionDays: settings.logRetentionDays,
    tracing: settings.tracing,
    logLevel: settings.logLevel,
    cluster: cluster.kind === 'eks' ? cluster : { kubeconfigSecret: cluster.secretId },
    ...(receiverBaseUrl !== undefined && { receiverBaseUrl }),
    ...(network !== undefined && networkProps(network)),
    ...(domain !== undefined && {
      domain: {
        ...domain,
        certificate: acm.Certificate.fromCertificateArn(stack, 'Certificate', domain.certificateArn),
      },
    }),
    ...(secretsKeyArn !== undefined && {
      secretsKey: kms.Key.fromKeyArn(stack, 'SecretsKey', secretsKeyArn),
    }),
    ...(alarmTopicArn !== undefined && {
      alarmTopic: sns.Topic.fromTopicArn(stack, 'AlarmTopic', alarmTopicArn),
    }),
  };
}

function networkProps({
  vpcId,
  subnetIds,
  securityGroupIds,
  clusterSecurityGroupId,
}: Network): KargoFrontDoorProps {
  const groupOf = (id: string, index: number): ec2.ISecurityGroup =>
    ec2.SecurityGroup.fromSecurityGroupId(stack, `SecurityGroup${index}`, id, { mutable: false });
  return {
    // The zones are not asked for: looking them up would need the account.
    vpc: ec2.Vpc.fromVpcAttributes(stack, 'Vpc', {
      vpcId,
      availabilityZones: subnetIds.map(() => 'unknown'),
      privateSubnetIds: [...subnetIds],
    }),
    ...(securityGroupIds.length > 0 && { securityGroups: securityGroupIds.map(groupOf) }),
    ...(clusterSecurityGroupId !== undefined && {
      clusterSecurityGroup: ec2.SecurityGroup.fromSecurityGroupId(
        stack,
        'ClusterGroup',
        clusterSecurityGroupId,
        {
          mutable: false,
        },
      ),
    }),
  };
}

function addOutputs({
  receiverBaseUrl,
  apiId,
  receiver,
  reconciler,
  domainTarget,
  securityGroup,
}: KargoFrontDoor): void {
  const outputs: Record<string, [description: string, value: string | undefined]> = {
    ReceiverBaseUrl: ["Kargo's externalWebhooksServer URL", receiverBaseUrl],
    HttpApiId: ['The HTTP API', apiId],
    ReceiverRoleArn: ["The receiver's role", receiver.role?.roleArn],
    ReconcilerRoleArn: ["The reconciler's role", reconciler.role?.roleArn],
    DomainTarget: [`Point ${deployment.domain?.domainName} here`, domainTarget],
    SecurityGroupId: ['Let it into the cluster on port 443', securityGroup?.securityGroupId],
  };
  for (const [name, [description, value]] of Object.entries(outputs)) {
    if (value !== undefined) new CfnOutput(stack, name, { description, value });
  }
}
