import { aws_ec2 as ec2 } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { values } from '../values.ts';

const { securityGroup: settings } = values;

/** The functions' own security group: it calls out on one port, and nobody calls it. */
export class FunctionsSecurityGroup extends Construct {
  readonly securityGroup: ec2.SecurityGroup;

  constructor(
    scope: Construct,
    id: string,
    name: string,
    vpc: ec2.IVpc,
    cluster: ec2.ISecurityGroup | undefined,
  ) {
    super(scope, id);
    const port = ec2.Port.tcp(settings.port);
    const description = `${settings.description} of ${name}`;
    this.securityGroup = new ec2.SecurityGroup(this, 'SecurityGroup', {
      vpc,
      description,
      allowAllOutbound: false,
    });
    this.securityGroup.addEgressRule(ec2.Peer.anyIpv4(), port, settings.egressDescription);
    if (cluster !== undefined) {
      new ec2.CfnSecurityGroupIngress(this, 'ClusterIngress', {
        groupId: cluster.securityGroupId,
        sourceSecurityGroupId: this.securityGroup.securityGroupId,
        description,
        ipProtocol: 'tcp',
        fromPort: settings.port,
        toPort: settings.port,
      });
    }
  }
}
