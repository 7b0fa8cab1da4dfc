import {
  type App,
  aws_certificatemanager as acm,
  aws_ec2 as ec2,
  aws_kms as kms,
  aws_sns as sns,
  CfnOutput,
  Stack,
} from 'aws-cdk-lib';
import { FUNCTION_NAMES } from '../lib/functions.ts';
import { concurrencySettingOf, type DeploymentSettings } from './deployment-settings.ts';
import type { KargoFrontDoorProps } from './front-door-props.ts';
import { KargoFrontDoor } from './front-door.ts';

/** The front door in a stack of its own, as its settings say (docs/settings.md); the CDK app and serverless.yml both deploy it. */
export class FrontDoorStack extends Stack {
  readonly frontDoor: KargoFrontDoor;

  constructor(
    app: App,
    stackName: string,
    settings: DeploymentSettings,
    code: KargoFrontDoorProps['code'] = {},
  ) {
    super(app, 'KargoFrontDoor', {
      stackName,
      description: 'Receives the webhooks of Bitbucket for Kargo',
    });
    this.frontDoor = new KargoFrontDoor(this, 'FrontDoor', { ...this.#propsOf(settings), code });
    this.#addOutputs(settings.DOMAIN_NAME);
  }

  #propsOf(settings: DeploymentSettings): KargoFrontDoorProps {
    return {
      ...this.#networkOf(settings),
      cluster: clusterOf(settings),
      receiverBaseUrl: settings.RECEIVER_BASE_URL,
      domain: this.#domainOf(settings),
      routes: settings.ROUTES,
      secretNameTemplate: settings.SECRET_NAME_TEMPLATE,
      secretsKey: this.#keyOf('SecretsKey', settings.SECRETS_KEY_ARN),
      systemResourcesNamespace: settings.SYSTEM_RESOURCES_NAMESPACE,
      rotationGraceHours: Number(settings.ROTATION_GRACE_HOURS),
      maxReceiversPerProject: Number(settings.MAX_RECEIVERS_PER_PROJECT),
      projects: settings.PROJECTS,
      dryRun: settings.DRY_RUN === 'true',
      alarmTopic: this.#topicOf(settings.ALARM_TOPIC_ARN),
      memorySize: settings.MEMORY_SIZE,
      concurrency: Object.fromEntries(
        FUNCTION_NAMES.map((name) => [name, settings[concurrencySettingOf(name)]]),
      ),
      logRetentionDays: settings.LOG_RETENTION_DAYS,
      logRemoval: settings.LOG_REMOVAL,
      logsKey: this.#keyOf('LogsKey', settings.LOGS_KEY_ARN),
      tracing: settings.TRACING === 'true',
      logLevel: settings.LOG_LEVEL,
    };
  }

  #keyOf(id: string, arn: string | undefined): kms.IKey | undefined {
    return arn === undefined ? undefined : kms.Key.fromKeyArn(this, id, arn);
  }

  #topicOf(arn: string | undefined): sns.ITopic | undefined {
    return arn === undefined ? undefined : sns.Topic.fromTopicArn(this, 'AlarmTopic', arn);
  }

  #domainOf(settings: DeploymentSettings): KargoFrontDoorProps['domain'] {
    const { DOMAIN_NAME: domainName, CERTIFICATE_ARN: arn, BASE_PATH: basePath } = settings;
    if (domainName === undefined || arn === undefined) return undefined;
    return {
      domainName,
      basePath,
      certificate: acm.Certificate.fromCertificateArn(this, 'Certificate', arn),
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
      // The zones are not looked up: that would need the account.
      vpc: ec2.Vpc.fromVpcAttributes(this, 'Vpc', {
        vpcId,
        availabilityZones: subnetIds.map(() => 'unknown'),
        privateSubnetIds: subnetIds,
      }),
      securityGroups: groups.length > 0 ? groups : undefined,
      clusterSecurityGroup: cluster === undefined ? undefined : groupOf('ClusterGroup', cluster),
    };
  }

  #addOutputs(domainName: string | undefined): void {
    const { receiverBaseUrl, apiId, receiver, reconciler, domainTarget, securityGroup } = this.frontDoor;
    const outputs: Record<string, [description: string, value: string | undefined]> = {
      ReceiverBaseUrl: ["Kargo's externalWebhooksServer URL", receiverBaseUrl],
      HttpApiId: ['The HTTP API', apiId],
      ReceiverRoleArn: ["The receiver's role", receiver.role?.roleArn],
      ReconcilerRoleArn: ["The reconciler's role", reconciler.role?.roleArn],
      DomainTarget: [`Point ${domainName} here`, domainTarget],
      SecurityGroupId: ['Allow it to call the cluster on port 443', securityGroup?.securityGroupId],
    };
    for (const [name, [description, value]] of Object.entries(outputs)) {
      if (value !== undefined) new CfnOutput(this, name, { description, value });
    }
  }
}

function clusterOf(settings: DeploymentSettings): KargoFrontDoorProps['cluster'] {
  const { EKS_CLUSTER_NAME: name, EKS_CLUSTER_ENDPOINT: endpoint, EKS_CLUSTER_CA: ca } = settings;
  if (name !== undefined && endpoint !== undefined && ca !== undefined) return { name, endpoint, ca };
  const { KUBECONFIG_SECRET_ID: kubeconfigSecret } = settings;
  return kubeconfigSecret === undefined ? undefined : { kubeconfigSecret };
}
