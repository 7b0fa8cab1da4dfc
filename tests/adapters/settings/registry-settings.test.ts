import { describe, expect, test } from '@jest/globals';
import { readSettings, requireCluster } from '../../../lib/adapters/settings/settings.ts';

const least = {
  RECEIVER_BASE_URL: 'https://hooks.example.com',
  CARGOMAN_URL: 'https://packages.example.com',
};
const url =
  'CARGOMAN_URL must be an https URL without user, query and fragment, such as https://packages.example.com; http on loopback only';
const bitbucket =
  'BITBUCKET_URL must be an http(s) URL without user, query and fragment, such as https://git.example.com';

test('a registry needs no cluster, and nothing else', () => {
  const { cluster, registry } = readSettings(least);
  expect(cluster).toBeUndefined();
  expect(registry).toEqual({
    url: 'https://packages.example.com',
    tokenSecretId: undefined,
    bitbucketUrl: undefined,
    webhookSecret: undefined,
  });
  expect(Object.isFrozen(registry)).toBe(true);
});

test('a function that needs a cluster does not start without one', () => {
  expect(() => requireCluster(readSettings(least))).toThrow(
    'invalid settings: this function needs a cluster',
  );
});

test('a cluster that is set is used', () => {
  expect(readSettings({ ...least, KUBECONFIG_SECRET_ID: 'ops/kubeconfig' }).cluster).toEqual({
    kind: 'kubeconfig-secret',
    secretId: 'ops/kubeconfig',
  });
});

describe('accepts', () => {
  test.each([
    [
      { CARGOMAN_URL: 'https://packages.example.com/cargoman/' },
      { url: 'https://packages.example.com/cargoman' },
    ],
    [{ CARGOMAN_URL: 'http://127.0.0.1:3003' }, { url: 'http://127.0.0.1:3003' }],
    [{ CARGOMAN_URL: 'http://localhost' }, { url: 'http://localhost' }],
    [{ CARGOMAN_TOKEN_SECRET_ID: 'ops/cargoman' }, { tokenSecretId: 'ops/cargoman' }],
    [
      { BITBUCKET_URL: 'https://git.example.com/bitbucket/' },
      { bitbucketUrl: 'https://git.example.com/bitbucket' },
    ],
    [
      { BITBUCKET_WEBHOOK_SECRET_ID: 'ops/hook' },
      { webhookSecret: { kind: 'stored', secretId: 'ops/hook' } },
    ],
    [{ BITBUCKET_WEBHOOK_SECRET: ' s3cret ' }, { webhookSecret: { kind: 'given', value: ' s3cret ' } }],
    [{ BITBUCKET_WEBHOOK_SECRET: '', BITBUCKET_WEBHOOK_SECRET_ID: '' }, { webhookSecret: undefined }],
  ])('%j', (settings, registry) => {
    expect(readSettings({ ...least, ...settings }).registry).toMatchObject(registry);
  });
});

describe('rejects', () => {
  test.each<[Record<string, string>, string]>([
    [{ CARGOMAN_URL: 'packages.example.com' }, url],
    [{ CARGOMAN_URL: 'http://packages.example.com' }, url],
    [{ CARGOMAN_URL: 'http://127.0.0.1.example.com' }, url],
    [{ CARGOMAN_URL: 'https://token@packages.example.com' }, url],
    [{ BITBUCKET_URL: 'git.example.com', CARGOMAN_URL: 'x' }, `${url}; ${bitbucket}`],
    [
      { BITBUCKET_WEBHOOK_SECRET: 'x', BITBUCKET_WEBHOOK_SECRET_ID: 'y' },
      'BITBUCKET_WEBHOOK_SECRET and BITBUCKET_WEBHOOK_SECRET_ID must not both be set',
    ],
  ])('%j', (settings, faults) => {
    expect(() => readSettings({ ...least, ...settings })).toThrow(`invalid settings: ${faults}`);
  });
});

test('the settings have no effect without a registry', () => {
  const settings = {
    ...least,
    CARGOMAN_URL: '',
    KUBECONFIG: '/k',
    BITBUCKET_URL: 'x',
    BITBUCKET_WEBHOOK_SECRET: 'x',
  };
  expect(readSettings(settings).registry).toBeUndefined();
});
