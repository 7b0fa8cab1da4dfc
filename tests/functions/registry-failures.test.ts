import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { passSeconds, stopClock } from '../support/clock.ts';
import { ConsoleLines } from '../support/console-lines.ts';
import { deliver, type DeliveryOptions, type ReceiverHandler } from '../support/deliver.ts';
import type { PassingRequest, ProxyFault } from '../support/loopback-proxy.ts';
import { cloudPush } from '../support/payloads.ts';
import {
  manyPackages,
  REGISTRY_TOKEN,
  startRegistryTestbed,
  type RegistryTestbed,
} from '../support/registry-testbed.ts';
import { startTestQueue } from '../support/retry-queue.ts';
import { skipWaits } from '../support/waits.ts';

const TOKEN_ID = 'kargo-front-door/registry-token';

const synced = (count: number) => ({ status: 200, body: { msg: `synced ${count} package(s)` } });
const unavailable = (error: string) => ({ status: 503, body: { error } });
const isList = ({ method }: PassingRequest): boolean => method === 'GET';
const isSyncOf =
  (name: string) =>
  ({ method, path }: PassingRequest): boolean =>
    method === 'POST' && path.includes(`/${name}/`);
const answer = (status: number, headers: Record<string, string> = {}): ProxyFault => ({
  kind: 'answer',
  status,
  headers,
  body: { data: null, error: { code: 'CODE', message: 'The words of the registry.' } },
});

let testbed: RegistryTestbed;
let handler: ReceiverHandler;

beforeEach(async () => {
  stopClock();
  skipWaits();
  testbed = await startRegistryTestbed({ registry: { packages: manyPackages() } });
  handler = await testbed.receiver();
});

afterEach(() => testbed.close());

const send = (delivery: DeliveryOptions = {}) =>
  deliver(handler, { path: '/api/webhooks/bitbucket', signature: null, ...delivery });

/** Makes the first `times` of these requests fail. */
function disturb(concerns: (request: PassingRequest) => boolean, fault: ProxyFault, times = Infinity): void {
  let left = times;
  testbed.registryProxy.fault = (request) => {
    if (!concerns(request) || left === 0) return undefined;
    left -= 1;
    return fault;
  };
}

describe('a list of packages that', () => {
  test.each<[what: string, fault: ProxyFault, reason: string, requests: number]>([
    ['is answered 401', answer(401), 'package registry rejected the credentials', 2],
    ['is answered 403', answer(403), 'package registry forbids the request', 1],
    ['is answered 404', answer(404), 'package registry not found', 1],
    ['is answered 429', answer(429), 'package registry is throttling', 3],
    [
      'is answered 429 until a minute later',
      answer(429, { 'x-ratelimit-reset': '60' }),
      'package registry is throttling',
      1,
    ],
    ['is answered 500', answer(500), 'package registry unavailable', 3],
    ['is answered 302', answer(302, { location: 'http://127.0.0.1:1/' }), 'package registry unavailable', 3],
    ['is answered 200 with an error', answer(200), 'package registry unavailable', 1],
    ['is no list', { kind: 'rewrite', rewrite: () => '{"data":[]}' }, 'package registry unavailable', 1],
    ['is not JSON', { kind: 'rewrite', rewrite: () => '<html>' }, 'package registry unavailable', 3],
    [
      'is too large',
      { kind: 'rewrite', rewrite: (text) => text.padEnd(4_194_305) },
      'package registry unavailable',
      1,
    ],
    [
      'has too many pages',
      { kind: 'rewrite', rewrite: (text) => text.replace('"total_pages":1', '"total_pages":101') },
      'package registry unavailable',
      1,
    ],
    ['is cut', { kind: 'cut' }, 'package registry unreachable', 3],
  ])('%s is answered 503, and remembered for a moment', async (_what, fault, reason, requests) => {
    disturb(isList, fault);
    expect(await send()).toEqual(unavailable(reason));
    expect(await send()).toEqual(unavailable(reason));
    expect(testbed.registryProxy.requests).toHaveLength(requests);
    testbed.registryProxy.reset();
    passSeconds(61);
    expect(await send()).toEqual(synced(3));
  });

  test('gets no answer is answered 503 within the time budget', async () => {
    disturb(isList, { kind: 'hang' });
    expect(await send({ remainingMs: 1_000 })).toEqual(
      unavailable('package registry did not answer in time'),
    );
  });

  test.each<[what: string, fault: ProxyFault]>([
    ['fails once', answer(500)],
    ['is throttled once', answer(429)],
    ['is cut once', { kind: 'cut' }],
  ])('%s is retried', async (_what, fault) => {
    disturb(isList, fault, 1);
    expect(await send()).toEqual(synced(3));
  });

  test('changes while it is read is read again', async () => {
    await testbed.close();
    testbed = await startRegistryTestbed({ registry: { packages: manyPackages(), maxPerPage: 2 } });
    handler = await testbed.receiver();
    disturb(
      ({ path }) => path.includes('page=9&'),
      { kind: 'rewrite', rewrite: (text) => text.replace('"total":45', '"total":44') },
      1,
    );
    expect(await send()).toEqual(synced(3));
    expect(testbed.registryProxy.requests.filter(({ path }) => path.includes('page=9&'))).toHaveLength(2);
  });
});

