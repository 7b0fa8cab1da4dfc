import { App, aws_ec2 as ec2, aws_eks as eks, Stack } from 'aws-cdk-lib';
import { bundleFunctions } from '../../infra/bundle.ts';
import { KargoFrontDoor } from '../../infra/front-door.ts';
import { clusterCa } from './cluster-ca.ts';

/** A team's own app with the construct in it, beside a VPC and a cluster; run by front-door.stack.ts. */
await bundleFunctions();
const stack = new Stack(new App(), 'Platform');
const vpc = new ec2.Vpc(stack, 'Vpc', { natGateways: 1 }) as ec2.IVpc;
const cluster = eks.Cluster.fromClusterAttributes(stack, 'Cluster', {
  clusterName: 'apps',
  clusterEndpoint: 'https://0123456789ABCDEF.gr7.eu-central-1.eks.amazonaws.com',
  clusterCertificateAuthorityData: clusterCa,
});
const applied: string[] = [];
// What an imported cluster can only do with a kubectl of its own.
cluster.addManifest = (_id, ...manifests) => {
  applied.push(...manifests.map(({ kind, metadata }) => `${String(kind)} ${String(metadata.name)}`));
  return undefined as never;
};

const door = new KargoFrontDoor(stack, 'FrontDoor', {
  cluster,
  applyRbac: true,
  vpc,
  clusterSecurityGroup: ec2.SecurityGroup.fromSecurityGroupId(stack, 'Group', 'sg-0123456789abcdef0'),
  secretPrefix: 'team/',
});

stack.templateOptions.metadata = { applied, alarms: door.alarms.length };
