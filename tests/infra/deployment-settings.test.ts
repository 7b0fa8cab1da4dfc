import { describe, expect, test } from '@jest/globals';
import { DeploymentError, readDeploymentSettings } from '../../infra/deployment-settings.ts';
import { clusterCa } from './cluster-ca.ts';

const CERTIFICATE_ARN = 'arn:aws:acm:eu-central-1:123456789012:certificate/01234567-89ab-cdef';
const KEY_ARN = 'arn:aws-us-gov:kms:us-gov-west-1:123456789012:key/mrk-0123456789abcdef';

const read = (settings: Record<string, string>) => readDeploymentSettings({ get: (name) => settings[name] });

function faultOf(settings: Record<string, string>): string {
  try {
    read(settings);
  } catch (error) {
    if (error instanceof DeploymentError) return error.message;
    throw error;
  }
  return 'none';
}

test('an empty environment reads as the defaults', () => {
  expect(read({})).toEqual({
    ROUTES: 'per-receiver',
    RECEIVER_BASE_URL: undefined,
    DOMAIN_NAME: undefined,
    CERTIFICATE_ARN: undefined,
    BASE_PATH: '',
    SECRET_NAME_TEMPLATE: 'kargo/{namespace}/{name}',
    SYSTEM_RESOURCES_NAMESPACE: 'kargo-system-resources',
    ROTATION_GRACE_HOURS: '168',
    MAX_RECEIVERS_PER_PROJECT: '20',
    PROJECTS: [],
    DRY_RUN: 'false',
    KUBECONFIG_SECRET_ID: 'kargo-front-door/kubeconfig',
    EKS_CLUSTER_NAME: undefined,
    EKS_CLUSTER_ENDPOINT: undefined,
    EKS_CLUSTER_CA: undefined,
    CARGOMAN_URL: undefined,
    CARGOMAN_TOKEN_SECRET_ID: undefined,
    BITBUCKET_WEBHOOK_SECRET_ID: undefined,
    BITBUCKET_URL: undefined,
    VPC_ID: undefined,
    SUBNET_IDS: [],
    SECURITY_GROUP_IDS: [],
    CLUSTER_SECURITY_GROUP_ID: undefined,
    VPC_ENDPOINTS: 'false',
    LIMIT_EGRESS: 'false',
    EGRESS_CIDRS: [],
    CANARY: 'false',
    BITBUCKET_CREDENTIALS_SECRET_ID: undefined,
    BITBUCKET_CLOUD_API_URL: undefined,
    CHANGED_FILES: 'false',
    SECRETS_KEY_ARN: undefined,
    ALARM_TOPIC_ARN: undefined,
    MEMORY_SIZE: 512,
    RECEIVER_CONCURRENCY: 20,
    RECONCILER_CONCURRENCY: 1,
    REDELIVERY_CONCURRENCY: 2,
    RETRY_QUEUE: 'true',
    RETRY_MAX_AGE_HOURS: '6',
    QUEUE_KEY_ARN: undefined,
    REGISTRAR_CONCURRENCY: 1,
    LOG_RETENTION_DAYS: 90,
    LOG_REMOVAL: 'retain',
    LOGS_KEY_ARN: undefined,
    TAGS: [],
    PERMISSIONS_BOUNDARY_ARN: undefined,
    TRACING: 'false',
    LOG_LEVEL: 'INFO',
  });
});

describe('reads', () => {
  const eks = {
    EKS_CLUSTER_NAME: 'apps',
    EKS_CLUSTER_ENDPOINT: 'https://eks.example.com',
    EKS_CLUSTER_CA: clusterCa,
  };
  test.each([
    [{ ROUTES: '' }, { ROUTES: 'per-receiver' }],
    [
      { RECEIVER_BASE_URL: 'https://hooks.example.com/kargo/' },
      { RECEIVER_BASE_URL: 'https://hooks.example.com/kargo' },
    ],
    [
      { ...eks, KUBECONFIG_SECRET_ID: 'ops/kubeconfig' },
      { ...eks, KUBECONFIG_SECRET_ID: undefined },
    ],
    [
      { VPC_ID: 'vpc-01234567', SUBNET_IDS: 'subnet-01234567, subnet-01234568,' },
      { VPC_ID: 'vpc-01234567', SUBNET_IDS: ['subnet-01234567', 'subnet-01234568'] },
    ],
    [
      { DOMAIN_NAME: 'hooks.example.com', CERTIFICATE_ARN, BASE_PATH: '/a/b/' },
      { DOMAIN_NAME: 'hooks.example.com', CERTIFICATE_ARN, BASE_PATH: 'a/b' },
    ],
    [{ PROJECTS: 'team-*, demo,(cluster)' }, { PROJECTS: ['team-*', 'demo', '(cluster)'] }],
    [{ RECEIVER_CONCURRENCY: '0' }, { RECEIVER_CONCURRENCY: 0 }],
    [
      { CARGOMAN_URL: 'https://packages.example.com/' },
      { CARGOMAN_URL: 'https://packages.example.com', KUBECONFIG_SECRET_ID: undefined },
    ],
    [
      { CARGOMAN_URL: 'https://packages.example.com', KUBECONFIG_SECRET_ID: 'ops/kubeconfig' },
      { KUBECONFIG_SECRET_ID: 'ops/kubeconfig' },
    ],
    [{ LOGS_KEY_ARN: KEY_ARN }, { LOGS_KEY_ARN: KEY_ARN }],
  ])('%j', (settings, expected) => {
    expect(read(settings as Record<string, string>)).toMatchObject(expected);
  });
});

