import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { chooseCluster, readChosenCluster } from '../../local/chosen-cluster.ts';
import { readLocalSettings } from '../../local/local-settings.ts';

/** Returns a kubeconfig with a context for each server; the first is the current one. */
function kubeconfig(servers: Readonly<Record<string, string>>, more = {}): string {
  const names = Object.keys(servers);
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': names[0],
    clusters: names.map((name) => ({ name, cluster: { server: servers[name], ...more } })),
    users: [{ name: 'me', user: { token: 't' } }],
    contexts: names.map((name) => ({ name, context: { cluster: name, user: 'me' } })),
  });
}

const PROD = 'https://prod.example.com';
const ELSEWHERE = kubeconfig({ prod: PROD, test: 'https://10.0.0.1:6443' });
const REFUSAL =
  'KUBECONFIG selects context "prod" (https://prod.example.com), which is not on this machine. ' +
  'To use that cluster: npm start -- --cluster prod. To use the fake cluster: unset KUBECONFIG.';

describe('the cluster of a local run', () => {
  test.each([
    'http://127.0.0.1:3001',
    'https://127.0.0.53:6443',
    'https://localhost:6443',
    'https://[::1]:6443',
  ])('is the current context when its server is %s', (server) => {
    expect(chooseCluster(kubeconfig({ kind: server }), 'config')).toMatchObject({
      context: 'kind',
      server,
      isNamed: false,
    });
  });

  test.each([
    'https://10.0.0.1:6443',
    'https://localhost.example.com',
    'https://127.0.0.1.example.com',
    'https://127.0.0.1@prod.example.com',
    'https://[fd00::1]:6443',
    'not a URL',
  ])('is refused when the current context leads to %s', (server) => {
    expect(() => chooseCluster(kubeconfig({ prod: server }), 'config')).toThrow(
      `KUBECONFIG selects context "prod" (${server}), which is not on this machine.`,
    );
  });

  test('is refused when a loopback server is reached through a proxy', () => {
    const text = kubeconfig({ prod: 'https://127.0.0.1:6443' }, { 'proxy-url': 'socks5://bastion:1080' });
    expect(() => chooseCluster(text, 'config')).toThrow('which is not on this machine');
  });

  test('is the named context, wherever it is', () => {
    const chosen = chooseCluster(ELSEWHERE, 'config', 'test');
    expect(chosen).toMatchObject({ context: 'test', server: 'https://10.0.0.1:6443', isNamed: true });
    expect(chosen.kubeconfig.getCurrentCluster()?.server).toBe('https://10.0.0.1:6443');
  });

  test.each([
    [
      'an unknown context',
      ELSEWHERE,
      'dev',
      'config has no context "dev" with a cluster. Its contexts: prod, test',
    ],
    ['no contexts', kubeconfig({}), undefined, 'config has no context "" with a cluster. Its contexts: '],
    ['text that is not a kubeconfig', '', undefined, 'config is not a kubeconfig: '],
  ])('cannot be chosen from %s', (_name, text, named, message) => {
    expect(() => chooseCluster(text, 'config', named)).toThrow(message);
  });
});

describe('npm start', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'front-door-test-'));
    writeFileSync(join(folder, 'kubeconfig'), ELSEWHERE);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const choose =
    (file: string, ...args: string[]) =>
    () =>
      readChosenCluster(readLocalSettings({ KUBECONFIG: file && join(folder, file) }), args);

  test('uses the fake without KUBECONFIG', () => {
    expect(choose('')()).toBeUndefined();
  });

  test('uses the context that --cluster names', () => {
    expect(choose('kubeconfig', '--cluster', 'test')()).toMatchObject({ context: 'test', isNamed: true });
  });

  test.each([
    [
      'a kubeconfig that cannot be read',
      choose('missing'),
      'the kubeconfig cannot be read: there is no file',
    ],
    ['an unknown option', choose('kubeconfig', '--dry'), "Unknown option '--dry'"],
    [
      '--cluster without a context',
      choose('kubeconfig', '--cluster'),
      "Option '--cluster <value>' argument missing",
    ],
  ])('refuses %s', (_name, choosing, message) => {
    expect(choosing).toThrow(message);
  });

  test('refuses an exported KUBECONFIG that leads elsewhere, in one line and with exit code 1', async () => {
    const started = promisify(execFile)(process.execPath, ['local/start.ts'], {
      cwd: join(import.meta.dirname, '../..'),
      env: { ...process.env, NODE_OPTIONS: '', KUBECONFIG: join(folder, 'kubeconfig') },
    });
    await expect(started).rejects.toMatchObject({ code: 1, stdout: '', stderr: `${REFUSAL}\n` });
  }, 60_000);
});
