import { inspect } from 'node:util';
import { afterAll, beforeAll, beforeEach, expect, jest, test } from '@jest/globals';
import { passSeconds, stopClock } from '../support/clock.ts';
import {
  deliver,
  receiverPath,
  signatureOf,
  type DeliveryOptions,
  type ReceiverHandler,
} from '../support/deliver.ts';
import { project, promotion, warehouse } from '../support/kargo-objects.ts';
import { startTestbed, type Testbed } from '../support/testbed.ts';
import { cloudPullRequest, cloudPush, refsChanged } from '../support/payloads.ts';

const SECRET = 'a-secret-that-no-log-may-hold';
/** In every body. */
const MARKER = 'text-of-a-body-that-no-log-may-hold';
const LEVELS = ['debug', 'info', 'warn', 'error', 'log'] as const;

let testbed: Testbed;
let handler: ReceiverHandler;
let lines: string[] = [];

beforeAll(async () => {
  stopClock();
  testbed = await startTestbed({
    objects: [
      ...project('demo'),
      warehouse('demo', 'main'),
      warehouse('demo', 'second'),
      warehouse('demo', 'broken', { commitSelectionStrategy: 'NewestTag', allowTagsRegexes: ['('] }),
      warehouse('demo', 'elsewhere', { repoURL: 'https://bitbucket.org/acme/blog', branch: 7 }),
      promotion('demo', 'waits', 'https://bitbucket.org/acme/shop/pull-requests/7'),
    ],
    secrets: { 'kargo/demo/bitbucket': JSON.stringify({ secret: SECRET }) },
    settings: { LOG_LEVEL: 'DEBUG' },
  });
  handler = await testbed.receiver();
  for (const level of LEVELS) {
    jest.spyOn(console, level).mockImplementation((...line: unknown[]) => {
      lines.push(line.map((part) => (typeof part === 'string' ? part : inspect(part))).join(' '));
    });
  }
});

beforeEach(() => {
  lines = [];
  testbed.cluster.forget();
  testbed.store.forget();
});

afterAll(async () => {
  jest.restoreAllMocks();
  await testbed.close();
});

const marked = (payload: object): object => ({ ...payload, description: MARKER });
const send = (delivery: DeliveryOptions = {}) =>
  deliver(handler, { secret: SECRET, payload: marked(cloudPush()), ...delivery });
const records = () => lines.map((line) => JSON.parse(line) as Record<string, unknown>);
const delivered = () => records().filter(({ message }) => message === 'delivery');

test('a push is told in one line', async () => {
  const payload = marked(cloudPush('acme/shop', 'main', 'tag v1', 'deleted old'));
  await send({ payload, headers: { 'x-request-uuid': 'f3ae' } });
  expect(delivered()).toEqual([
    {
      level: 'INFO',
      message: 'delivery',
      timestamp: expect.any(String),
      service: 'kargo-front-door-receiver',
      cold_start: expect.any(Boolean),
      function_arn: expect.any(String),
      function_memory_size: '512',
      function_name: 'receiver',
      function_request_id: 'lambda-request',
      sampling_rate: 0,
      requestUuid: 'f3ae',
      eventKey: 'repo:push',
      receiver: 'bb',
      project: 'demo',
      repository: ['bitbucket.org/acme/shop'],
      refs: ['branch main', 'tag v1'],
      refreshed: ['demo/main', 'demo/second'],
      status: 200,
      answer: { msg: 'refreshed 2 warehouse(s)' },
    },
  ]);
});

test('a push of very many refs is told in a line of bounded length', async () => {
  const names = Array.from({ length: 60 }, (_none, index) => `tag v${index}`);
  await send({ payload: marked(cloudPush('acme/shop', ...names)) });
  const [record] = delivered();
  expect(record?.['refs']).toEqual([...names.slice(0, 50), 'and 10 more']);
});

test('a mistake of ours is told by the request, as any other delivery', async () => {
  testbed.cluster.fault = ({ path }) =>
    path.includes('/warehouses') ? { kind: 'answer', status: 400 } : undefined;
  expect(await send({ headers: { 'x-request-uuid': 'a7b1' } })).toEqual({
    status: 500,
    body: { error: 'internal error', requestId: 'lambda-request' },
  });
  expect(delivered()).toMatchObject([
    {
      level: 'ERROR',
      requestUuid: 'a7b1',
      eventKey: 'repo:push',
      status: 500,
      error: { name: expect.any(String) },
    },
  ]);
});