const eks = 'EKS_CLUSTER_NAME, EKS_CLUSTER_ENDPOINT, EKS_CLUSTER_CA must be set together';
const vpc = 'VPC_ID, SUBNET_IDS must be set together';

describe('rejects', () => {
  const url =
    'must be an http(s) URL without user, query and fragment, such as https://hooks.example.com/kargo';
  const domain =
    'must be a domain name, such as hooks.example.com; DOMAIN_NAME, CERTIFICATE_ARN must be set together';
  const path = 'must be a path of letters, digits, ".", "_" and "-"; BASE_PATH needs DOMAIN_NAME';
  const template = 'must hold {namespace} and {name} once each, with a "/" between them';
  const api = 'must be an https URL; BITBUCKET_CLOUD_API_URL needs BITBUCKET_CREDENTIALS_SECRET_ID';
  const unfixed = 'must begin with a fixed part, to which the roles are confined';
  const secret = 'must be the name or the ARN of a secret in Secrets Manager';
  const projects =
    'must be names of projects, with * for any characters, and (cluster) for the ClusterConfig, separated by commas';
  const registry =
    'must be an https URL without user, query and fragment, such as https://packages.example.com; http on loopback only';
  const days =
    'must be one of 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653';

  const settings: [name: string, values: string[], fault: string][] = [
    ['ROUTES', ['none'], 'must be per-receiver or shared'],
    ['CHANGED_FILES', ['true'], 'needs BITBUCKET_CREDENTIALS_SECRET_ID'],
    ['RECEIVER_BASE_URL', ['hooks.example.com', 'https://hooks.example.com?x'], url],
    ['DOMAIN_NAME', ['https://hooks.example.com', 'hooks.example.com/kargo'], domain],
    ['BASE_PATH', ['a b', 'a//b'], path],
    ['SECRET_NAME_TEMPLATE', ['kargo/{namespace}', 'kargo/{namespace}-{name}'], template],
    ['SECRET_NAME_TEMPLATE', ['{namespace}/{name}'], unfixed],
    ['SYSTEM_RESOURCES_NAMESPACE', ['A B'], 'must be the name of a namespace'],
    ['ROTATION_GRACE_HOURS', ['abc', '-1'], 'must be a number of hours, 0 or more'],
    ['VPC_ENDPOINTS', ['yes'], 'must be true, private-dns or false; VPC_ENDPOINTS needs VPC_ID'],
    ['RETRY_QUEUE', ['yes'], 'must be true or false'],
    ['RETRY_MAX_AGE_HOURS', ['0'], 'must be a number of hours above 0, and at most 24'],
    ['QUEUE_KEY_ARN', ['alias/queue'], 'must be the ARN of a KMS key'],
    ['REDELIVERY_CONCURRENCY', ['1'], 'must be 0, or at least 2, which is the minimum for a queue'],
    ['MAX_RECEIVERS_PER_PROJECT', ['0', '1.5'], 'must be a whole number from 1 to 999999'],
    ['PROJECTS', ['demo,Team', 'cluster)'], projects],
    ['DRY_RUN', ['yes'], 'must be true or false'],
    ['RECEIVER_CONCURRENCY', ['-1'], 'must be a whole number'],
    ['RECONCILER_CONCURRENCY', ['one'], 'must be a whole number'],
    ['CARGOMAN_URL', ['http://packages.example.com'], registry],
    ['LOG_REMOVAL', ['keep'], 'must be retain or destroy'],
    ['LOGS_KEY_ARN', ['alias/logs'], 'must be the ARN of a KMS key'],
    ['SECRETS_KEY_ARN', ['arn:aws:kms:eu-central-1:1:key/1'], 'must be the ARN of a KMS key'],
    ['ALARM_TOPIC_ARN', ['on-call'], 'must be the ARN of an SNS topic'],
    ['MEMORY_SIZE', ['0.5', '127', '10241'], 'must be a whole number from 128 to 10240'],
    ['VPC_ID', ['foo'], `must be the id of a VPC, such as vpc-0123456789abcdef0; ${vpc}`],
    [
      'EKS_CLUSTER_NAME',
      ['arn:aws:eks:eu-central-1:1:cluster/apps'],
      `must be the name of an EKS cluster; ${eks}`,
    ],
    ['KUBECONFIG_SECRET_ID', ['my kubeconfig'], secret],
    ['LOG_RETENTION_DAYS', ['91', 'a'], days],
    ['TAGS', ['team'], 'must be tags, such as team=platform, separated by commas'],
    ['PERMISSIONS_BOUNDARY_ARN', ['boundary'], 'must be the ARN of a managed policy'],
    ['TRACING', ['yes'], 'must be true or false'],
    // The logger would fall back to INFO without a word.
    ['LOG_LEVEL', ['LOUD', 'debug'], 'must be one of TRACE, DEBUG, INFO, WARN, ERROR, CRITICAL, SILENT'],
    ['BITBUCKET_CLOUD_API_URL', ['http://api.bitbucket.org'], api],
  ];
  const cases = settings.flatMap(([name, values, fault]) =>
    values.map((value) => [name, value, `${name} ${fault}`] as const),
  );

  test.each(cases)('%s=%s', (name, value, fault) => {
    expect(faultOf({ [name]: value })).toBe(fault);
  });

  test('BITBUCKET_CREDENTIALS_SECRET_ID=kargo/ops/bitbucket', () => {
    expect(faultOf({ BITBUCKET_CREDENTIALS_SECRET_ID: 'kargo/ops/bitbucket' })).toBe(
      'SECRET_NAME_TEMPLATE "kargo/{namespace}/{name}" must not let a project name the system\'s own secret "kargo/ops/bitbucket". ' +
        'Begin it with a part of its own, such as kargo/{namespace}/{name}',
    );
  });

  test('a malformed EKS cluster', () => {
    const malformed = {
      EKS_CLUSTER_NAME: 'apps',
      EKS_CLUSTER_ENDPOINT: 'eks.example.com',
      EKS_CLUSTER_CA: 'Q0E=',
    };
    expect(faultOf(malformed)).toBe(
      'EKS_CLUSTER_ENDPOINT must be an https URL; ' +
        'EKS_CLUSTER_CA must be a certificate in base64, as EKS returns it',
    );
  });

  test('all faults together', () => {
    const faulty = {
      ROUTES: 'none',
      BASE_PATH: 'kargo',
      ROTATION_GRACE_HOURS: 'abc',
      VPC_ID: 'vpc-01234567',
      LOGS_KEY_ARN: 'logs',
      TRACING: 'yes',
    };
    expect(faultOf(faulty)).toBe(
      'ROUTES must be per-receiver or shared; ' +
        'ROTATION_GRACE_HOURS must be a number of hours, 0 or more; ' +
        'LOGS_KEY_ARN must be the ARN of a KMS key; ' +
        'TRACING must be true or false; ' +
        'VPC_ID, SUBNET_IDS must be set together; ' +
        'BASE_PATH needs DOMAIN_NAME',
    );
  });
});

