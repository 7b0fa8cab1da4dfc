import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { aws_ec2 as ec2, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { KargoFrontDoor } from '../../infra/front-door.ts';
import { code, deployedWith, removeScratch, testApp } from './deployed.ts';
import { environmentOf, propertiesOf } from './template-reading.ts';

// Each synthesis is a second's work, and several on a busy machine.
jest.setTimeout(30_000);

afterAll(removeScratch);

const VPC = {
  VPC_ID: 'vpc-01234567',
  SUBNET_IDS: 'subnet-01234567,subnet-01234568',
  KUBECONFIG_SECRET_ID: 'ops/kubeconfig',
};

interface Endpoint {
  readonly ServiceName: unknown;
  readonly PolicyDocument?: { readonly Statement: readonly Statement[] };
}

interface Statement {
  readonly Action: string | string[];
  readonly Condition: unknown;
  readonly Resource: unknown;
}

const endpointsOf = (template: Template): Endpoint[] =>
  propertiesOf(template, 'AWS::EC2::VPCEndpoint') as Endpoint[];

/** Returns the services of the endpoints by the ends of their names. */
const servicesOf = (template: Template): (string | undefined)[] =>
  endpointsOf(template).map(
    ({ ServiceName }) => /com\.amazonaws\..*\.([a-z]+)"/.exec(JSON.stringify(ServiceName))?.[1],
  );

/** Writes each statement as its role, actions and resource, with logical ids in place of references. */
const statementsOf = (template: Template, service: string): string[] => {
  const endpoint = endpointsOf(template)[servicesOf(template).indexOf(service)];
  return (endpoint?.PolicyDocument?.Statement ?? []).map(({ Action, Condition, Resource }) => {
    const role = /FrontDoor(\w+?)Role/.exec(JSON.stringify(Condition))?.[1];
    const resource = JSON.stringify(Resource)
      .replace(/.*":(secret:[^"]*)".*/, '$1')
      .replace(/.*FrontDoorRetryQueue(DeadLetters)?.*/, 'RetryQueue$1')
      .replace(/.*"FrontDoorReceivers[0-9A-F]+".*/, 'Receivers');
    return `${role}: ${[Action].flat().join()} ${resource}`;
  });
};

test('without the setting there is no endpoint', () => {
  expect(endpointsOf(deployedWith(VPC))).toEqual([]);
});

describe('with VPC_ENDPOINTS=true', () => {
  let template: Template;

  beforeAll(() => {
    template = deployedWith({ ...VPC, VPC_ENDPOINTS: 'true' });
  });

  test('there is an endpoint for each service that is called, in the subnets of the functions', () => {
    expect(servicesOf(template)).toEqual(['secretsmanager', 'sqs', 'apigateway']);
    for (const endpoint of endpointsOf(template))
      expect(endpoint).toMatchObject({
        VpcEndpointType: 'Interface',
        VpcId: 'vpc-01234567',
        SubnetIds: ['subnet-01234567', 'subnet-01234568'],
        PrivateDnsEnabled: false,
      });
  });

  test("the endpoints accept calls on port 443 from the functions' security group, and no others", () => {
    const groups = propertiesOf(template, 'AWS::EC2::SecurityGroup') as Record<string, unknown>[];
    expect(groups.map(({ GroupDescription }) => GroupDescription)).toEqual([
      'The functions of kargo',
      'The VPC endpoints of kargo',
    ]);
    expect(groups[1]).not.toHaveProperty('SecurityGroupIngress');
    expect(propertiesOf(template, 'AWS::EC2::SecurityGroupIngress')).toEqual([
      {
        Description: 'The functions of kargo',
        IpProtocol: 'tcp',
        FromPort: 443,
        ToPort: 443,
        GroupId: { 'Fn::GetAtt': [expect.stringContaining('VpcEndpointsSecurityGroup'), 'GroupId'] },
        SourceSecurityGroupId: { 'Fn::GetAtt': [expect.stringContaining('NetworkSecurityGroup'), 'GroupId'] },
      },
    ]);
  });

  test('the endpoint of Secrets Manager serves each role the secrets of its own policy', () => {
    expect(statementsOf(template, 'secretsmanager')).toEqual([
      'Receiver: secretsmanager:GetSecretValue secret:kargo/*',
      'Receiver: secretsmanager:BatchGetSecretValue "*"',
      'Receiver: secretsmanager:GetSecretValue Receivers',
      'Receiver: secretsmanager:GetSecretValue secret:ops/kubeconfig-??????',
      'Reconciler: secretsmanager:GetSecretValue secret:kargo/*',
      'Reconciler: secretsmanager:BatchGetSecretValue "*"',
      'Reconciler: secretsmanager:ListSecrets "*"',
      'Reconciler: secretsmanager:GetSecretValue,secretsmanager:PutSecretValue Receivers',
      'Reconciler: secretsmanager:GetSecretValue secret:ops/kubeconfig-??????',
      'Redelivery: secretsmanager:GetSecretValue secret:ops/kubeconfig-??????',
    ]);
  });

  test("the endpoint of SQS serves the deployment's own queues", () => {
    const receive = 'sqs:ReceiveMessage,sqs:DeleteMessage,sqs:ChangeMessageVisibility,sqs:GetQueueAttributes';
    expect(statementsOf(template, 'sqs')).toEqual([
      'Receiver: sqs:SendMessage RetryQueue',
      `Redelivery: ${receive} RetryQueue`,
      'Redelivery: sqs:SendMessage RetryQueue',
      'Redelivery: sqs:SendMessage RetryQueueDeadLetters',
    ]);
  });

  test('the functions call the endpoints by their own names', () => {
    for (const name of ['receiver', 'reconciler', 'redelivery']) {
      const variables = environmentOf(template, name) as Record<string, unknown>;
      for (const [variable, service] of [
        ['AWS_ENDPOINT_URL_SECRETS_MANAGER', 'secretsmanager'],
        ['AWS_ENDPOINT_URL_SQS', 'sqs'],
        ['AWS_ENDPOINT_URL_APIGATEWAYV2', 'apigateway'],
      ] as const) {
        const entries = { 'Fn::GetAtt': [expect.stringContaining(service), 'DnsEntries'] };
        const regional = { 'Fn::Split': [':', { 'Fn::Select': [0, entries] }] };
        expect(variables[variable]).toEqual({
          'Fn::Join': ['', ['https://', { 'Fn::Select': [1, regional] }]],
        });
      }
    }
  });
});