test.each<[what: string, delivery: DeliveryOptions, record: object]>([
  [
    'a push of Data Center, by its own name for the request',
    {
      event: 'repo:refs_changed',
      payload: refsChanged('refs/heads/main'),
      headers: { 'X-Request-Id': '9d1c' },
    },
    {
      level: 'INFO',
      requestUuid: '9d1c',
      repository: ['git.acme.example/scm/shop/web', 'git.acme.example:7999/shop/web'],
      refs: ['branch main'],
      refreshed: [],
    },
  ],
  [
    'a pull request',
    { event: 'pullrequest:rejected', payload: marked(cloudPullRequest()) },
    {
      level: 'INFO',
      eventKey: 'pullrequest:rejected',
      pullRequest: 'https://bitbucket.org/acme/shop/pull-requests/7',
      refreshed: ['demo/waits'],
    },
  ],
  [
    'an unknown path',
    { path: `/bitbucket/${'0'.repeat(64)}`, headers: { 'x-request-uuid': 'f3ae' } },
    { level: 'WARN', status: 404, requestUuid: 'f3ae', answer: {} },
  ],
  [
    'a bad signature',
    { signedWith: 'forged' },
    { level: 'WARN', status: 401, receiver: 'bb', project: 'demo', answer: { error: 'unauthorized' } },
  ],
  [
    'a body that lacks a field',
    { payload: marked({}) },
    { level: 'WARN', status: 400, answer: { error: 'invalid request body', detail: 'push is missing' } },
  ],
  ['a body that is no JSON', { body: MARKER }, { level: 'WARN', status: 400, receiver: 'bb' }],
  ['an ignored event', { event: 'repo:fork' }, { level: 'INFO', status: 200, eventKey: 'repo:fork' }],
])('%s is told', async (_what, delivery, record) => {
  passSeconds(3);
  await send(delivery);
  expect(delivered()).toMatchObject([record]);
});

test('what cannot be judged is told once, by its name, and only where it is asked', async () => {
  await send({ payload: marked(cloudPush('acme/shop', 'tag v1', 'main')) });
  expect(records().filter(({ message }) => message === 'cannot be judged')).toMatchObject([
    {
      level: 'WARN',
      kind: 'warehouse',
      object: 'demo/broken',
      reason: expect.stringMatching(/^spec\.subscriptions\[0\]\.git\.allowTagsRegexes\[0\]: /),
    },
  ]);
});

test('a refresh that fails is told once, by its name', async () => {
  testbed.cluster.fault = ({ path }) =>
    path.endsWith('/main') ? { kind: 'answer', status: 503, headers: { 'retry-after': '60' } } : undefined;
  await send();
  expect(records().filter(({ message }) => message === 'refresh failed')).toMatchObject([
    {
      level: 'ERROR',
      kind: 'warehouse',
      object: 'demo/main',
      error: { name: 'RetryableError', message: 'cluster API is in trouble: HTTP 503' },
    },
  ]);
  expect(delivered()).toMatchObject([{ level: 'ERROR', status: 503 }]);
});

test('no log holds a body, a signature or a secret, whatever happens', async () => {
  const signature = signatureOf(JSON.stringify(marked(cloudPush())), SECRET);
  const deliveries: DeliveryOptions[] = [
    {},
    { base64: true },
    { signature: signature.replace('sha256', 'sha1') },
    { signature: `${signature}00` },
    { body: MARKER },
    { event: 'pr:merged' },
    { event: 'diagnostics:ping' },
    { path: receiverPath('demo', 'bb', 'other') },
    { payload: { push: { changes: [{ new: { type: MARKER, name: {} } }] }, [MARKER]: MARKER } },
    { payload: MARKER },
  ];
  // Past every cache.
  const sendAnew = (delivery?: DeliveryOptions) => {
    passSeconds(31);
    return send(delivery);
  };
  const all = async (): Promise<void> => {
    for (const delivery of deliveries) await sendAnew(delivery);
  };
  await all();
  testbed.cluster.fault = () => ({ kind: 'answer', status: 403, body: { message: 'no' } });
  await all();
  testbed.cluster.forget();
  testbed.store.fault = () => ({ kind: 'answer', status: 400, body: { __type: 'InternalServiceError' } });
  await sendAnew();
  testbed.store.fault = () => ({ kind: 'answer', status: 400, body: { __type: 'AccessDeniedException' } });
  await sendAnew();
  testbed.store.fault = () => ({ kind: 'cut' });
  await sendAnew();
  expect(lines.length).toBeGreaterThan(2 * deliveries.length);
  const told = lines.join('\n');
  const never = [
    SECRET,
    MARKER,
    signature.slice('sha256='.length),
    Buffer.from(MARKER).toString('base64').slice(0, 20),
  ];
  expect(never.filter((text) => told.includes(text))).toEqual([]);
});