describe('rejects an incomplete group', () => {
  test.each([
    [{ EKS_CLUSTER_NAME: 'apps' }, eks],
    [{ EKS_CLUSTER_NAME: 'apps', EKS_CLUSTER_ENDPOINT: 'https://eks.example.com' }, eks],
    [{ DOMAIN_NAME: 'hooks.example.com' }, 'DOMAIN_NAME, CERTIFICATE_ARN must be set together'],
    [{ BASE_PATH: '/kargo' }, 'BASE_PATH needs DOMAIN_NAME'],
    [{ SUBNET_IDS: 'subnet-01234567' }, vpc],
    [{ VPC_ID: 'vpc-01234567', SUBNET_IDS: ' , ' }, vpc],
    [{ SECURITY_GROUP_IDS: 'sg-01234567' }, 'SECURITY_GROUP_IDS needs VPC_ID'],
    [{ CLUSTER_SECURITY_GROUP_ID: 'sg-01234567' }, 'CLUSTER_SECURITY_GROUP_ID needs VPC_ID'],
    [{ VPC_ENDPOINTS: 'true' }, 'VPC_ENDPOINTS needs VPC_ID'],
    [{ VPC_ENDPOINTS: 'private-dns' }, 'VPC_ENDPOINTS needs VPC_ID'],
    [{ CARGOMAN_TOKEN_SECRET_ID: 'x' }, 'CARGOMAN_TOKEN_SECRET_ID needs CARGOMAN_URL'],
    [{ BITBUCKET_WEBHOOK_SECRET_ID: 'x' }, 'BITBUCKET_WEBHOOK_SECRET_ID needs CARGOMAN_URL'],
    [{ BITBUCKET_URL: 'https://git.example.com' }, 'BITBUCKET_URL needs CARGOMAN_URL'],
  ])('%j', (settings, fault) => {
    expect(faultOf(settings as Record<string, string>)).toBe(fault);
  });

  test('but not empty settings', () => {
    const empty = {
      BASE_PATH: '/',
      SECURITY_GROUP_IDS: ' ',
      SUBNET_IDS: ',',
      EKS_CLUSTER_NAME: '',
      VPC_ENDPOINTS: 'false',
    };
    expect(read(empty)).toEqual(read({}));
  });
});
