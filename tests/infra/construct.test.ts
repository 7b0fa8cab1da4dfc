import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { aws_ec2 as ec2, aws_eks as eks, CfnResource, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { KargoFrontDoor } from '../../infra/front-door.ts';
import { clusterCa } from './cluster-ca.ts';
import { code, removeScratch, testApp } from './deployed.ts';
import { functionOf, propertiesOf } from './template-reading.ts';

afterAll(removeScratch);

describe('the construct in the stack of a team, beside a VPC and a cluster', () => {
  const applied: string[] = [];
  let alarms: number;
  let template: Template;

  beforeAll(() => {
    const stack = new Stack(testApp(), 'Platform');
    const cluster = eks.Cluster.fromClusterAttributes(stack, 'Cluster', {
      clusterName: 'apps',
      clusterEndpoint: 'https://0123456789ABCDEF.gr7.eu-central-1.eks.amazonaws.com',
      clusterCertificateAuthorityData: clusterCa,
    });
    // An imported cluster applies manifests only with a kubectl of its own.
    cluster.addManifest = (id, ...manifests) => {
      applied.push(...manifests.map(({ kind, metadata }) => `${String(kind)} ${String(metadata.name)}`));
      return new CfnResource(stack, id, { type: 'Test::Manifest' }) as never;
    };
    const frontDoor = new KargoFrontDoor(stack, 'FrontDoor', {
      cluster,
      code,
      applyRbac: true,
      vpc: new ec2.Vpc(stack, 'Vpc', { natGateways: 1 }) as ec2.IVpc,
      clusterSecurityGroup: ec2.SecurityGroup.fromSecurityGroupId(stack, 'Group', 'sg-0123456789abcdef0'),
      secretPrefix: 'team/',
    });
    alarms = frontDoor.alarms.length;
    template = Template.fromStack(stack);
  });

  test('the names begin with that of the stack, and the props reach the functions', () => {
    for (const name of ['receiver', 'reconciler'])
      expect(functionOf(template, `Platform-${name}`)).toMatchObject({
        Environment: { Variables: { SECRET_NAME_TEMPLATE: 'team/{namespace}/{name}' } },
      });
  });

  test('the construct has the alarms of the deployment', () => {
    expect(alarms).toBe(18);
  });

  test('the manifests are applied one after the other, the namespace first', () => {
    const manifests = Object.values(template.findResources('Test::Manifest'));
    expect(applied[0]).toBe('Namespace kargo-front-door');
    expect(manifests.map(({ DependsOn }) => DependsOn)).toEqual([
      undefined,
      ['KargoFrontDoorreceiver'],
      ['KargoFrontDoorreconciler'],
      ['KargoFrontDoorredelivery'],
    ]);
  });

  test('each role is a member of a group of its own', () => {
    const entry = { ClusterName: 'apps', Type: 'STANDARD' };
    expect(propertiesOf(template, 'AWS::EKS::AccessEntry')).toMatchObject([
      { ...entry, KubernetesGroups: ['kargo-front-door:receiver'] },
      { ...entry, KubernetesGroups: ['kargo-front-door:reconciler'] },
      { ...entry, KubernetesGroups: ['kargo-front-door:redelivery'] },
    ]);
  });

  test('the functions have a security group of their own, which the cluster accepts', () => {
    const port = { FromPort: 443, ToPort: 443, IpProtocol: 'tcp' };
    expect(propertiesOf(template, 'AWS::EC2::SecurityGroup')).toMatchObject([
      {
        GroupDescription: 'The functions of Platform',
        SecurityGroupEgress: [{ ...port, CidrIp: '0.0.0.0/0' }],
      },
    ]);
    expect(propertiesOf(template, 'AWS::EC2::SecurityGroupIngress')).toMatchObject([
      { ...port, GroupId: 'sg-0123456789abcdef0' },
    ]);
  });

  test('the manifests are applied through the cluster construct', () => {
    for (const name of ['receiver', 'reconciler'])
      expect(applied).toEqual(
        expect.arrayContaining([
          `ClusterRole kargo-front-door-${name}`,
          `ClusterRoleBinding kargo-front-door-${name}`,
        ]),
      );
  });
});

test('a template under which a project could name the copy of the receivers is refused', () => {
  const props = { code, name: 'dev-kargo', secretNameTemplate: 'dev-{namespace}/{name}' };
  expect(() => new KargoFrontDoor(new Stack(testApp(), 'Platform'), 'FrontDoor', props)).toThrow(
    'must not let a project name the system\'s own secret "dev-kargo/receivers"',
  );
});
