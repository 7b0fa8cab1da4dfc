import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { stopClock, passSeconds } from '../../../support/clock.ts';
import { startFakeRegistry, type FakeRegistry } from '../../../../local/fakes/registry/fake-registry.ts';

let registry: FakeRegistry;
const synced: string[] = [];

beforeEach(async () => {
  stopClock('2026-05-04T10:11:12.000Z');
  synced.length = 0;
  registry = await startFakeRegistry({
    port: 0,
    token: 't0ken',
    maxPerPage: 2,
    requestsPerMinute: 8,
    packages: ['one', 'two', 'three'].map((name) => ({
      name: `acme/${name}`,
      repository_url: `https://bitbucket.org/acme/${name}`,
      type: name === 'two' ? 'monorepo' : 'bitbucket',
    })),
    onSync: (name) => void synced.push(name),
  });
});

afterEach(() => registry.close());

async function call(method: string, path: string, token = 't0ken'): Promise<[number, unknown, Headers]> {
  const headers = { authorization: `Bearer ${token}` };
  const response = await fetch(`${registry.url}${path}`, { method, headers });
  return [response.status, await response.json(), response.headers];
}

const failed = (code: string, message: string): object => ({ data: null, error: { code, message } });

test('lists packages page by page', async () => {
  const [status, body, headers] = await call('GET', '/api/v1/packages?page=2&per_page=100');
  expect([status, body]).toEqual([
    200,
    {
      data: [{ name: 'acme/three', repository_url: 'https://bitbucket.org/acme/three', type: 'bitbucket' }],
      pagination: { page: 2, per_page: 2, total: 3, total_pages: 2 },
      error: null,
    },
  ]);
  expect([...headers].filter(([name]) => name.startsWith('x-ratelimit'))).toEqual([
    ['x-ratelimit-limit', '8'],
    ['x-ratelimit-remaining', '7'],
    ['x-ratelimit-reset', '1777889532'],
  ]);
});

test.each([
  ['GET', '/api/v1/packages?page=0', 400, 'BAD_REQUEST', 'page must be a number above 0.'],
  ['GET', '/api/v2/packages', 404, 'NOT_FOUND', 'GET /api/v2/packages is not served.'],
  ['POST', '/api/v1/packages/acme/gone/sync', 404, 'NOT_FOUND', 'Package acme/gone not found.'],
  ['POST', '/api/v1/packages/acme/two/sync', 422, 'WRONG_SYNC', 'Package acme/two is of the type monorepo.'],
  [
    'POST',
    '/api/v1/packages/acme/one/monorepo/sync',
    422,
    'WRONG_SYNC',
    'Package acme/one is of the type bitbucket.',
  ],
])('%s %s is answered %i', async (method, path, status, code, message) => {
  expect((await call(method, path)).slice(0, 2)).toEqual([status, failed(code, message)]);
  expect(synced).toEqual([]);
});

test('syncs a package and a monorepo', async () => {
  expect((await call('POST', '/api/v1/packages/acme/one/sync'))[0]).toBe(200);
  expect((await call('POST', '/api/v1/packages/acme/two/monorepo/sync'))[0]).toBe(200);
  expect(synced).toEqual(['acme/one', 'acme/two']);
});

test('rejects another token', async () => {
  expect((await call('GET', '/api/v1/packages', 'other')).slice(0, 2)).toEqual([
    401,
    failed('UNAUTHORIZED', 'Invalid or missing token.'),
  ]);
});

test('accepts no more requests than a minute has, and then those of the next minute', async () => {
  for (let request = 0; request < 8; request += 1) await call('GET', '/api/v1/packages');
  expect((await call('GET', '/api/v1/packages')).slice(0, 2)).toEqual([
    429,
    failed('RATE_LIMITED', 'Too many requests.'),
  ]);
  passSeconds(60);
  expect((await call('GET', '/api/v1/packages'))[0]).toBe(200);
});
