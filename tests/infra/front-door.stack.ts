import { beforeAll, expect, test } from '@jest/globals';
import { canonical, type Canonical, type Template } from './canonical-template.ts';
import { synthesizeTeamApp } from './deploy-tools.ts';

const TIMEOUT_MS = 120_000;

let template: Template;
let made: Canonical;

beforeAll(async () => {
  template = await synthesizeTeamApp();
  const own = Object.entries(template.Resources).filter(([id]) => id.startsWith('FrontDoor'));
  made = canonical({ Resources: Object.fromEntries(own) });
}, TIMEOUT_MS);

test('the names begin with that of the stack', () => {
  expect(made['AWS::Lambda::Function Platform-receiver']).toMatchObject({
    Environment: {
      Variables: { EKS_CLUSTER_NAME: 'apps', SECRET_NAME_TEMPLATE: 'team/{namespace}/{name}' },
    },
  });
});

test.each(['receiver', 'reconciler'])('the role of the %s enters the cluster in its own group', (id) => {
  expect(made[`AWS::EKS::AccessEntry kargo-front-door:${id}`]).toEqual({
    ClusterName: 'apps',
    KubernetesGroups: [`kargo-front-door:${id}`],
    PrincipalArn: `<AWS::IAM::Role What the ${id} of Platform may do>.Arn`,
    Type: 'STANDARD',
  });
});

test('the functions run in the private subnets, with a security group that is let into the cluster', () => {
  const group = '<AWS::EC2::SecurityGroup>.GroupId';
  expect(made['AWS::Lambda::Function Platform-reconciler']).toMatchObject({
    VpcConfig: { SecurityGroupIds: [group] },
  });
  expect(made['AWS::EC2::SecurityGroup']).toMatchObject({
    SecurityGroupEgress: [{ CidrIp: '0.0.0.0/0', IpProtocol: 'tcp', FromPort: 443, ToPort: 443 }],
  });
  expect(made['AWS::EC2::SecurityGroupIngress The functions of Platform']).toMatchObject({
    GroupId: 'sg-0123456789abcdef0',
    SourceSecurityGroupId: group,
    FromPort: 443,
  });
});

test('the manifests are applied through the cluster construct', () => {
  expect(template.Metadata).toEqual({
    alarms: 5,
    applied: [
      'ClusterRole kargo-front-door-receiver',
      'ClusterRoleBinding kargo-front-door-receiver',
      'ValidatingAdmissionPolicy kargo-front-door-receiver',
      'ValidatingAdmissionPolicyBinding kargo-front-door-receiver',
      'ClusterRole kargo-front-door-reconciler',
      'ClusterRoleBinding kargo-front-door-reconciler',
    ],
  });
});
