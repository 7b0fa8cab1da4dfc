import { describe, expect, test } from '@jest/globals';
import { readDeployment, secretPrefixOf } from '../../infra/deployment.ts';

const read = (settings: Record<string, string>) => readDeployment((name) => settings[name]);

test('what is deployed where nothing is set', () => {
  expect(read({})).toEqual({
    routes: 'per-receiver',
    receiverBaseUrl: undefined,
    domain: undefined,
    secretNameTemplate: 'kargo/{namespace}/{name}',
    systemResourcesNamespace: 'kargo-system-resources',
    rotationGraceHours: '168',
    cluster: { kind: 'kubeconfig-secret', secretId: 'kargo-front-door/kubeconfig' },
    network: undefined,
    secretsKeyArn: undefined,
    alarmTopicArn: undefined,
    memorySize: 512,
    logRetentionDays: 90,
    tracing: false,
    logLevel: 'INFO',
  });
});

describe('one setting read', () => {
  test.each([
    [{ ROUTES: '' }, { routes: 'per-receiver' }],
    [
      { RECEIVER_BASE_URL: 'https://hooks.example.com/kargo/' },
      { receiverBaseUrl: 'https://hooks.example.com/kargo' },
    ],
    [
      { EKS_CLUSTER_NAME: 'apps', EKS_CLUSTER_ENDPOINT: 'https://eks.example.com', EKS_CLUSTER_CA: 'Q0E=' },
      { cluster: { kind: 'eks', name: 'apps', endpoint: 'https://eks.example.com', ca: 'Q0E=' } },
    ],
    [
      { VPC_ID: 'vpc-1', SUBNET_IDS: 'subnet-1, subnet-2,' },
      {
        network: {
          vpcId: 'vpc-1',
          subnetIds: ['subnet-1', 'subnet-2'],
          securityGroupIds: [],
          clusterSecurityGroupId: undefined,
        },
      },
    ],
    [
      { DOMAIN_NAME: 'hooks.example.com', CERTIFICATE_ARN: 'arn:aws:acm:1', BASE_PATH: '/a/b/' },
      { domain: { domainName: 'hooks.example.com', certificateArn: 'arn:aws:acm:1', basePath: 'a/b' } },
    ],
  ])('%j', (settings, expected) => {
    expect(read(settings as Record<string, string>)).toMatchObject(expected);
  });
});

test('every fault is told at once', () => {
  const faulty = {
    ROUTES: 'none',
    MEMORY_SIZE: 'much',
    TRACING: 'yes',
    SECRET_NAME_TEMPLATE: '{namespace}/{name}',
  };
  expect(() => read(faulty)).toThrow(
    'ROUTES must be per-receiver or shared; ' +
      'SECRET_NAME_TEMPLATE must begin with a fixed part, to which the roles are confined; ' +
      'MEMORY_SIZE must be a whole number; TRACING must be true or false',
  );
});

test.each([
  [
    { EKS_CLUSTER_NAME: 'apps' },
    'EKS_CLUSTER_NAME, EKS_CLUSTER_ENDPOINT, EKS_CLUSTER_CA must be set together',
  ],
  [{ DOMAIN_NAME: 'hooks.example.com' }, 'DOMAIN_NAME, CERTIFICATE_ARN must be set together'],
  [{ SUBNET_IDS: 'subnet-1' }, 'VPC_ID, SUBNET_IDS must be set together'],
])('what belongs together: %j', (settings, fault) => {
  expect(() => read(settings as Record<string, string>)).toThrow(fault);
});

test.each([
  ['kargo/{namespace}/{name}', 'kargo/'],
  ['{namespace}/{name}', ''],
  ['a-{name}/{namespace}', 'a-'],
])('the fixed part of %s', (template, prefix) => {
  expect(secretPrefixOf(template)).toBe(prefix);
});
