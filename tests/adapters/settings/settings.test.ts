import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { readSettings, SettingsError } from '../../../lib/adapters/settings/settings.ts';

const QUEUE = 'https://sqs.eu-central-1.amazonaws.com/111122223333/retries';
const ARN = 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:';
const FILE = { kind: 'kubeconfig-file', path: '/etc/kubeconfig' };
const least = { RECEIVER_BASE_URL: 'https://hooks.example.com', KUBECONFIG: '/etc/kubeconfig' };

function faultsOf(environment: Record<string, string | undefined>): string[] {
  try {
    readSettings(environment);
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    return error.message.replace('invalid settings: ', '').split('; ');
  }
  throw new Error('no fault');
}

test('fills in defaults where only the required settings are set', () => {
  expect(readSettings(least)).toEqual({
    base: { origin: 'https://hooks.example.com', path: '' },
    secretNameTemplate: 'kargo/{namespace}/{name}',
    systemNamespace: 'kargo-system-resources',
    retryQueueUrl: undefined,
    retryMaxAgeMs: 21_600_000,
    graceMs: 604_800_000,
    maxReceiversPerProject: 20,
    projects: undefined,
    dryRun: false,
    routesApiId: undefined,
    cluster: FILE,
    registry: undefined,
  });
});

test('treats an empty setting as not set', () => {
  const empty = {
    SECRET_NAME_TEMPLATE: '',
    SYSTEM_RESOURCES_NAMESPACE: '',
    ROTATION_GRACE_HOURS: '',
    MAX_RECEIVERS_PER_PROJECT: '',
    PROJECTS: '',
    DRY_RUN: '',
    ROUTES_API_ID: '',
    KUBECONFIG_SECRET_ID: '',
    EKS_CLUSTER_NAME: '',
  };
  expect(readSettings({ ...least, ...empty })).toEqual(readSettings(least));
});

test('freezes everything', () => {
  const settings = readSettings({ ...least, PROJECTS: 'demo' });
  const objects = [settings, settings.base, settings.cluster, settings.projects];
  expect(objects.map((object) => Object.isFrozen(object))).toEqual([true, true, true, true]);
});

describe('accepts', () => {
  test.each([
    [
      'RECEIVER_BASE_URL',
      'http://127.0.0.1:3000/kargo/',
      { base: { origin: 'http://127.0.0.1:3000', path: '/kargo/' } },
    ],
    ['SECRET_NAME_TEMPLATE', 'x-{namespace}/{name}', { secretNameTemplate: 'x-{namespace}/{name}' }],
    ['MAX_RECEIVERS_PER_PROJECT', '1', { maxReceiversPerProject: 1 }],
    ['MAX_RECEIVERS_PER_PROJECT', '999999', { maxReceiversPerProject: 999_999 }],
    ['PROJECTS', 'demo', { projects: ['demo'] }],
    ['PROJECTS', ' team-*, *-dev ,(cluster),', { projects: ['team-*', '*-dev', '(cluster)'] }],
    ['DRY_RUN', 'true', { dryRun: true }],
    ['DRY_RUN', 'false', { dryRun: false }],
    ['SECRET_NAME_TEMPLATE', 'a/{name}/b/{namespace}-c', { secretNameTemplate: 'a/{name}/b/{namespace}-c' }],
    ['SYSTEM_RESOURCES_NAMESPACE', 'k', { systemNamespace: 'k' }],
    ['ROTATION_GRACE_HOURS', '0', { graceMs: 0 }],
    ['ROTATION_GRACE_HOURS', '0.5', { graceMs: 1_800_000 }],
    ['ROUTES_API_ID', 'a1b2c3', { routesApiId: 'a1b2c3' }],
    ['RETRY_QUEUE_URL', QUEUE, { retryQueueUrl: QUEUE }],
    ['RETRY_QUEUE_URL', '', { retryQueueUrl: undefined }],
    ['RETRY_MAX_AGE_HOURS', '24', { retryMaxAgeMs: 86_400_000 }],
    ['RETRY_MAX_AGE_HOURS', '0.5', { retryMaxAgeMs: 1_800_000 }],
    ['KUBECONFIG_SECRET_ID', 'kargo/kubeconfig', { cluster: FILE }],
  ])('%s=%s', (name, value, taken) => {
    expect(readSettings({ ...least, [name]: value })).toMatchObject(taken);
  });

  test('uses KUBECONFIG_SECRET_ID where no file is named', () => {
    const { cluster } = readSettings({ ...least, KUBECONFIG: '', KUBECONFIG_SECRET_ID: 'kargo/kubeconfig' });
    expect(cluster).toEqual({ kind: 'kubeconfig-secret', secretId: 'kargo/kubeconfig' });
  });
});

