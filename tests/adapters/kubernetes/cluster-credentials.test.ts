import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ClusterConnection } from '../../../lib/adapters/kubernetes/cluster-connection.ts';
import { clusterCredentials } from '../../../lib/adapters/kubernetes/cluster-credentials.ts';
import { KargoApi } from '../../../lib/adapters/kubernetes/kargo-api.ts';
import type { StoredReading } from '../../../lib/adapters/aws/secrets-manager.ts';
import type { ClusterSettings } from '../../../lib/adapters/settings/settings.ts';
import { FakeApiServer } from './fake-api-server.ts';

let server: FakeApiServer;
let folder: string;
/** What the secret store returns. */
let stored: StoredReading;

beforeEach(async () => {
  server = new FakeApiServer();
  await server.start();
  folder = mkdtempSync(join(tmpdir(), 'front-door-test-'));
});

afterEach(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

const path = (name: string): string => join(folder, name);

function kubeconfigFor(user: object, cluster: object = {}): string {
  return JSON.stringify({
    'current-context': 'main',
    contexts: [{ name: 'main', context: { cluster: 'main', user: 'main' } }],
    clusters: [
      {
        name: 'main',
        cluster: { server: `${server.url}/base/`, 'insecure-skip-tls-verify': true, ...cluster },
      },
    ],
    users: [{ name: 'main', user }],
  });
}

/** Patches an object with these credentials. Returns the result, or the error's message. */
async function connectAndPatch(settings: ClusterSettings): Promise<string> {
  const credentials = clusterCredentials(settings, { read: () => Promise.resolve(stored) });
  const api = new KargoApi(new ClusterConnection(credentials, { attemptTimeoutMs: 5_000 }));
  return api
    .patch('warehouses', 'demo', 'one', {}, AbortSignal.timeout(10_000))
    .catch((error: Error) => error.message);
}

const fromFile = (text: string): Promise<string> => {
  writeFileSync(path('kubeconfig'), text);
  return connectAndPatch({ kind: 'kubeconfig-file', path: path('kubeconfig') });
};

const fromSecret = (text: string): Promise<string> => {
  stored = { kind: 'found', version: { text, versionId: 'v1', createdAt: new Date(0) } };
  return connectAndPatch({ kind: 'kubeconfig-secret', secretId: 'front-door/kubeconfig' });
};

describe('a kubeconfig file', () => {
  const credential = { kind: 'ExecCredential', status: { token: 'from-program' } };
  const program = `process.stdout.write(${JSON.stringify(JSON.stringify(credential))})`;

  test.each<[what: string, user: () => object, headers: object]>([
    ['a token', () => ({ token: 'abc' }), { authorization: 'Bearer abc' }],
    [
      'a name and a password',
      () => ({ username: 'ci', password: 'p:w' }),
      { authorization: `Basic ${Buffer.from('ci:p:w').toString('base64')}` },
    ],
    ['a token in a file', () => ({ 'token-file': path('token') }), { authorization: 'Bearer from-file' }],
    [
      'a token in a file of its folder',
      () => ({ tokenFile: 'token' }),
      { authorization: 'Bearer from-file' },
    ],
    [
      'a token in a file, which overrides another',
      () => ({ tokenFile: path('token'), token: 'abc' }),
      { authorization: 'Bearer from-file' },
    ],
    [
      'a token where its file cannot be read',
      () => ({ tokenFile: path('absent'), token: 'abc' }),
      { authorization: 'Bearer abc' },
    ],
    [
      "an auth provider's token file",
      () => ({ 'auth-provider': { name: 'x', config: { tokenFile: path('token') } } }),
      { authorization: 'Bearer from-file' },
    ],
    [
      'a program',
      () => ({
        exec: {
          command: process.execPath,
          args: ['-e', program],
          env: [{ name: 'NODE_OPTIONS', value: '' }],
        },
      }),
      { authorization: 'Bearer from-program' },
    ],
    [
      'an impersonated user',
      () => ({ token: 'abc', as: 'system:serviceaccount:a:b' }),
      { authorization: 'Bearer abc', 'impersonate-user': 'system:serviceaccount:a:b' },
    ],
  ])('authenticates with %s', async (_what, user, headers) => {
    writeFileSync(path('token'), 'from-file\n');
    expect(await fromFile(kubeconfigFor(user()))).toBe('patched');
    expect(server.requests).toMatchObject([
      { headers, path: '/base/apis/kargo.akuity.io/v1alpha1/namespaces/demo/warehouses/one' },
    ]);
  });

  test.each<[what: string, text: () => string, message: () => string]>([
    ['is not YAML', () => '{', () => `file "${path('kubeconfig')}" is not a kubeconfig`],
    [
      'has no current context',
      () => 'current-context: nowhere',
      () =>
        `file "${path('kubeconfig')}": the current context names no cluster with a server URL. Correct current-context.`,
    ],
    [
      'has a program that fails',
      () => kubeconfigFor({ exec: { command: path('missing') } }),
      () => `spawn ${path('missing')} ENOENT`,
    ],
    [
      'has plain http without insecure-skip-tls-verify',
      () => kubeconfigFor({}, { 'insecure-skip-tls-verify': false }),
      () =>
        `file "${path('kubeconfig')}": plain http needs insecure-skip-tls-verify. Use https, or set it to true.`,
    ],
  ])('that %s is rejected', async (_what, text, message) => {
    expect(await fromFile(text())).toBe(`cluster API not configured: ${message()}`);
    expect(server.requests).toEqual([]);
  });

  test('that does not exist is rejected', async () => {
    expect(await connectAndPatch({ kind: 'kubeconfig-file', path: path('none') })).toBe(
      `cluster API not configured: ENOENT: no such file or directory, open '${path('none')}'`,
    );
  });
});

describe('a kubeconfig in Secrets Manager', () => {
  test('authenticates with a token, over plain http on loopback', async () => {
    expect(await fromSecret(kubeconfigFor({ token: 'abc' }))).toBe('patched');
    expect(server.requests).toMatchObject([{ headers: { authorization: 'Bearer abc' } }]);
  });

  test('is refused with the secret, the field and its entry', async () => {
    expect(await fromSecret(kubeconfigFor({ exec: { command: 'aws' } }))).toBe(
      'cluster API not configured: secret "front-door/kubeconfig": user "main" uses exec. ' +
        'Use token, or client-certificate-data with client-key-data.',
    );
    expect(server.requests).toEqual([]);
  });

  test('is never quoted in an error', async () => {
    stored = { kind: 'found', version: { text: 'token: {secret', versionId: 'v1', createdAt: new Date(0) } };
    const settings = { kind: 'kubeconfig-secret', secretId: 'front-door/kubeconfig' } as const;
    const credentials = clusterCredentials(settings, { read: () => Promise.resolve(stored) });
    const error: unknown = await credentials(AbortSignal.timeout(1_000)).catch((thrown: unknown) => thrown);
    expect(error).toEqual(
      new Error('secret "front-door/kubeconfig" is not a kubeconfig. Store the whole document in it.'),
    );
    expect(error).not.toHaveProperty('cause');
  });

  test('that cannot be read is named in the error', async () => {
    const secretId = 'front-door/kubeconfig';
    stored = { kind: 'fault', fault: 'missing', secretId, reason: `secret "${secretId}" does not exist` };
    expect(await connectAndPatch({ kind: 'kubeconfig-secret', secretId })).toBe(
      'cluster API not configured: secret "front-door/kubeconfig" does not exist',
    );
  });
});
