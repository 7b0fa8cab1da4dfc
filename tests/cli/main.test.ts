import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { startFakeKubernetes } from '../../local/fakes/kubernetes/fake-kubernetes.ts';
import type { LoopbackServer } from '../../local/fakes/loopback-server.ts';
import { startFakeSecretsManager } from '../../local/fakes/secrets-manager/fake-secrets-manager.ts';
import { startFakeSqs } from '../../local/fakes/sqs/fake-sqs.ts';
import { MessageQueue } from '../../local/fakes/sqs/message-queue.ts';
import { freePort } from '../cluster/free-port.ts';
import { project } from '../support/kargo-objects.ts';

let cluster: LoopbackServer;
let store: LoopbackServer;
let environment: NodeJS.ProcessEnv;

beforeAll(async () => {
  cluster = await startFakeKubernetes({ port: 0, objects: project('demo') });
  store = await startFakeSecretsManager({ port: 0, secrets: { 'kargo/demo/bitbucket': 's3cret' } });
  const { NODE_OPTIONS: _options, KUBECONFIG: _kubeconfig, ...inherited } = process.env;
  environment = {
    ...inherited,
    // Nothing serves the functions.
    PORT: String(await freePort()),
    CLUSTER_PORT: new URL(cluster.url).port,
    SECRETS_PORT: new URL(store.url).port,
  };
});

afterAll(async () => {
  await cluster.close();
  await store.close();
});

/** Runs the command, and returns its exit status and output. */
function run(...args: string[]): Promise<{ status: unknown; stdout: string; stderr: string }> {
  const options = { cwd: join(import.meta.dirname, '../..'), env: environment };
  return new Promise((resolve) => {
    execFile(process.execPath, ['cli/main.ts', ...args], options, (error, stdout, stderr) => {
      resolve({ status: error?.code ?? 0, stdout, stderr });
    });
  });
}

test('doctor without a stack checks what npm start serves, and fails where that is wrong', async () => {
  const { status, stdout, stderr } = await run('doctor');
  expect(stderr).toBe('');
  const rows = stdout.split('\n').filter((line) => /^[✓✗–]/.test(line));
  expect(rows.map((row) => row.slice(0, 20).trim())).toEqual([
    '✓ settings',
    '✓ cluster',
    '✓ kargo',
    '– kargo base URL',
    '– admission',
    '– rights',
    '✓ receivers',
    '✓ secrets',
    '✗ status URLs',
    '– routes',
    '✗ lookup index',
    '– alarms',
    '– queue',
    '✓ other deployments',
    '✓ previous secrets',
    '– leftovers',
    '✗ delivery',
    '– bitbucket webhooks',
    '– registrar',
  ]);
  expect(stdout).toContain(
    '✗ status URLs         demo/bb has no URL\n' +
      '                      → The reconciler should have written it within a minute: see its alarms and its log.\n',
  );
  expect(stdout).toMatch(/\n7 right, 3 wrong, 9 not checked\n$/);
  expect(status).toBe(1);
}, 60_000);

describe('redrive', () => {
  const queue = new MessageQueue({ name: 'retries' });
  const deadLetters = new MessageQueue({ name: 'retries-dead' });
  let sqs: LoopbackServer;
  let queues: string[];

  beforeAll(async () => {
    const fake = await startFakeSqs({ port: 0, queues: [queue, deadLetters], maxWaitMs: 0 });
    sqs = fake;
    queues = ['--queue-url', fake.urlOf(queue), '--dlq-url', fake.urlOf(deadLetters)];
    environment = {
      ...environment,
      AWS_ENDPOINT_URL_SQS: fake.url,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
    };
  });

  afterAll(() => sqs.close());

  test('shows the dead-letter queue', async () => {
    const { id } = deadLetters.send('hello', {}, 0);
    expect(await run('redrive', ...queues)).toEqual({
      status: 0,
      stdout:
        `${id.slice(0, 8)}  not a message of this version\n` +
        '          why: unreadable: it is not JSON\n' +
        '1 message(s) in the dead-letter queue\n',
      stderr: '',
    });
  }, 60_000);

  test.each([
    [
      'an id that no message has',
      [],
      ['--id', 'zzz'],
      'no message in the dead-letter queue has the id zzz\n',
    ],
    ['a queue that does not exist', ['-gone'], [], 'The specified queue does not exist.\n'],
  ])(
    'fails for %s with one line',
    async (_what, [suffix = ''], options, stderr) => {
      const [, url, , deadLetterUrl] = queues;
      const args = ['--queue-url', `${url}`, '--dlq-url', `${deadLetterUrl}${suffix}`, ...options];
      expect(await run('redrive', ...args)).toEqual({ status: 1, stdout: '', stderr });
    },
    60_000,
  );
});

test.each([
  ['an unknown command', ['examine'], /^usage: kargo-front-door doctor\|redrive \[options\]\n$/],
  [
    'an unknown option',
    ['doctor', '--stak', 'x'],
    /^Unknown option '--stak'.*\n\nnpm run doctor -- \[--stack NAME\]/,
  ],
  [
    'a missing option',
    ['redrive', '--all'],
    /^set either --stack, or --queue-url and --dlq-url\n\nnpm run redrive -- \(--stack NAME/,
  ],
])(
  '%s is rejected with how to use it, and with another exit status',
  async (_what, args, message) => {
    expect(await run(...args)).toEqual({ status: 2, stdout: '', stderr: expect.stringMatching(message) });
  },
  60_000,
);