describe('rejects', () => {
  const base =
    'RECEIVER_BASE_URL must be an http(s) URL without user, query and fragment, such as https://hooks.example.com/kargo';
  const template = 'SECRET_NAME_TEMPLATE must hold {namespace} and {name} once each, with a "/" between them';
  const namespace = 'SYSTEM_RESOURCES_NAMESPACE must be the name of a namespace';
  const limit = 'MAX_RECEIVERS_PER_PROJECT must be a whole number from 1 to 999999';
  const projects =
    'PROJECTS must be names of projects, with * for any characters, and (cluster) for the ClusterConfig, separated by commas';
  const hours = 'ROTATION_GRACE_HOURS must be a number of hours, 0 or more';
  const queue = `RETRY_QUEUE_URL must be the URL of a queue, such as ${QUEUE}`;
  const age = 'RETRY_MAX_AGE_HOURS must be a number of hours above 0, and at most 24';

  type Value = string | undefined;
  const settings: [name: string, values: Value[], fault: string][] = [
    ['RECEIVER_BASE_URL', [undefined, '', 'hooks.example.com', 'https://hooks.example.com?x'], base],
    ['SECRET_NAME_TEMPLATE', ['kargo', 'kargo/{name}', 'kargo/{namespace}'], template],
    // project "a", secret "b-c" and project "a-b", secret "c" would share one.
    ['SECRET_NAME_TEMPLATE', ['kargo/{namespace}-{name}', '{namespace}{name}/x'], template],
    ['SECRET_NAME_TEMPLATE', ['{name}/{name}', '{namespace}/{namespace}'], template],
    ['SECRET_NAME_TEMPLATE', ['{namespace}/{name}/{name}', '{namespace}/{Name}'], template],
    ['SECRET_NAME_TEMPLATE', ['kargo/{namespace}/{name}/{x}', `${ARN}{namespace}/{name}`], template],
    ['MAX_RECEIVERS_PER_PROJECT', ['0', '-1', '1.5', '1000000', 'many'], limit],
    ['PROJECTS', ['Demo', 'demo;zoo', 'a,cluster)', '-a'], projects],
    ['PROJECTS', [' , '], 'PROJECTS must name a project, or be empty for all'],
    ['DRY_RUN', ['yes', 'TRUE'], 'DRY_RUN must be true or false'],
    ['SYSTEM_RESOURCES_NAMESPACE', ['Kargo', 'a/b', '-a', 'a'.repeat(64)], namespace],
    ['ROTATION_GRACE_HOURS', ['-1', '1h', 'NaN', 'Infinity', '1e3', ' 1'], hours],
    ['RETRY_QUEUE_URL', ['retries', 'arn:aws:sqs:eu-central-1:111122223333:retries'], queue],
    ['RETRY_QUEUE_URL', ['https://sqs.eu-central-1.amazonaws.com'], queue],
    ['RETRY_MAX_AGE_HOURS', ['0', '25', '6h'], age],
  ];
  const cases = settings.flatMap(([name, values, fault]) =>
    values.map((value): [string, Value, string] => [name, value, fault]),
  );

  test.each(cases)('%s=%j', (name, value, fault) => {
    expect(faultsOf({ ...least, [name]: value })).toEqual([fault]);
  });

  test('several settings with all their faults', () => {
    const bad = {
      SECRET_NAME_TEMPLATE: 'x',
      SYSTEM_RESOURCES_NAMESPACE: 'X',
      ROTATION_GRACE_HOURS: 'x',
      MAX_RECEIVERS_PER_PROJECT: 'x',
      PROJECTS: 'X',
      DRY_RUN: 'x',
    };
    expect(faultsOf(bad)).toEqual([
      base,
      template,
      namespace,
      hours,
      limit,
      projects,
      'DRY_RUN must be true or false',
      'KUBECONFIG, KUBECONFIG_SECRET_ID, or EKS_CLUSTER_NAME with EKS_CLUSTER_ENDPOINT and EKS_CLUSTER_CA must be set',
    ]);
  });
});

