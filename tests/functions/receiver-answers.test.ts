import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { passSeconds, stopClock } from '../support/clock.ts';
import {
  deliver,
  lambdaContext,
  receiverPath,
  signatureOf,
  type DeliveryOptions,
  type ReceiverHandler,
} from '../support/deliver.ts';
import { project, promotion, warehouse } from '../support/kargo-objects.ts';
import { startTestbed, type Testbed } from '../support/testbed.ts';
import { cloudPullRequest, cloudPush, dataCenterPullRequest, refsChanged } from '../support/payloads.ts';

const LIMIT = 2_097_152;
const UNKNOWN = `/bitbucket/${'0'.repeat(64)}`;
const MAIN = ['Warehouse demo/main'];
const paddedTo = (bytes: number): string => JSON.stringify(cloudPush()).padEnd(bytes, ' ');
const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);

let testbed: Testbed;
let handler: ReceiverHandler;

beforeAll(async () => {
  stopClock();
  testbed = await startTestbed({
    objects: [
      ...project('demo'),
      warehouse('demo', 'main'),
      warehouse('demo', 'tags', { commitSelectionStrategy: 'NewestTag' }),
      warehouse('demo', 'elsewhere', { repoURL: 'https://bitbucket.org/acme/blog', branch: 'main' }),
      warehouse('demo', 'data-center', {
        repoURL: 'ssh://git@git.acme.example:7999/shop/web',
        branch: 'main',
      }),
      promotion('demo', 'cloud', 'https://bitbucket.org/acme/shop/pull-requests/7'),
      promotion('demo', 'server', 'https://git.acme.example/projects/SHOP/repos/web/pull-requests/3'),
    ],
  });
  handler = await testbed.receiver();
});

// Longer than the minimum interval, so that an unknown path causes a lookup.
beforeEach(() => passSeconds(3));

afterAll(() => testbed.close());

type Case = [what: string, delivery: DeliveryOptions, status: number, body: object, refreshed?: string[]];

const refreshed = (count: number, kind = 'warehouse'): object => ({ msg: `refreshed ${count} ${kind}(s)` });
const unauthorized = { error: 'unauthorized' };
const missing = { error: 'missing signature' };
const keyless = { error: 'missing event key' };
const tooLong = { error: 'content exceeds limit of 2097152 bytes' };
const invalid = { error: 'invalid request body' };
const notAnObject = (kind: string): object => ({
  ...invalid,
  detail: `the body must be object, not ${kind}`,
});
const ignored = (event: string): object => ({ msg: `ignored: event type ${event}` });
const PONG = { msg: 'pong' };
const PING = 'diagnostics:ping';
const TAGS = ['Warehouse demo/tags'];
const promoted = refreshed(1, 'promotion');

