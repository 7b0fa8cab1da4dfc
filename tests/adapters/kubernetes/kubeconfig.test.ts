import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ClusterConnection } from '../../../lib/adapters/kubernetes/cluster-connection.ts';
import { readKubeconfig } from '../../../lib/adapters/kubernetes/kubeconfig.ts';
import { startConnectProxy, startSocksProxy } from './loopback-proxies.ts';

/** A certificate for api.example.com that signed itself, and its key. */
const certificateFile = (name: string): string =>
  join(import.meta.dirname, '..', '..', 'fixtures', 'certificate', name);
const certificate = readFileSync(certificateFile('server.pem'), 'utf8');
const key = readFileSync(certificateFile('server.key'), 'utf8');
const base64 = (text: string): string => Buffer.from(text).toString('base64');

const TRUST = {
  'certificate-authority-data': base64(certificate),
  'tls-server-name': 'api.example.com',
};

/** Node's words for a certificate that no known authority signed. */
const UNKNOWN_AUTHORITY =
  'self-signed certificate; if the root CA is installed locally, try running Node.js with --use-system-ca';

let server: Server;
let url: string;
let folder: string;
/** Common names of the certificates that clients presented; undefined for none. */
let clients: (string | undefined)[];

beforeEach(async () => {
  clients = [];
  folder = mkdtempSync(join(tmpdir(), 'front-door-test-'));
  const options = { cert: certificate, key, ca: certificate, requestCert: true, rejectUnauthorized: false };
  server = createServer(options, ({ socket }, response) => {
    clients.push((socket as TLSSocket).getPeerCertificate().subject?.CN as string | undefined);
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(async () => {
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
  rmSync(folder, { recursive: true, force: true });
});

const kubeconfigOf = (cluster: object, user: object): string =>
  JSON.stringify({
    'current-context': 'main',
    contexts: [
      { name: 'main', context: { cluster: 'main', user: 'main' } },
      { name: 'other', context: null },
    ],
    clusters: [
      { name: 'other', cluster: { server: 7 } },
      { name: 'main', cluster: { server: url, ...cluster } },
    ],
    users: [{ name: 'main', user }],
  });

/** Sends one request with a kubeconfig. Returns the status of the answer, or the error's message. */
async function request(cluster: object, user: object = {}): Promise<unknown> {
  const connection = new ClusterConnection(
    async (signal) => ({
      endpoint: await readKubeconfig(kubeconfigOf(cluster, user), 'test', signal, folder),
    }),
    { attemptTimeoutMs: 5_000, wait: () => Promise.resolve() },
  );
  const get = { method: 'GET', path: '/version', object: 'version' } as const;
  return connection.request(get, AbortSignal.timeout(10_000)).then(
    ({ status }) => status,
    (error: Error) => error.message,
  );
}

describe('the server of a kubeconfig', () => {
  test.each<[what: string, cluster: () => object]>([
    ['its authority and the name in its certificate', () => TRUST],
    [
      'its authority in a file',
      () => ({
        ...TRUST,
        'certificate-authority-data': undefined,
        'certificate-authority': join(folder, 'ca'),
      }),
    ],
    [
      'its authority in a file of the same folder',
      () => ({ ...TRUST, 'certificate-authority-data': undefined, 'certificate-authority': 'ca' }),
    ],
    [
      'its authority as data, which overrides a file',
      () => ({ ...TRUST, 'certificate-authority': 'absent' }),
    ],
    ['insecure-skip-tls-verify', () => ({ 'insecure-skip-tls-verify': true })],
  ])('is accepted with %s', async (_what, cluster) => {
    writeFileSync(join(folder, 'ca'), certificate);
    expect(await request(cluster())).toBe(200);
    expect(clients).toEqual([undefined]);
  });

  test.each<[what: string, cluster: object, detail: string]>([
    ['another authority', { 'tls-server-name': 'api.example.com' }, UNKNOWN_AUTHORITY],
    [
      'another name',
      { ...TRUST, 'tls-server-name': undefined },
      "Hostname/IP does not match certificate's altnames: IP: 127.0.0.1 is not in the cert's list: ",
    ],
  ])('is rejected with a certificate of %s', async (_what, cluster, detail) => {
    expect(await request(cluster)).toBe(`cluster API unreachable: ${detail}`);
    expect(clients).toEqual([]);
  });
});

describe('a client certificate', () => {
  const printed = {
    kind: 'ExecCredential',
    status: { clientCertificateData: certificate, clientKeyData: key },
  };

  test.each<[what: string, user: () => object]>([
    ['data', () => ({ 'client-certificate-data': base64(certificate), 'client-key-data': base64(key) })],
    [
      'files',
      () => ({
        'client-certificate': certificateFile('server.pem'),
        'client-key': certificateFile('server.key'),
      }),
    ],
    ['the output of a program', () => ({ exec: programThatPrints(JSON.stringify(printed)) })],
  ])('is presented from %s', async (_what, user) => {
    expect(await request(TRUST, user())).toBe(200);
    expect(clients).toEqual(['api.example.com']);
  });
});

describe('a proxy', () => {
  test.each([
    ['http', startConnectProxy],
    ['socks5', startSocksProxy],
  ])('is used over %s, and the certificate behind it is verified', async (scheme, start) => {
    const proxy = await start();
    try {
      const proxyUrl = { 'proxy-url': `${scheme}://127.0.0.1:${proxy.port}` };
      expect(await request({ ...TRUST, ...proxyUrl })).toBe(200);
      expect(proxy.targets).toEqual([url.replace('https://', '')]);
      expect(await request({ 'tls-server-name': 'api.example.com', ...proxyUrl })).toBe(
        `cluster API unreachable: ${UNKNOWN_AUTHORITY}`,
      );
    } finally {
      await proxy.close();
    }
  });
});

/** A program that prints a text if it runs without a terminal, and with the version that the kubeconfig names. */
function programThatPrints(text: string): object {
  const expected = { apiVersion: 'v1beta1', kind: 'ExecCredential', spec: { interactive: false } };
  const program = `
    require('node:assert').deepEqual(JSON.parse(process.env.KUBERNETES_EXEC_INFO), ${JSON.stringify(expected)});
    process.stdout.write(process.env.TEXT);
  `;
  return {
    apiVersion: 'v1beta1',
    command: process.execPath,
    args: ['-e', program],
    env: [
      { name: 'NODE_OPTIONS', value: '' },
      { name: 'TEXT', value: text },
    ],
  };
}

describe('a kubeconfig is rejected without quoting it', () => {
  test.each<[what: string, user: () => object, message: string]>([
    [
      'a program that prints no credential',
      () => ({ exec: programThatPrints('{"token":"secret"}') }),
      `${process.execPath} printed no ExecCredential`,
    ],
    [
      'an auth provider that is not supported',
      () => ({ 'auth-provider': { name: 'oidc', config: { 'id-token': 'secret' } } }),
      'test: auth-provider "oidc" is not supported. Use exec or token.',
    ],
    ['a token that is no text', () => ({ token: 12_345 }), 'test: user "main": token is not valid'],
    ['a program without a command', () => ({ exec: {} }), 'test: user "main": exec.command is not valid'],
  ])('for %s', async (_what, user, message) => {
    expect(await request(TRUST, user())).toBe(`cluster API not configured: ${message}`);
    expect(clients).toEqual([]);
  });
});