describe('a template under which a project could name a secret of the system', () => {
  const advice = 'Begin it with a part of its own, such as kargo/{namespace}/{name}';
  const reject = (template: string, what: string): string =>
    `SECRET_NAME_TEMPLATE "${template}" must not let a project name ${what}. ${advice}`;
  const reserved = `the system's own secrets under "kargo-front-door/"`;
  const own = (name: string): string => `the system's own secret "${name}"`;

  test.each<[template: string, secrets: Record<string, string>, what: string]>([
    ['{namespace}/{name}', {}, reserved],
    ['kargo-{namespace}/{name}', {}, reserved],
    ['{namespace}-door/{name}', {}, reserved],
    ['{name}/{namespace}', {}, reserved],
    ['kargo-front-door/{namespace}/{name}', {}, reserved],
    [
      '{namespace}/{name}',
      { KUBECONFIG_SECRET_ID: 'kargo-front-door/kubeconfig' },
      own('kargo-front-door/kubeconfig'),
    ],
    ['team/{namespace}/{name}', { KUBECONFIG_SECRET_ID: 'team/a/kubeconfig' }, own('team/a/kubeconfig')],
    ['dev-{namespace}/{name}', { RECEIVERS_SECRET_ID: 'dev-kargo/receivers' }, own('dev-kargo/receivers')],
    ['a/{name}/x/{namespace}', { CARGOMAN_TOKEN_SECRET_ID: 'a/my.token/x/b' }, own('a/my.token/x/b')],
    ['kargo/{namespace}/{name}', { BITBUCKET_WEBHOOK_SECRET_ID: 'kargo/a/hook' }, own('kargo/a/hook')],
    [
      'kargo/{namespace}/{name}',
      { BITBUCKET_CREDENTIALS_SECRET_ID: `${ARN}kargo/a/credentials-AbC123` },
      own('kargo/a/credentials'),
    ],
    [
      'kargo/{namespace}/{name}',
      { BITBUCKET_CREDENTIALS_SECRET_ID: `${ARN}kargo/a/credentials` },
      own('kargo/a/credentials'),
    ],
  ])('is rejected: %s with %j', (SECRET_NAME_TEMPLATE, secrets, what) => {
    const environment = { ...least, KUBECONFIG: '', ...secrets, SECRET_NAME_TEMPLATE };
    const faults = faultsOf({ KUBECONFIG_SECRET_ID: 'elsewhere', ...environment });
    expect(faults).toEqual([reject(SECRET_NAME_TEMPLATE, what)]);
  });

  test.each<[template: string, secrets: Record<string, string>]>([
    ['kargo/{namespace}/{name}', { KUBECONFIG_SECRET_ID: 'kargo-front-door/kubeconfig' }],
    ['kargo/{namespace}/{name}', { KUBECONFIG_SECRET_ID: 'kargo/kubeconfig' }],
    // Neither a namespace nor the name of a Secret has capital letters.
    ['kargo/{namespace}/{name}', { KUBECONFIG_SECRET_ID: 'kargo/demo/Kubeconfig' }],
    ['kargo/{namespace}/{name}', { KUBECONFIG_SECRET_ID: 'kargo/a.b/kubeconfig' }],
    ['team-kargo-{namespace}/{name}', {}],
  ])('is not found in %s with %j', (SECRET_NAME_TEMPLATE, secrets) => {
    const settings = readSettings({ ...least, ...secrets, SECRET_NAME_TEMPLATE });
    expect(settings.secretNameTemplate).toBe(SECRET_NAME_TEMPLATE);
  });
});

describe('an EKS cluster', () => {
  /** A certificate of no real cluster, made with `openssl req -x509`. */
  const ca = readFileSync(join(import.meta.dirname, '../../fixtures/certificate/ca.pem')).toString('base64');
  const eks = {
    RECEIVER_BASE_URL: 'https://hooks.example.com',
    EKS_CLUSTER_NAME: 'platform',
    EKS_CLUSTER_ENDPOINT: 'https://ABC.gr7.eu-central-1.eks.amazonaws.com',
    EKS_CLUSTER_CA: ca,
    AWS_REGION: 'eu-central-1',
  };

  test('is reached with its three settings and the region', () => {
    expect(readSettings(eks).cluster).toEqual({
      kind: 'eks',
      name: 'platform',
      endpoint: 'https://ABC.gr7.eu-central-1.eks.amazonaws.com',
      ca,
      region: 'eu-central-1',
    });
  });

  test.each([
    [{ EKS_CLUSTER_NAME: '' }, ['EKS_CLUSTER_NAME is missing']],
    [{ EKS_CLUSTER_ENDPOINT: '' }, ['EKS_CLUSTER_ENDPOINT must be an https URL']],
    [{ EKS_CLUSTER_ENDPOINT: 'http://abc' }, ['EKS_CLUSTER_ENDPOINT must be an https URL']],
    [{ EKS_CLUSTER_ENDPOINT: 'https://' }, ['EKS_CLUSTER_ENDPOINT must be an https URL']],
    [{ EKS_CLUSTER_CA: 'abc' }, ['EKS_CLUSTER_CA must be a certificate in base64, as EKS returns it']],
    [{ AWS_REGION: undefined }, ['AWS_REGION is missing']],
    [
      { EKS_CLUSTER_ENDPOINT: undefined, EKS_CLUSTER_CA: undefined },
      [
        'EKS_CLUSTER_ENDPOINT must be an https URL',
        'EKS_CLUSTER_CA must be a certificate in base64, as EKS returns it',
      ],
    ],
  ])('is rejected with %j', (change, faults) => {
    expect(faultsOf({ ...eks, ...change })).toEqual(faults);
  });

  test('is ignored where a kubeconfig is set', () => {
    expect(readSettings({ ...eks, KUBECONFIG: '/k', EKS_CLUSTER_CA: 'abc' }).cluster?.kind).toBe(
      'kubeconfig-file',
    );
  });
});
