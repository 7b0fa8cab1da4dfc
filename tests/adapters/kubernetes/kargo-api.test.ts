import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { KargoApi } from '../../../lib/adapters/kubernetes/kargo-api.ts';
import type { ClusterObject } from '../../../lib/app/ports.ts';
import { FakeApiServer } from './fake-api-server.ts';

const MB = 1_000_000;

let server: FakeApiServer;
let api: KargoApi;

beforeEach(async () => {
  server = new FakeApiServer();
  await server.start();
  api = new KargoApi(server.connect());
});

afterEach(() => server.stop());

const warehouse = (index: number, bytes: number): object => ({
  apiVersion: 'kargo.akuity.io/v1alpha1',
  kind: 'Warehouse',
  metadata: { name: `w${index}`, namespace: 'demo', uid: `uid-${index}` },
  spec: { subscriptions: [] },
  status: { padding: 'x'.repeat(bytes) },
});

/** Serves Warehouses of these sizes in bytes, in pages of the requested length. */
function serve(sizes: readonly number[], encode: (text: string) => string | Buffer = (text) => text): void {
  const texts = sizes.map((bytes, index) => JSON.stringify(warehouse(index, bytes)));
  const headers = encode === gzipSync ? { 'content-encoding': 'gzip' } : {};
  server.answer = ({ query }) => {
    const start = Number(query.get('continue') ?? 0);
    const end = start + Number(query.get('limit'));
    const next = end < texts.length ? String(end) : '';
    const items = texts.slice(start, end).join(',');
    return { headers, body: encode(`{"metadata":{"continue":"${next}"},"items":[${items}]}`) };
  };
}

async function listAll(): Promise<ClusterObject[]> {
  const objects: ClusterObject[] = [];
  for await (const page of api.pages('warehouses', '', AbortSignal.timeout(60_000))) objects.push(...page);
  return objects;
}

const limits = (): number[] => server.requests.map(({ query }) => Number(query.get('limit')));
const sizes = (count: number, bytes: number): number[] => Array.from({ length: count }, () => bytes);

describe('the pages of a list', () => {
  test.each<[what: string, sizes: number[], limits: number[]]>([
    ['begin with 50 objects', sizes(10, 7_000), [50]],
    ['grow with small objects, up to 500', sizes(1_500, 100), [50, 200, 500, 500, 500]],
    ['grow to 4 MiB', sizes(900, 20_000), [50, 200, 207, 207, 207, 207]],
    [
      'are halved until they fit into 8 MiB, and then aim at 4 MiB',
      sizes(12, 1.2 * MB),
      [50, 25, 12, 6, 3, 3],
    ],
    [
      'shrink again where objects are larger than the ones before',
      [...sizes(50, 100), ...sizes(3, 3 * MB)],
      [50, 200, 100, 50, 25, 12, 6, 3, 1, 1, 1],
    ],
    ['hold one object at least', sizes(2, 7.9 * MB), [50, 25, 12, 6, 3, 1, 1]],
  ])('%s', async (_what, served, expected) => {
    serve(served);
    const objects = await listAll();
    expect(objects.map(({ name }) => name)).toEqual(served.map((_bytes, index) => `w${index}`));
    expect(limits()).toEqual(expected);
  });

  test('are limited by their decompressed size', async () => {
    serve(sizes(6, 2 * MB), gzipSync);
    expect(await listAll()).toHaveLength(6);
    expect(limits()).toEqual([50, 25, 12, 6, 3, 2, 2]);
    expect(server.requests[0]?.headers['accept-encoding']).toBe('gzip');
  });

  test('with an object over the limit cause a retryable error', async () => {
    serve([9 * MB]);
    await expect(listAll()).rejects.toMatchObject({
      name: 'RetryableError',
      message: 'cluster API unavailable: the answer is larger than 8388608 bytes',
    });
  });

  test('contain only the needed fields of the objects', async () => {
    serve([10]);
    expect(await listAll()).toEqual([
      {
        name: 'w0',
        namespace: 'demo',
        uid: 'uid-0',
        content: { metadata: { name: 'w0', namespace: 'demo', uid: 'uid-0' }, spec: { subscriptions: [] } },
      },
    ]);
  });
});