test('an unsigned delivery is never queued', async () => {
  const retries = await startTestQueue();
  handler = await testbed.receiver();
  disturb(isList, answer(500));
  expect(await send()).toEqual(unavailable('package registry unavailable'));
  expect(retries.queue.receive(10)).toEqual([]);
  await retries.close();
});

describe('the rate limit', () => {
  const at = (seconds: number): string => String(Math.floor(Date.now() / 1_000) + seconds);

  test.each<[what: string, reset: () => string, waitMs: number]>([
    ['seconds', () => '1', 1_000],
    // Whole seconds: a second later is 655 ms from now.
    ['the time', () => at(1), 655],
  ])('that ends soon, given as %s, is waited for', async (_what, reset, waitMs) => {
    const waits: number[] = [];
    skipWaits((milliseconds) => waits.push(milliseconds));
    disturb(isList, answer(429, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': reset() }), 1);
    expect(await send()).toEqual(synced(3));
    expect(testbed.registryProxy.requests.filter(isList)).toHaveLength(2);
    expect(waits.at(-1)).toBe(waitMs);
  });

  test('that is used up stops further requests, until it ends', async () => {
    await testbed.close();
    testbed = await startRegistryTestbed({ registry: { packages: manyPackages(), requestsPerMinute: 4 } });
    handler = await testbed.receiver();
    expect(await send()).toEqual(synced(3));
    expect(await send()).toEqual(unavailable('package registry is throttling'));
    expect(testbed.registryProxy.requests).toHaveLength(4);
    passSeconds(61);
    expect(await send()).toEqual(synced(3));
  });
});

describe('a sync that', () => {
  test.each<[what: string, how: ProxyFault, requests: number]>([
    ['is forbidden', answer(403), 1],
    ['is invalid', answer(422), 1],
    ['has an error in its answer', answer(200), 1],
  ])('%s is refused, and does not affect the others', async (_what, how, requests) => {
    disturb(isSyncOf('acme/shop-suite'), how);
    expect(await send()).toEqual({
      status: 200,
      body: { msg: 'synced 2 package(s), 1 refused by the registry' },
    });
    expect(testbed.registryProxy.requests.filter(isSyncOf('acme/shop-suite'))).toHaveLength(requests);
  });

  test.each<[what: string, how: ProxyFault]>([
    ['fails', answer(500)],
    ['conflicts with one that is running', answer(409)],
    ['is cut', { kind: 'cut' }],
  ])('%s is retried, and does not affect the others', async (_what, how) => {
    disturb(isSyncOf('acme/shop-suite'), how);
    expect(await send()).toEqual(unavailable('synced 2 of 3 package(s)'));
    expect(testbed.registryProxy.requests.filter(isSyncOf('acme/shop-suite'))).toHaveLength(3);
    expect(testbed.takeSyncs()).toEqual(['acme/shop', 'acme/shop-relative']);
  });

  test('gets no answer is sent once', async () => {
    disturb(isSyncOf('acme/shop-suite'), { kind: 'hang' });
    expect(await send({ remainingMs: 2_000 })).toEqual(unavailable('synced 2 of 3 package(s)'));
    expect(testbed.registryProxy.requests.filter(isSyncOf('acme/shop-suite'))).toHaveLength(1);
  });

  test('finds its package deleted since the list is not an error', async () => {
    await send({ payload: cloudPush('acme/blog') });
    testbed.registry.remove('acme/shop-suite');
    expect(await send()).toEqual(synced(2));
  });
});

describe('the token', () => {
  test('that was replaced is read again', async () => {
    await send();
    testbed.registryProxy.requests.length = 0;
    await testbed.secrets.rotate(TOKEN_ID, '{"token":"replaced"}');
    disturb(isList, answer(401));
    passSeconds(31);
    expect(await send()).toEqual(unavailable('package registry rejected the credentials'));
    expect(testbed.registryProxy.requests.map(({ headers }) => headers.authorization)).toEqual([
      `Bearer ${REGISTRY_TOKEN}`,
      'Bearer replaced',
    ]);
  });

  test.each<[what: string, spoil: () => Promise<void>]>([
    ['is missing', () => testbed.secrets.delete(TOKEN_ID)],
    ['is under another key', () => testbed.secrets.rotate(TOKEN_ID, '{"password":"x"}')],
    ['is two lines', () => testbed.secrets.rotate(TOKEN_ID, 'one\ntwo')],
  ])('that %s sends nothing', async (_what, spoil) => {
    await spoil();
    expect(await send()).toEqual(unavailable('package registry not configured'));
    expect(testbed.registryProxy.requests).toEqual([]);
  });

  test('is in no log line', async () => {
    process.env['LOG_LEVEL'] = 'DEBUG';
    handler = await testbed.receiver();
    const { lines } = new ConsoleLines();
    disturb(isSyncOf('acme/shop'), answer(403));
    await send();
    disturb(isList, answer(401));
    passSeconds(31);
    await send();
    jest.restoreAllMocks();
    expect(lines.map(({ message }) => message)).toEqual([
      'sync refused by the registry',
      'delivery',
      'delivery',
    ]);
    const text = JSON.stringify(lines);
    expect(text).toContain('HTTP 403: CODE: The words of the registry.');
    expect(text).toContain('HTTP 401: CODE: The words of the registry.');
    expect(text).not.toContain(REGISTRY_TOKEN);
  });
});
