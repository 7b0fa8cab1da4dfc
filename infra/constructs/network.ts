import { aws_ec2 as ec2 } from 'aws-cdk-lib';
import { Construct } from 'constructs';

/** The cluster API and every AWS API listen here. */
const HTTPS_PORT = 443;

/** The functions' own security group: it allows calls to one port, and none from anywhere. */
export class FunctionsSecurityGroup extends Construct {
  readonly securityGroup: ec2.SecurityGroup;

  /** @param cluster - the cluster's security group, which is opened for the new one */
  constructor(
    scope: Construct,
    id: string,
    deploymentName: string,
    vpc: ec2.IVpc,
    cluster: ec2.ISecurityGroup | undefined,
  ) {
    super(scope, id);
    const description = `The functions of ${deploymentName}`;
    this.securityGroup = new ec2.SecurityGroup(this, 'SecurityGroup', {
      vpc,
      description,
      allowAllOutbound: false,
    });
    this.securityGroup.addEgressRule(
      ec2.Peer.anyIpv4(),
      ec2.Port.tcp(HTTPS_PORT),
      'Cluster API and AWS APIs',
    );
    if (cluster !== undefined) {
      new ec2.CfnSecurityGroupIngress(this, 'ClusterIngress', {
        groupId: cluster.securityGroupId,
        sourceSecurityGroupId: this.securityGroup.securityGroupId,
        description,
        ipProtocol: 'tcp',
        fromPort: HTTPS_PORT,
        toPort: HTTPS_PORT,
      });
    }
  }
}

/** Returns the private subnets of a VPC. Isolated ones will do: every AWS API that is called has an endpoint of its own. */
export function privateSubnetsOf(vpc: ec2.IVpc): ec2.SubnetSelection {
  return {
    subnetType:
      vpc.privateSubnets.length > 0 ? ec2.SubnetType.PRIVATE_WITH_EGRESS : ec2.SubnetType.PRIVATE_ISOLATED,
  };
}
