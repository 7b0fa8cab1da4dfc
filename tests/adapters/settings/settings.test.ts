import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { readSettings, SettingsError } from '../../../lib/adapters/settings/settings.ts';

const least = { RECEIVER_BASE_URL: 'https://hooks.example.com', KUBECONFIG: '/etc/kubeconfig' };

function faultsOf(environment: Record<string, string | undefined>): string[] {
  try {
    readSettings(environment);
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    return error.message.replace('bad settings: ', '').split('; ');
  }
  throw new Error('no fault');
}

test('what must be set is enough', () => {
  expect(readSettings(least)).toEqual({
    base: { origin: 'https://hooks.example.com', path: '' },
    secretNameTemplate: 'kargo/{namespace}/{name}',
    systemNamespace: 'kargo-system-resources',
    graceMs: 604_800_000,
    routesApiId: undefined,
    cluster: { kind: 'kubeconfig-file', path: '/etc/kubeconfig' },
  });
});

test('an empty setting is one that is not set', () => {
  const empty = {
    SECRET_NAME_TEMPLATE: '',
    SYSTEM_RESOURCES_NAMESPACE: '',
    ROTATION_GRACE_HOURS: '',
    ROUTES_API_ID: '',
    KUBECONFIG_SECRET_ID: '',
    EKS_CLUSTER_NAME: '',
  };
  expect(readSettings({ ...least, ...empty })).toEqual(readSettings(least));
});

test('all of it is frozen', () => {
  const settings = readSettings(least);
  expect([settings, settings.base, settings.cluster].map((part) => Object.isFrozen(part))).toEqual([
    true,
    true,
    true,
  ]);
});

describe('a setting is taken', () => {
  test.each([
    [
      'RECEIVER_BASE_URL',
      'http://127.0.0.1:3000/kargo/',
      { base: { origin: 'http://127.0.0.1:3000', path: '/kargo/' } },
    ],
    ['SECRET_NAME_TEMPLATE', '{namespace}/{name}', { secretNameTemplate: '{namespace}/{name}' }],
    ['SECRET_NAME_TEMPLATE', 'a/{name}/b/{namespace}-c', { secretNameTemplate: 'a/{name}/b/{namespace}-c' }],
    ['SYSTEM_RESOURCES_NAMESPACE', 'k', { systemNamespace: 'k' }],
    ['ROTATION_GRACE_HOURS', '0', { graceMs: 0 }],
    ['ROTATION_GRACE_HOURS', '0.5', { graceMs: 1_800_000 }],
    ['ROUTES_API_ID', 'a1b2c3', { routesApiId: 'a1b2c3' }],
    [
      'KUBECONFIG_SECRET_ID',
      'kargo/kubeconfig',
      { cluster: { kind: 'kubeconfig-file', path: '/etc/kubeconfig' } },
    ],
  ])('%s=%s', (name, value, taken) => {
    expect(readSettings({ ...least, [name]: value })).toMatchObject(taken);
  });

  test('KUBECONFIG_SECRET_ID without a file', () => {
    expect(
      readSettings({ ...least, KUBECONFIG: '', KUBECONFIG_SECRET_ID: 'kargo/kubeconfig' }).cluster,
    ).toEqual({
      kind: 'kubeconfig-secret',
      secretId: 'kargo/kubeconfig',
    });
  });
});