describe('an endpoint is only made where its service is called', () => {
  test.each([
    ['one route for all needs no control plane', { ROUTES: 'shared' }, ['secretsmanager', 'sqs']],
    ['without a retry queue', { RETRY_QUEUE: 'false' }, ['secretsmanager', 'apigateway']],
    [
      'a package registry alone, without a token',
      { KUBECONFIG_SECRET_ID: '', CARGOMAN_URL: 'https://packages.example.com' },
      ['sqs'],
    ],
    [
      'a package registry alone, with a token',
      {
        KUBECONFIG_SECRET_ID: '',
        CARGOMAN_URL: 'https://packages.example.com',
        CARGOMAN_TOKEN_SECRET_ID: 'ops/token',
      },
      ['secretsmanager', 'sqs'],
    ],
  ])('%s', (_what, settings, services) => {
    expect(servicesOf(deployedWith({ ...VPC, VPC_ENDPOINTS: 'true', ...settings }))).toEqual(services);
  });
});

test('with private-dns the names of the services lead to the endpoints, and the functions have no others', () => {
  const template = deployedWith({ ...VPC, VPC_ENDPOINTS: 'private-dns' });
  expect(endpointsOf(template)).toMatchObject([
    { PrivateDnsEnabled: true },
    { PrivateDnsEnabled: true },
    { PrivateDnsEnabled: true },
  ]);
  expect(Object.keys(environmentOf(template, 'receiver')).join()).not.toContain('AWS_ENDPOINT_URL');
});

test("security groups of the team's own may call the endpoints", () => {
  const SECURITY_GROUP_IDS = 'sg-01234567,sg-01234568';
  const template = deployedWith({ ...VPC, SECURITY_GROUP_IDS, VPC_ENDPOINTS: 'true' });
  expect(propertiesOf(template, 'AWS::EC2::SecurityGroupIngress')).toMatchObject([
    { SourceSecurityGroupId: 'sg-01234567', FromPort: 443, ToPort: 443 },
    { SourceSecurityGroupId: 'sg-01234568', FromPort: 443, ToPort: 443 },
  ]);
});

test('in the VPC of a team, an endpoint is in one subnet of each zone', () => {
  const stack = new Stack(testApp(), 'Platform');
  const vpc = ec2.Vpc.fromVpcAttributes(stack, 'Vpc', {
    vpcId: 'vpc-01234567',
    availabilityZones: ['eu-central-1a', 'eu-central-1b'],
    privateSubnetIds: ['subnet-01', 'subnet-02', 'subnet-03', 'subnet-04'],
  });
  const { node } = new KargoFrontDoor(stack, 'FrontDoor', { vpc, vpcEndpoints: true, code });
  expect(node.tryFindChild('VpcEndpoints')).toBeDefined();
  for (const endpoint of endpointsOf(Template.fromStack(stack)))
    expect(endpoint).toMatchObject({ SubnetIds: ['subnet-01', 'subnet-02'] });
});
