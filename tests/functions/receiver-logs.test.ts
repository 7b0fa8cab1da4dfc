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
/** Part of every body, which no log line may contain. */
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
  testbed.cluster.reset();
  testbed.store.reset();
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

test('logs a push in one line', async () => {
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
      unaffected: { 'other-repository': 1 },
      status: 200,
      answer: { msg: 'refreshed 2 warehouse(s)' },
    },
  ]);
});

const LONG_REFS = Array.from({ length: 900 }, (_, index) => `tag v${index}${'\u0001é'.repeat(600)}`);

test.each<[what: string, delivery: DeliveryOptions]>([
  ['many refs with long names', { payload: cloudPush('acme/shop', ...LONG_REFS) }],
  ['a long event key', { event: 'x'.repeat(8_000) }],
  ['a long request id', { headers: { 'x-request-uuid': '"'.repeat(8_000) } }],
  [
    'a long pull request URL',
    {
      event: 'pr:merged',
      payload: { pullRequest: { links: { self: [{ href: `https://x/${'ü'.repeat(9_000)}` }] } } },
    },
  ],
  ['a long repository address', { payload: cloudPush(`acme/${'s'.repeat(9_000)}`, 'main') }],
])('logs a delivery with %s in a line below 8 KB', async (_what, delivery) => {
  await send(delivery);
  expect(delivered()).toHaveLength(1);
  expect(Math.max(...lines.map((line) => Buffer.byteLength(line)))).toBeLessThan(8_192);
});

test('logs the number of names that are left out of a list', async () => {
  const names = Array.from({ length: 200 }, (_, index) => `tag v${index}`);
  await send({ payload: cloudPush('acme/shop', ...names) });
  const refs = delivered()[0]?.['refs'] as string[];
  expect(refs.slice(0, 2)).toEqual(['tag v0', 'tag v1']);
  expect(refs.at(-1)).toBe(`and ${200 - refs.length + 1} more`);
});

test('logs an internal error once, with the request that caused it', async () => {
  testbed.cluster.fault = ({ path }) =>
    path.includes('/warehouses') ? { kind: 'answer', status: 400 } : undefined;
  expect(await send({ headers: { 'x-request-uuid': 'a7b1' } })).toEqual({
    status: 500,
    body: { error: 'internal error', requestId: 'lambda-request' },
  });
  const error = { name: expect.any(String) };
  expect(delivered()).toMatchObject([
    { level: 'ERROR', requestUuid: 'a7b1', eventKey: 'repo:push', status: 500, error },
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
])('logs %s', async (_what, delivery, record) => {
  passSeconds(3);
  await send(delivery);
  expect(delivered()).toMatchObject([record]);
});

test('logs a broken Warehouse once, by its name, and only where the repository is its own', async () => {
  await send({ payload: marked(cloudPush('acme/shop', 'tag v1', 'main')) });
  expect(records().filter(({ message }) => message === 'object skipped')).toMatchObject([
    {
      level: 'WARN',
      kind: 'warehouse',
      object: 'demo/broken',
      reason: expect.stringMatching(/^spec\.subscriptions\[0\]\.git\.allowTagsRegexes\[0\]: /),
    },
  ]);
});

test('logs a failed refresh once, by its name', async () => {
  testbed.cluster.fault = ({ path }) =>
    path.endsWith('/main') ? { kind: 'answer', status: 503, headers: { 'retry-after': '60' } } : undefined;
  await send();
  expect(records().filter(({ message }) => message === 'refresh failed')).toMatchObject([
    {
      level: 'ERROR',
      kind: 'warehouse',
      object: 'demo/main',
      error: { name: 'RetryableError', message: 'cluster API unavailable: HTTP 503' },
    },
  ]);
  expect(delivered()).toMatchObject([{ level: 'ERROR', status: 503 }]);
});

test('logs no body, signature or secret, whatever happens', async () => {
  const payload = marked(cloudPush());
  const signature = signatureOf(JSON.stringify(payload), SECRET);
  const deliveries: DeliveryOptions[] = [
    { payload },
    { payload, base64: true },
    { payload, signature: signature.replace('sha256', 'sha1') },
    { payload, signature: `${signature}00` },
    { body: MARKER },
    { event: 'pr:merged' },
    { event: 'diagnostics:ping' },
    { path: receiverPath('demo', 'bb', 'other') },
    { payload: { push: { changes: [{ new: { type: MARKER, name: {} } }] }, [MARKER]: MARKER } },
    { payload: MARKER },
  ];
  // Longer than every TTL.
  const sendUncached = (delivery?: DeliveryOptions) => {
    passSeconds(31);
    return send(delivery);
  };
  const all = async (): Promise<void> => {
    for (const delivery of deliveries) await sendUncached(delivery);
  };
  await all();
  testbed.cluster.fault = () => ({ kind: 'answer', status: 403, body: { message: 'no' } });
  await all();
  testbed.cluster.reset();
  for (const code of ['InternalServiceError', 'AccessDeniedException']) {
    testbed.store.fault = () => ({ kind: 'answer', status: 400, body: { __type: code } });
    await sendUncached();
  }
  testbed.store.fault = () => ({ kind: 'cut' });
  await sendUncached();
  expect(lines.length).toBeGreaterThan(2 * deliveries.length);
  const logged = lines.join('\n');
  const encoded = Buffer.from(MARKER).toString('base64').slice(0, 20);
  const never = [SECRET, MARKER, signature.slice('sha256='.length), encoded];
  expect(never.filter((text) => logged.includes(text))).toEqual([]);
});