describe('a setting is refused', () => {
  const base =
    'RECEIVER_BASE_URL must be an http(s) URL without user, query and fragment, such as https://hooks.example.com/kargo';
  const template = 'SECRET_NAME_TEMPLATE must hold {namespace} and {name} once each, with a "/" between them';
  const namespace = 'SYSTEM_RESOURCES_NAMESPACE must be the name of a namespace';
  const hours = 'ROTATION_GRACE_HOURS must be a number of hours, 0 or more';

  test.each([
    ['RECEIVER_BASE_URL', undefined, base],
    ['RECEIVER_BASE_URL', '', base],
    ['RECEIVER_BASE_URL', 'hooks.example.com', base],
    ['RECEIVER_BASE_URL', 'https://hooks.example.com?x', base],
    ['SECRET_NAME_TEMPLATE', 'kargo', template],
    ['SECRET_NAME_TEMPLATE', 'kargo/{name}', template],
    ['SECRET_NAME_TEMPLATE', 'kargo/{namespace}', template],
    // project "a", secret "b-c" and project "a-b", secret "c" would share one.
    ['SECRET_NAME_TEMPLATE', 'kargo/{namespace}-{name}', template],
    ['SECRET_NAME_TEMPLATE', '{namespace}{name}/x', template],
    ['SECRET_NAME_TEMPLATE', '{name}/{name}', template],
    ['SECRET_NAME_TEMPLATE', '{namespace}/{namespace}', template],
    ['SECRET_NAME_TEMPLATE', '{namespace}/{name}/{name}', template],
    ['SECRET_NAME_TEMPLATE', '{namespace}/{Name}', template],
    ['SECRET_NAME_TEMPLATE', '{namespace}/{name}/{x}', template],
    ['SYSTEM_RESOURCES_NAMESPACE', 'Kargo', namespace],
    ['SYSTEM_RESOURCES_NAMESPACE', 'a/b', namespace],
    ['SYSTEM_RESOURCES_NAMESPACE', '-a', namespace],
    ['SYSTEM_RESOURCES_NAMESPACE', 'a'.repeat(64), namespace],
    ['ROTATION_GRACE_HOURS', '-1', hours],
    ['ROTATION_GRACE_HOURS', '1h', hours],
    ['ROTATION_GRACE_HOURS', 'NaN', hours],
    ['ROTATION_GRACE_HOURS', 'Infinity', hours],
    ['ROTATION_GRACE_HOURS', '1e3', hours],
    ['ROTATION_GRACE_HOURS', ' 1', hours],
  ])('%s=%j', (name, value, fault) => {
    expect(faultsOf({ ...least, [name]: value })).toEqual([fault]);
  });

  test('together with all others', () => {
    const bad = { SECRET_NAME_TEMPLATE: 'x', SYSTEM_RESOURCES_NAMESPACE: 'X', ROTATION_GRACE_HOURS: 'x' };
    expect(faultsOf(bad)).toEqual([
      base,
      template,
      namespace,
      hours,
      'KUBECONFIG, KUBECONFIG_SECRET_ID or EKS_CLUSTER_NAME with _ENDPOINT and _CA must say which cluster to use',
    ]);
  });
});

describe('an EKS cluster', () => {
  /** Of a cluster that never was; made with `openssl req -x509`, and its key thrown away. */
  const ca = readFileSync(join(import.meta.dirname, '../../fixtures/certificate/ca.pem')).toString('base64');
  const eks = {
    RECEIVER_BASE_URL: 'https://hooks.example.com',
    EKS_CLUSTER_NAME: 'platform',
    EKS_CLUSTER_ENDPOINT: 'https://ABC.gr7.eu-central-1.eks.amazonaws.com',
    EKS_CLUSTER_CA: ca,
    AWS_REGION: 'eu-central-1',
  };

  test('is entered with its three settings and the region', () => {
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
    [{ EKS_CLUSTER_CA: 'abc' }, ['EKS_CLUSTER_CA must be a certificate in base64, as EKS gives it']],
    [{ AWS_REGION: undefined }, ['AWS_REGION is missing']],
    [
      { EKS_CLUSTER_ENDPOINT: undefined, EKS_CLUSTER_CA: undefined },
      [
        'EKS_CLUSTER_ENDPOINT must be an https URL',
        'EKS_CLUSTER_CA must be a certificate in base64, as EKS gives it',
      ],
    ],
  ])('is refused with %j', (change, faults) => {
    expect(faultsOf({ ...eks, ...change })).toEqual(faults);
  });

  test('gives way to a kubeconfig', () => {
    expect(readSettings({ ...eks, KUBECONFIG: '/k', EKS_CLUSTER_CA: 'abc' }).cluster.kind).toBe(
      'kubeconfig-file',
    );
  });
});
