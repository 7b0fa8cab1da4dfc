import { aws_ec2 as ec2, type aws_lambda as lambda } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import type { KargoFrontDoorProps } from '../front-door-props.ts';

/** The cluster API and every AWS API listen here. */
export const HTTPS_PORT = 443;

/** Where in a VPC the functions run. */
export type FunctionsNetwork = Required<
  Pick<lambda.FunctionOptions, 'vpc' | 'vpcSubnets' | 'securityGroups'>
>;

/**
 * Returns where the functions run, with a security group of their own where the team chose none.
 *
 * @returns nothing without a VPC
 */
export function addNetwork(
  scope: Construct,
  deploymentName: string,
  { vpc, subnets, securityGroups, clusterSecurityGroup }: KargoFrontDoorProps,
): { readonly network?: FunctionsNetwork; readonly ownGroup?: ec2.ISecurityGroup } {
  if (vpc === undefined) return {};
  const subnetType =
    vpc.privateSubnets.length > 0 ? ec2.SubnetType.PRIVATE_WITH_EGRESS : ec2.SubnetType.PRIVATE_ISOLATED;
  // Isolated subnets will do: every AWS API that is called has an endpoint of its own.
  const place = { vpc, vpcSubnets: subnets ?? { subnetType } };
  if (securityGroups !== undefined) return { network: { ...place, securityGroups } };
  const ownGroup = addSecurityGroup(scope, deploymentName, vpc, clusterSecurityGroup);
  return { network: { ...place, securityGroups: [ownGroup] }, ownGroup };
}

/** What the functions may call when outbound calls are limited. */
interface AllowedDestinations {
  readonly groups: readonly ec2.ISecurityGroup[];
  readonly ranges: readonly string[];
}

/**
 * Replaces the rule for outbound calls of the functions' own security group by one for each destination. The rules are part of the group:
 * as resources of their own they would follow it, and until then nothing could be called.
 */
export function limitEgress(group: ec2.ISecurityGroup, { groups, ranges }: AllowedDestinations): void {
  const port = { ipProtocol: 'tcp', fromPort: HTTPS_PORT, toPort: HTTPS_PORT };
  (group.node.defaultChild as ec2.CfnSecurityGroup).securityGroupEgress = [
    ...groups.map(({ securityGroupId }) => ({ ...port, destinationSecurityGroupId: securityGroupId })),
    ...ranges.map((cidrIp) => ({ ...port, cidrIp })),
  ];
}

/** Adds a security group that allows calls to one port, and none from anywhere; the cluster's own is opened for it. */
function addSecurityGroup(
  scope: Construct,
  deploymentName: string,
  vpc: ec2.IVpc,
  cluster: ec2.ISecurityGroup | undefined,
): ec2.ISecurityGroup {
  const parent = new Construct(scope, 'Network');
  const description = `The functions of ${deploymentName}`;
  const group = new ec2.SecurityGroup(parent, 'SecurityGroup', { vpc, description, allowAllOutbound: false });
  group.addEgressRule(ec2.Peer.anyIpv4(), ec2.Port.tcp(HTTPS_PORT), 'Cluster API and AWS APIs');
  if (cluster !== undefined) {
    new ec2.CfnSecurityGroupIngress(parent, 'ClusterIngress', {
      groupId: cluster.securityGroupId,
      sourceSecurityGroupId: group.securityGroupId,
      description,
      ipProtocol: 'tcp',
      fromPort: HTTPS_PORT,
      toPort: HTTPS_PORT,
    });
  }
  return group;
}
