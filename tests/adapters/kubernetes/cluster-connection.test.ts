import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ClusterConnection } from '../../../lib/adapters/kubernetes/cluster-connection.ts';
import { KargoApi } from '../../../lib/adapters/kubernetes/kargo-api.ts';
import { endpointOf, FakeApiServer, type FakeAnswer } from './fake-api-server.ts';

const DENIED = 'admission webhook "promotion.kargo.akuity.io" denied the request: not permitted';
const POLICY =
  "warehouses.kargo.akuity.io \"one\" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no";
const CALL_FAILED =
  'Internal error occurred: failed calling webhook "warehouse.kargo.akuity.io": connection refused';

let server: FakeApiServer;
let waits: number[];
let api: KargoApi;

const wait = (milliseconds: number): Promise<void> => {
  waits.push(milliseconds);
  return Promise.resolve();
};
const signal = (): AbortSignal => AbortSignal.timeout(20_000);
const patch = (body: object = {}) => api.patch('warehouses', 'demo', 'one', body, signal());
const list = async () => {
  for await (const page of api.pages('warehouses', 'demo', signal())) return page.length;
  return undefined;
};
const get = () => api.get('warehouses', 'demo', 'one', signal());
const outcomeOf = (request: Promise<unknown>): Promise<string> =>
  request.then(
    (result) => JSON.stringify(result) ?? 'undefined',
    (error: Error) => `${error.name}: ${error.message}`,
  );
const status = (code: number, message: string, headers: Record<string, string> = {}): FakeAnswer => ({
  status: code,
  headers,
  body: { kind: 'Status', message },
});

/** Errors as `outcomeOf` returns them. */
const refused = (detail: string): string => `TerminalError: Warehouse demo/one: ${detail}`;
const retryable = (detail: string): string => `RetryableError: cluster API ${detail}`;
const gzipped = (body: string | Buffer): FakeAnswer => ({ headers: { 'content-encoding': 'gzip' }, body });

beforeEach(async () => {
  waits = [];
  server = new FakeApiServer();
  await server.start();
  api = new KargoApi(server.connect({ wait }));
});

afterEach(() => server.stop());

describe('a patch', () => {
  test.each<[what: string, answer: FakeAnswer, outcome: string, attempts: number]>([
    ['200', {}, '"patched"', 1],
    ['404 of the object', status(404, 'not found'), '"gone"', 1],
    [
      '404 of something before the API',
      { status: 404, body: '404 page not found' },
      retryable('unavailable: HTTP 404'),
      4,
    ],
    [
      '404 of an API that does not serve the kind yet',
      status(404, 'the server could not find the requested resource'),
      retryable('unavailable: HTTP 404: the server could not find the requested resource'),
      4,
    ],
    ['403', status(403, 'cannot patch'), refused('HTTP 403: cannot patch'), 1],
    ['422', status(422, 'is invalid'), refused('HTTP 422: is invalid'), 1],
    ['400', status(400, 'bad patch'), refused('HTTP 400: bad patch'), 1],
    ['413', { status: 413, body: '' }, refused('HTTP 413'), 1],
    ['405', status(405, 'no'), refused('HTTP 405: no'), 1],
    ...[400, 401, 403, 404, 409, 422, 429, 500, 503].map((code): [string, FakeAnswer, string, number] => [
      `${code} by an admission webhook`,
      status(code, DENIED),
      refused(`HTTP ${code}: ${DENIED}`),
      1,
    ]),
    ['422 by an admission policy', status(422, POLICY), refused(`HTTP 422: ${POLICY}`), 1],
    ['401 by an admission policy', status(401, POLICY), refused(`HTTP 401: ${POLICY}`), 1],
    [
      '500 because a webhook cannot be called',
      status(500, CALL_FAILED),
      retryable(`unavailable: HTTP 500: ${CALL_FAILED}`),
      4,
    ],
    ['409', status(409, 'modified'), retryable('unavailable: HTTP 409: modified'), 4],
    ['401', status(401, 'who?'), retryable('rejected the credentials: HTTP 401: who?'), 2],
    ['429', status(429, 'busy'), retryable('is throttling: HTTP 429: busy'), 4],
    ['503', status(503, 'down'), retryable('unavailable: HTTP 503: down'), 4],
    ['302', { status: 302, body: '' }, retryable('unavailable: HTTP 302'), 4],
    ['a connection that breaks', 'cut', retryable('unreachable: other side closed'), 4],
    ['a page of a proxy', { body: '<html>' }, retryable('unavailable: HTTP 200: the answer is not JSON'), 4],
  ])('answered with %s', async (_what, answer, outcome, attempts) => {
    server.answer = () => answer;
    expect(await outcomeOf(patch())).toBe(outcome);
    expect(server.requests).toHaveLength(attempts);
  });

  test('with a resourceVersion ends in a conflict after one attempt', async () => {
    server.answer = () => status(409, 'modified');
    expect(await patch({ metadata: { resourceVersion: '7' } })).toBe('conflict');
    expect(server.requests).toHaveLength(1);
  });

  test('without a resourceVersion succeeds after a conflict', async () => {
    server.answer = () => (server.requests.length === 1 ? status(409, 'modified') : {});
    expect(await patch()).toBe('patched');
  });

  test('asks for the metadata of the object alone', async () => {
    await patch();
    expect(server.requests[0]?.headers).toMatchObject({
      accept: 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json',
      authorization: 'Bearer token',
      'content-type': 'application/merge-patch+json',
      'user-agent': 'kargo-front-door',
    });
  });

  test("keeps at most 2048 bytes of the cluster's message, without a partial character", async () => {
    server.answer = () => status(422, `x${'é'.repeat(2_000)}`);
    expect(await outcomeOf(patch())).toBe(refused(`HTTP 422: x${'é'.repeat(1_023)}`));
  });
});

