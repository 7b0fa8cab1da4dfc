import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ClusterConnection } from '../../../lib/adapters/kubernetes/cluster-connection.ts';
import { KargoApi } from '../../../lib/adapters/kubernetes/kargo-api.ts';
import { RetryableError } from '../../../lib/app/errors.ts';
import { endpointOf, FakeApiServer, type FakeAnswer } from './fake-api-server.ts';

const wait = (): Promise<void> => Promise.resolve();
const EXPIRED: FakeAnswer = { status: 401, body: { kind: 'Status', message: 'expired' } };

let server: FakeApiServer;
let api: KargoApi;

const patch = () => api.patch('warehouses', 'demo', 'one', {}, AbortSignal.timeout(20_000));

beforeEach(async () => {
  server = new FakeApiServer();
  await server.start();
});

afterEach(() => server.stop());

describe('credentials', () => {
  const tokens = (): unknown[] => server.requests.map(({ headers }) => headers.authorization);

  test('that the cluster rejects are read again once, whatever failed before', async () => {
    const kept = ['first', 'second'];
    server.answer = ({ headers }) => {
      if (server.requests.length === 1) return { status: 503 };
      return headers.authorization === 'Bearer second' ? {} : EXPIRED;
    };
    const connection = new ClusterConnection(
      async () => ({ endpoint: endpointOf(server.url, kept.shift()) }),
      { attemptTimeoutMs: 5_000, wait },
    );
    api = new KargoApi(connection);
    expect(await patch()).toBe('patched');
    expect(tokens()).toEqual(['Bearer first', 'Bearer first', 'Bearer second']);
  });

  test.each<[what: string, answer: FakeAnswer, laterMs: number]>([
    ['that the cluster rejects', EXPIRED, 0],
    ['that expire', {}, 1_000],
  ])('%s leave no connection open', async (_what, answer, laterMs) => {
    let nowMs = 0;
    const kept = ['first', 'second'];
    server.answer = ({ headers }) => (headers.authorization === 'Bearer first' ? answer : {});
    const connection = new ClusterConnection(
      async () => ({ endpoint: endpointOf(server.url, kept.shift()), renewAt: new Date(nowMs + 500) }),
      { attemptTimeoutMs: 5_000, wait, clock: () => new Date(nowMs) },
    );
    api = new KargoApi(connection);
    await patch();
    nowMs += laterMs;
    await patch();
    expect(tokens().at(-1)).toBe('Bearer second');
    const socket = server.requests[0]!.socket;
    if (!socket.destroyed) await once(socket, 'close');
  });

  test('that cannot be read are a retryable error, and are read again by the next request', async () => {
    let reads = 0;
    const connection = new ClusterConnection(
      async () => {
        reads += 1;
        if (reads === 1) throw new Error('secret "x" does not exist');
        return { endpoint: endpointOf(server.url) };
      },
      { attemptTimeoutMs: 5_000, wait },
    );
    api = new KargoApi(connection);
    await expect(patch()).rejects.toMatchObject({
      name: 'RetryableError',
      message: 'cluster API not configured: secret "x" does not exist',
    });
    expect(await patch()).toBe('patched');
  });
});

describe('connections', () => {
  let now: number;

  beforeEach(() => {
    now = Date.parse('2026-05-04T10:11:12Z');
    api = new KargoApi(server.connect({ clock: () => new Date(now), wait }));
  });

  test('are reused while they have idled for a minute at most', async () => {
    await Promise.all([patch(), patch(), patch()]);
    const first = new Set(server.requests.map(({ socket }) => socket));
    now += 60_000;
    await patch();
    expect(first).toContain(server.requests.at(-1)?.socket);
  });

  test('that are dead do not delay the requests after one that timed out', async () => {
    await Promise.all([patch(), patch(), patch()]);
    const dead = new Set(server.requests.map(({ socket }) => socket));
    const budget = new AbortController();
    server.answer = ({ socket }) => {
      if (!dead.has(socket)) return {};
      budget.abort();
      return 'hang';
    };
    await expect(api.patch('warehouses', 'demo', 'one', {}, budget.signal)).rejects.toThrow(RetryableError);
    expect(await Promise.all([patch(), patch(), patch()])).toEqual(['patched', 'patched', 'patched']);
  });

  test('that idled for longer and were dropped are replaced before the next request', async () => {
    await Promise.all([patch(), patch(), patch()]);
    const dropped = new Set(server.requests.map(({ socket }) => socket));
    expect(dropped.size).toBe(3);
    server.answer = ({ socket }) => (dropped.has(socket) ? 'hang' : {});
    server.requests.length = 0;
    now += 60_001;
    expect(await Promise.all([patch(), patch(), patch()])).toEqual(['patched', 'patched', 'patched']);
    expect(server.requests).toHaveLength(3);
  });
});
