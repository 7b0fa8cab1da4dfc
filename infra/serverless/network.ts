import type { Network } from '../deployment.ts';
import { values } from '../values.ts';
import { attribute, logicalIds, type Intrinsic, type Resources } from './template.ts';

const { securityGroup } = values;

/** Makes the functions' security group where none is given and, where the cluster's is, lets it into that. */
export function networkResources(name: string, network: Network): Resources {
  if (network.securityGroupIds.length > 0) return {};
  const { port } = securityGroup;
  return {
    [logicalIds.securityGroup]: {
      Type: 'AWS::EC2::SecurityGroup',
      Properties: {
        GroupDescription: `${securityGroup.description} of ${name}`,
        VpcId: network.vpcId,
        SecurityGroupEgress: [
          {
            CidrIp: '0.0.0.0/0',
            Description: securityGroup.egressDescription,
            IpProtocol: 'tcp',
            FromPort: port,
            ToPort: port,
          },
        ],
      },
    },
    ...(network.clusterSecurityGroupId !== undefined && {
      [logicalIds.clusterIngress]: {
        Type: 'AWS::EC2::SecurityGroupIngress',
        Properties: {
          GroupId: network.clusterSecurityGroupId,
          SourceSecurityGroupId: attribute(logicalIds.securityGroup, 'GroupId'),
          Description: `${securityGroup.description} of ${name}`,
          IpProtocol: 'tcp',
          FromPort: port,
          ToPort: port,
        },
      },
    }),
  };
}

/** Gives the functions' `vpc` as serverless.yml writes it. */
export function vpcConfig(
  network: Network | undefined,
): false | Readonly<Record<string, readonly Intrinsic[]>> {
  if (network === undefined) return false;
  const { subnetIds, securityGroupIds } = network;
  return {
    subnetIds,
    securityGroupIds:
      securityGroupIds.length > 0 ? securityGroupIds : [attribute(logicalIds.securityGroup, 'GroupId')],
  };
}
