import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { startFakeKubernetes } from '../../local/fakes/kubernetes/fake-kubernetes.ts';
import type { LoopbackServer } from '../../local/fakes/loopback-server.ts';
import { localEnvironment, readLocalSettings } from '../../local/local-settings.ts';
import { freePort } from '../cluster/free-port.ts';
import { ClusterClient } from '../support/cluster-client.ts';
import { bitbucket, namespace, projectConfig } from '../support/kargo-objects.ts';

// Each program starts in a second or two, on whatever else the machine does.
jest.setTimeout(60_000);

const ROOT = join(import.meta.dirname, '..', '..');

/** Runs a program of this project in a shell with these variables; returns what it wrote as its error. */
async function errorOf(parameters: string[], variables: Record<string, string>): Promise<string> {
  const { PATH, NODE_COMPILE_CACHE } = process.env;
  const env = { PATH, NODE_COMPILE_CACHE, HOME: ROOT, ...variables };
  return new Promise((resolve) => {
    execFile(process.execPath, parameters, { cwd: ROOT, env }, (_error, _stdout, stderr) => resolve(stderr));
  });
}

describe('the environment of a local run', () => {
  const shell = {
    PATH: '/bin',
    AWS_PROFILE: 'prod',
    AWS_REGION: 'eu-central-1',
    AWS_SESSION_TOKEN: 'of-prod',
    AWS_ENDPOINT_URL_SECRETS_MANAGER: 'https://prod.example.com',
    AWS_WEB_IDENTITY_TOKEN_FILE: '/token',
  };

  test('has nothing of AWS from the shell where the fake Secrets Manager is used', () => {
    expect(localEnvironment(readLocalSettings({ SECRETS_PORT: '4002' }), shell)).toEqual({
      PATH: '/bin',
      AWS_ENDPOINT_URL: 'http://127.0.0.1:4002',
      AWS_ENDPOINT_URL_SQS: 'http://127.0.0.1:3004',
      RECEIVERS_SECRET_ID: 'kargo-front-door/receivers',
      RETRY_QUEUE_URL: 'http://127.0.0.1:3004/000000000000/retries',
      AWS_REGION: 'us-east-1',
      CARGOMAN_URL: 'http://127.0.0.1:3003',
      CARGOMAN_TOKEN_SECRET_ID: '',
      AWS_ACCESS_KEY_ID: 'local',
      AWS_SECRET_ACCESS_KEY: 'local',
      AWS_CONFIG_FILE: '/dev/null',
      AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
      RECEIVER_BASE_URL: 'http://127.0.0.1:3000',
      POWERTOOLS_METRICS_DISABLED: 'true',
    });
  });

  test('has all of it where AWS_ENDPOINT_URL selects a real one', () => {
    const real = { ...shell, AWS_ENDPOINT_URL: 'https://secretsmanager.eu-central-1.amazonaws.com' };
    expect(localEnvironment(readLocalSettings(real), real)).toMatchObject(real);
  });
});

describe('one line says what is missing', () => {
  const START = ['local/start.ts'];
  const OLD_NODE = ['--no-strip-types', '--import', './infra/require-node.js', 'local/start.js'];

  test.each<[string, string[], Record<string, string>, string]>([
    [
      'several kubeconfigs',
      START,
      { KUBECONFIG: 'a:b' },
      'KUBECONFIG names several files (a, b). Set it to the one with the cluster.\n',
    ],
    [
      'a kubeconfig that does not exist',
      START,
      { KUBECONFIG: '/nowhere/config' },
      'the kubeconfig cannot be read: there is no file /nowhere/config. Correct KUBECONFIG, or unset it to use the fake cluster.\n',
    ],
    [
      'a Node that runs no TypeScript',
      OLD_NODE,
      {},
      `Node ${process.version} does not run TypeScript. The Node of this project is missing in node_modules: run npm ci, without --ignore-scripts.\n`,
    ],
  ])('%s', async (_what, parameters, variables, line) => {
    expect(await errorOf(parameters, variables)).toBe(line);
  });
});

describe('npm run send says what it tried', () => {
  const HINT =
    'Is npm start running? Where it has other ports, set PORT, CLUSTER_PORT and SECRETS_PORT here too.';
  let cluster: LoopbackServer;
  let closedPort: number;
  const send = (...parameters: string[]) => errorOf(['local/send.ts', ...parameters], ports());
  const ports = () => ({ CLUSTER_PORT: new URL(cluster.url).port, SECRETS_PORT: String(closedPort) });

  beforeAll(async () => {
    closedPort = await freePort();
    cluster = await startFakeKubernetes({ port: 0 });
    const objects = new ClusterClient({ url: cluster.url, token: 'none' });
    const url = 'http://127.0.0.1:1/bitbucket/1';
    const status = { webhookReceivers: [{ name: 'bb', path: '/bitbucket/1', url }] };
    const config = { ...projectConfig('demo', [bitbucket('bb'), bitbucket('new')]), status };
    await objects.create(namespace('demo'), config);
  });

  afterAll(() => cluster.close());

  test('where no cluster API answers', async () => {
    const variables = { CLUSTER_PORT: String(closedPort), SECRETS_PORT: '4002' };
    expect(await errorOf(['local/send.ts'], variables)).toBe(
      `the cluster API at http://127.0.0.1:${closedPort} does not answer. ${HINT}\n`,
    );
  });

  test('where the receiver is mistyped, with those that there are', async () => {
    expect(await send('--receiver', 'bitbucket')).toBe(
      `no receiver "bitbucket" at ${cluster.url} has a URL. There are: bb (demo).\n`,
    );
  });

  test('where its secret cannot be read', async () => {
    expect(await send()).toMatch(
      new RegExp(
        `^the secret "kargo/demo/bitbucket" cannot be read at http://127.0.0.1:${closedPort}: .*Is npm start running`,
      ),
    );
  });

  test('where nobody answers at the URL of the receiver', async () => {
    expect(await send('--secret', 'x')).toBe(`no response from http://127.0.0.1:1/bitbucket/1. ${HINT}\n`);
  });
});