describe('a read', () => {
  const CUT_OFF = gzipSync('{}').subarray(0, 15);

  test.each<[what: string, answer: FakeAnswer, outcome: string, attempts: number]>([
    ['403', status(403, 'cannot list'), retryable('forbids the request: HTTP 403: cannot list'), 1],
    ['404', status(404, 'no such kind'), retryable('does not know Kargo: HTTP 404: no such kind'), 1],
    ['410', status(410, 'expired'), retryable('unavailable: HTTP 410: expired'), 1],
    ['400', status(400, 'bad limit'), 'TerminalError: Warehouse list: HTTP 400: bad limit', 1],
    ['500', status(500, 'etcd'), retryable('unavailable: HTTP 500: etcd'), 4],
    ['another object', { body: {} }, retryable('unavailable: the Warehouse list cannot be read'), 1],
    ["a webhook's message", status(500, DENIED), retryable(`unavailable: HTTP 500: ${DENIED}`), 4],
    ['broken compression', gzipped('not compressed'), retryable('unreachable: incorrect header check'), 4],
    ['an early end', gzipped(CUT_OFF), retryable('unreachable: unexpected end of file'), 4],
  ])('list with %s', async (_what, answer, outcome, attempts) => {
    server.answer = () => answer;
    expect(await outcomeOf(list())).toBe(outcome);
    expect(server.requests).toHaveLength(attempts);
  });

  test.each<[what: string, answer: FakeAnswer, outcome: string]>([
    ['403', status(403, 'cannot get'), retryable('forbids the request: HTTP 403: cannot get')],
    ['404', status(404, 'not found'), 'undefined'],
  ])('get with %s', async (_what, answer, outcome) => {
    server.answer = () => answer;
    expect(await outcomeOf(get())).toBe(outcome);
    expect(server.requests).toHaveLength(1);
  });
});

describe('the wait before an attempt', () => {
  test.each<[what: string, headers: Record<string, string>, waits: number[]]>([
    ['doubles', {}, [150, 300, 600]],
    ['follows Retry-After', { 'retry-after': '1' }, [1_000, 1_000, 1_000]],
    ['ignores a date in Retry-After', { 'retry-after': 'Wed, 21 Oct 2026 07:28:00 GMT' }, [150, 300, 600]],
    ['is never longer than 4 s: there is no further attempt', { 'retry-after': '5' }, []],
  ])('%s', async (_what, headers, expected) => {
    server.answer = () => status(503, 'down', headers);
    await outcomeOf(patch());
    expect(waits).toEqual(expected);
  });

  test('ends with the signal, and the error names the last failure', async () => {
    server.answer = () => status(503, 'down');
    const over = new AbortController();
    const abort = async (): Promise<never> => {
      over.abort();
      throw over.signal.reason;
    };
    api = new KargoApi(server.connect({ wait: abort }));
    const request = api.patch('warehouses', 'demo', 'one', {}, over.signal);
    expect(await outcomeOf(request)).toBe(retryable('unavailable: HTTP 503: down'));
  });
});

describe('a timeout', () => {
  test('of one attempt is followed by an attempt over another connection', async () => {
    server.answer = () => (server.requests.length === 1 ? 'hang' : {});
    const latencies: number[] = [];
    api = new KargoApi(
      server.connect({ attemptTimeoutMs: 500, recordLatency: (latency) => void latencies.push(latency) }),
    );
    expect(await patch()).toBe('patched');
    expect(new Set(server.requests.map(({ socket }) => socket)).size).toBe(2);
    expect(latencies).toHaveLength(2);
  });

  test('of every attempt is the reason of the error', async () => {
    server.answer = () => 'hang';
    let attempts = 0;
    api = new KargoApi(server.connect({ attemptTimeoutMs: 20, recordLatency: () => void (attempts += 1) }));
    expect(await outcomeOf(patch())).toBe(retryable('did not answer in time: no answer to one attempt'));
    expect(attempts).toBe(4);
  });

  test('of the whole request ends it', async () => {
    const budget = new AbortController();
    server.answer = () => {
      budget.abort();
      return 'hang';
    };
    const request = api.patch('warehouses', 'demo', 'one', {}, budget.signal);
    expect(await outcomeOf(request)).toBe(retryable('did not answer in time'));
    expect(server.requests).toHaveLength(1);
  });

  test('of the whole request ends it while a connection is made', async () => {
    const budget = new AbortController();
    const connected: Socket[] = [];
    // Accepts connections, and never answers the TLS handshake.
    const unresponsive = createServer((socket) => {
      connected.push(socket);
      budget.abort();
    });
    unresponsive.listen(0, '127.0.0.1');
    await once(unresponsive, 'listening');
    const url = `https://127.0.0.1:${(unresponsive.address() as AddressInfo).port}`;
    api = new KargoApi(
      new ClusterConnection(async () => ({ endpoint: endpointOf(url) }), { attemptTimeoutMs: 30_000 }),
    );
    const request = api.patch('warehouses', 'demo', 'one', {}, budget.signal);
    expect(await outcomeOf(request)).toBe(retryable('did not answer in time'));
    for (const socket of connected) socket.destroy();
    unresponsive.close();
  });
});
