import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { sealPiece } from '../../lib/core/kargo/lookup-index/index-piece.ts';
import { passSeconds, stopClock } from '../support/clock.ts';
import { deliver, receiverPath, type DeliveryOptions, type ReceiverHandler } from '../support/deliver.ts';
import { project, warehouse } from '../support/kargo-objects.ts';
import { startTestbed, type Testbed } from '../support/testbed.ts';

// What somebody could do who writes the index with valid pieces.

const HEAD = 'index-054111dd';
const SHOP = `${HEAD}-warehouses-38-0`;
const unknown = { status: 404, body: {} };
const unauthorized = { status: 401, body: { error: 'unauthorized' } };
const refreshed = (count: number) => ({ status: 200, body: { msg: `refreshed ${count} warehouse(s)` } });
const keyOf = (path: string): string => path.replace('/bitbucket/', '').slice(0, 16);

let testbed: Testbed;
let handler: ReceiverHandler;

beforeEach(async () => {
  stopClock();
  testbed = await startTestbed({
    objects: [
      ...project('demo'),
      ...project('other'),
      warehouse('demo', 'main'),
      warehouse('demo', 'release', { branch: 'release' }),
      warehouse('other', 'main'),
    ],
    secrets: { 'kargo/demo/bitbucket': 's3cret', 'kargo/other/bitbucket': 'others' },
  });
  await testbed.reconcile();
  handler = await testbed.receiver();
});

afterEach(() => testbed.close());

/** Replaces the content of a piece, and waits until the receiver reads it. */
async function forge(name: string, change: (content: never) => unknown): Promise<void> {
  const { data } = (await testbed.objects.get('ConfigMap', 'kargo-front-door', name)) as unknown as {
    data: { content: string };
  };
  const content = JSON.stringify(change(JSON.parse(data.content) as never));
  const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'kargo-front-door' } };
  await testbed.objects.patch(object, { data: sealPiece(content) });
  passSeconds(1);
}

interface Head {
  readonly receivers: readonly (readonly string[])[];
  readonly warehouseChunks: Readonly<Record<string, [string, string][]>>;
}
type Row = [key: string, namespace: string, name: string, ...rest: unknown[]];

const own = receiverPath();
const invented = `/bitbucket/${'e'.repeat(64)}`;

describe('a forged receiver', () => {
  test.each<[what: string, row: string[], delivery: DeliveryOptions, answer: object]>([
    [
      'for a path that nobody has is not accepted',
      [keyOf(invented), 'demo', 'bb', 'bitbucket'],
      { path: invented },
      unknown,
    ],
    [
      "for another project's secret does not act on this project",
      [keyOf(receiverPath('demo', 'bb', 'others')), 'demo', 'bb', 'bitbucket'],
      { secret: 'others' },
      unknown,
    ],
    [
      'for the ClusterConfig with the secret of a project is not accepted',
      [keyOf(receiverPath('', 'bb', 's3cret')), '', 'bb', 'bitbucket'],
      { project: '' },
      unknown,
    ],
    ['beside the real one does not hide it', [keyOf(own), 'other', 'bb', 'bitbucket'], {}, refreshed(1)],
    [
      'does not make a signature valid',
      [keyOf(own), 'other', 'bb', 'bitbucket'],
      { signedWith: 'others' },
      unauthorized,
    ],
  ])('%s', async (_what, row, delivery, answer) => {
    await forge(HEAD, (head: Head) => ({ ...head, receivers: [...head.receivers, row] }));
    expect(await deliver(handler, delivery)).toEqual(answer);
    expect(await testbed.objects.takeRefreshed()).not.toContain('Warehouse other/main');
  });
});

describe('a forged Warehouse', () => {
  const forgeRows = (change: (rows: Row[]) => Row[]): Promise<void> => forge(SHOP, change);

  test('of another project is not refreshed by a receiver of this project', async () => {
    await forgeRows((rows) => rows.map(([key, , name, ...rest]) => [key, 'other', name, ...rest]));
    expect(await deliver(handler)).toEqual(refreshed(0));
    expect(await testbed.objects.takeRefreshed()).toEqual([]);
  });

  test('of this project is refreshed, and nothing else is done to it', async () => {
    const before = await testbed.objects.get('Warehouse', 'demo', 'release');
    await forgeRows((rows) =>
      rows.map(([key, namespace, name, ...rest]) => [
        key,
        namespace,
        name === 'main' ? 'release' : name,
        ...rest,
      ]),
    );
    expect(await deliver(handler)).toEqual(refreshed(1));
    expect(await testbed.objects.takeRefreshed()).toEqual(['Warehouse demo/release']);
    expect((await testbed.objects.get('Warehouse', 'demo', 'release')).spec).toEqual(before.spec);
  });

  test.each([
    ['another kind', '../secrets/bitbucket'],
    ['all objects', '..'],
    ['another part of the object', 'release/status'],
  ])('whose name leads to %s makes the receiver list', async (_what, name) => {
    await forgeRows((rows) => rows.map(([key, namespace, , ...rest]) => [key, namespace, name, ...rest]));
    expect(await deliver(handler)).toEqual(refreshed(1));
    expect(await testbed.objects.takeRefreshed()).toEqual(['Warehouse demo/main']);
  });

  test('with content of another shape makes the receiver list', async () => {
    await forge(SHOP, () => [{ namespace: 'demo' }]);
    expect(await deliver(handler)).toEqual(refreshed(1));
    expect(await testbed.objects.takeRefreshed()).toEqual(['Warehouse demo/main']);
  });

  test('with fields of other types affects nothing else', async () => {
    await forgeRows((rows) => [
      ...rows,
      ...rows.map(([key, namespace, , ...rest]): Row => [
        key,
        namespace,
        'release',
        ...rest.slice(0, 3),
        [[0, 7]],
      ]),
    ]);
    expect(await deliver(handler)).toEqual(refreshed(1));
  });
});