describe('a delivery is answered', () => {
  const events: Case[] = [
    ['a push of Cloud', {}, 200, refreshed(1), MAIN],
    ['a tag of Cloud', { payload: cloudPush('acme/shop', 'tag v1') }, 200, refreshed(1), TAGS],
    ['a push elsewhere', { payload: cloudPush('other/shop') }, 200, refreshed(0), []],
    ['only deletions', { payload: cloudPush('acme/shop', 'deleted main') }, 200, refreshed(0), []],
    [
      'a push of Data Center',
      { event: 'repo:refs_changed', payload: refsChanged('refs/heads/main', 'refs/notes/x') },
      200,
      refreshed(1),
      ['Warehouse demo/data-center'],
    ],
    [
      'a merged pull request of Cloud',
      { event: 'pullrequest:fulfilled', payload: cloudPullRequest() },
      200,
      promoted,
      ['Promotion demo/cloud'],
    ],
    [
      'a declined pull request of Cloud',
      { event: 'pullrequest:rejected', payload: cloudPullRequest() },
      200,
      promoted,
      ['Promotion demo/cloud'],
    ],
    [
      'a merged pull request of Data Center',
      { event: 'pr:merged', payload: dataCenterPullRequest() },
      200,
      promoted,
      ['Promotion demo/server'],
    ],
    [
      'a declined pull request of Data Center',
      { event: 'pr:declined', payload: dataCenterPullRequest(4) },
      200,
      refreshed(0, 'promotion'),
    ],
  ];
  const paths: Case[] = [
    ['behind a stage name', { path: `/prod${receiverPath()}` }, 200, refreshed(1), MAIN],
    ['behind a mapping', { path: `/kargo/hooks${receiverPath()}` }, 200, refreshed(1), MAIN],
    ['a path without a receiver', { path: UNKNOWN }, 404, {}],
    ['another path', { path: '/' }, 404, {}],
    [
      'the hash in upper case',
      { path: receiverPath().replace(/[0-9a-f]{64}/, (hash) => hash.toUpperCase()) },
      404,
      {},
    ],
    ['something after the hash', { path: `${receiverPath()}/` }, 404, {}],
    ['another project with the same secret', { project: 'other' }, 404, {}],
    ['another receiver name', { receiver: 'cc' }, 404, {}],
  ];
  const bodies: Case[] = [
    ['bytes in base64', { base64: true }, 200, refreshed(1), MAIN],
    [
      'text beyond ASCII',
      { body: JSON.stringify({ ...cloudPush(), actor: 'Zoë ✓' }) },
      200,
      refreshed(1),
      MAIN,
    ],
    ['bytes that are no UTF-8', { body: Buffer.from([0xff, 0xfe, 0x7b]), base64: true }, 400, invalid],
    ['2 MiB exactly', { body: paddedTo(LIMIT) }, 200, refreshed(1), MAIN],
    ['a long body', { body: paddedTo(LIMIT + 1) }, 413, tooLong],
    ['2 MiB in base64', { body: paddedTo(LIMIT), base64: true }, 200, refreshed(1), MAIN],
    ['a byte more in base64', { body: paddedTo(LIMIT + 1), base64: true }, 413, tooLong],
    ['too many bytes, fewer characters', { body: '"'.padEnd(LIMIT / 2 + 1, 'é') }, 413, tooLong],
    ['a body that is not JSON', { body: '{"push":' }, 400, invalid],
    ['an empty body', { body: '' }, 400, invalid],
    ['null', { body: 'null' }, 400, notAnObject('null')],
    ['20,000 deep, all of it', { body: nested(20_000) }, 400, notAnObject('array')],
    [
      '20,000 deep in a field that is not used',
      { body: JSON.stringify(cloudPush()).replace('{', `{"x":${nested(20_000)},`) },
      200,
      refreshed(1),
      MAIN,
    ],
    [
      '20,000 deep in a field that is',
      { body: `{"push":${'{"push":'.repeat(20_000)}1${'}'.repeat(20_001)}` },
      400,
      { ...invalid, detail: 'push.changes is missing' },
    ],
    [
      'a missing field',
      { payload: { push: { changes: [] } } },
      400,
      { ...invalid, detail: 'repository is missing' },
    ],
  ];
  const headers: Case[] = [
    [
      'upper-case header names',
      {
        event: null,
        signature: null,
        body: '{}',
        headers: { 'X-EVENT-KEY': 'repo:fork', 'X-Hub-Signature': signatureOf('{}') },
      },
      200,
      ignored('repo:fork'),
    ],
    ['no signature', { signature: null }, 401, missing],
    ['an empty signature', { signature: '' }, 401, missing],
    ['another secret', { signedWith: 'other' }, 401, unauthorized],
    ['SHA-1', { signature: signatureOf(JSON.stringify(cloudPush()), 's3cret', 'sha1') }, 401, unauthorized],
    [
      'no algorithm',
      { signature: signatureOf(JSON.stringify(cloudPush())).slice('sha256='.length) },
      401,
      unauthorized,
    ],
    ['no hex', { signature: 'sha256=zz' }, 401, unauthorized],
    [
      'a signature over other bytes',
      { body: `${JSON.stringify(cloudPush())} `, signature: signatureOf(JSON.stringify(cloudPush())) },
      401,
      unauthorized,
    ],
    ['no event key', { event: null }, 400, keyless],
    ['an empty event key', { event: '' }, 400, keyless],
    ['an unhandled event', { event: 'repo:fork', body: 'no JSON' }, 200, ignored('repo:fork')],
    ['an event key in other letters', { event: 'Repo:Push' }, 200, ignored('Repo:Push')],
    ['an event named like a property', { event: '__proto__' }, 200, ignored('__proto__')],
    ['the connection test', { event: PING, signature: null, body: '{"test":true}' }, 200, PONG],
    ['the connection test, empty', { event: PING, signature: null, body: '' }, 200, PONG],
    ['the connection test, badly signed', { event: PING, signature: 'sha256=zz' }, 200, PONG],
  ];
  const order: Case[] = [
    ['unknown path before all else', { path: UNKNOWN, body: paddedTo(LIMIT + 1), signature: null }, 404, {}],
    ['unknown path before the ping', { path: UNKNOWN, event: PING, signature: null, body: '' }, 404, {}],
    ['size before the ping', { event: PING, body: paddedTo(LIMIT + 1) }, 413, tooLong],
    ['size before the signature', { signature: null, body: paddedTo(LIMIT + 1) }, 413, tooLong],
    ['no signature before no event key', { signature: null, event: null }, 401, missing],
    ['no signature before an ignored event', { signature: null, event: 'repo:fork' }, 401, missing],
    ['a bad signature before no event key', { signedWith: 'other', event: null }, 401, unauthorized],
    ['a bad signature before a bad body', { signedWith: 'other', body: '{' }, 401, unauthorized],
    ['no event key before a bad body', { event: null, body: '{' }, 400, keyless],
  ];

  test.each([...events, ...paths, ...bodies, ...headers, ...order])(
    '%s',
    async (_what, delivery, status, body, touched = []) => {
      expect(await deliver(handler, delivery)).toEqual({ status, body });
      expect(await testbed.objects.takeRefreshed()).toEqual(touched);
    },
  );
});

test('answers an internal error with the request id of its log line', async () => {
  const broken = { rawPath: receiverPath() } as Parameters<ReceiverHandler>[0];
  expect(await handler(broken, lambdaContext())).toEqual({
    statusCode: 500,
    headers: { 'content-type': 'application/json' },
    body: '{"error":"internal error","requestId":"lambda-request"}',
  });
});
