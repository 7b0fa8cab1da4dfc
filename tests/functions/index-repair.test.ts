import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { passSeconds, stopClock } from '../support/clock.ts';
import { coldReconciler, type ReconcilerHandler } from '../support/cold-functions.ts';
import { deliver, lambdaContext, type ReceiverHandler } from '../support/deliver.ts';
import { project, warehouse } from '../support/kargo-objects.ts';
import type { PassingRequest } from '../support/loopback-proxy.ts';
import { cloudPush } from '../support/payloads.ts';
import { startTestbed, type Testbed } from '../support/testbed.ts';
import { skipWaits } from '../support/waits.ts';

const refreshed = (count: number) => ({ status: 200, body: { msg: `refreshed ${count} warehouse(s)` } });
const HEAD = 'index-054111dd';
const CHUNK = `${HEAD}-warehouses-38-0`;
const WEB = 'https://bitbucket.org/acme/web';

const isPatchOf =
  (path: string) =>
  ({ method, path: sent }: PassingRequest): boolean =>
    method === 'PATCH' && sent.endsWith(path);
const isPatchOfHead = isPatchOf(`/configmaps/${HEAD}`);

let testbed: Testbed;
let handler: ReceiverHandler;
let reconciler: ReconcilerHandler;

beforeEach(async () => {
  stopClock();
  skipWaits();
  testbed = await startTestbed({ objects: [...project('demo'), warehouse('demo', 'main')] });
  reconciler = await coldReconciler();
  await run();
  handler = await testbed.receiver();
  await deliver(handler);
  await testbed.objects.takeRefreshed();
});

afterEach(() => testbed.close());

/** Runs the reconciler a minute later. */
async function run(): Promise<void> {
  passSeconds(60);
  testbed.cluster.reset();
  await reconciler({}, lambdaContext());
}

describe('a run that ends in the middle', () => {
  test.each<[where: string, concerns: (request: PassingRequest) => boolean]>([
    ['after the chunks and before the head', isPatchOfHead],
    ['in the middle of the chunks', ({ method, path }) => method === 'POST' && path.endsWith('/configmaps')],
    ['after the head', isPatchOf('/status')],
  ])('%s is repaired by the next process', async (_where, concerns) => {
    await testbed.objects.create(
      ...project('late'),
      ...['a', 'b', 'c'].map((name) => warehouse('demo', name, { repoURL: `${WEB}-${name}` })),
    );
    await testbed.secrets.create('kargo/late/bitbucket', 's3cret');
    passSeconds(60);
    let passed = 0;
    testbed.cluster.fault = (request) => {
      if (!concerns(request)) return undefined;
      passed += 1;
      return passed > 1 || !request.path.endsWith('/configmaps')
        ? { kind: 'answer', status: 403 }
        : undefined;
    };
    await reconciler({}, lambdaContext()).catch(() => undefined);
    await testbed.objects.takeRefreshed();
    expect(await deliver(handler)).toEqual(refreshed(1));
    reconciler = await coldReconciler();
    await run();
    for (const name of ['a', 'b', 'c'])
      expect(await deliver(handler, { payload: cloudPush(`acme/web-${name}`) })).toEqual(refreshed(1));
    expect(await deliver(handler, { project: 'late' })).toEqual(refreshed(0));
  });

  test('publishes no URL that the receivers do not know', async () => {
    await testbed.objects.create(...project('late'));
    await testbed.secrets.create('kargo/late/bitbucket', 's3cret');
    passSeconds(60);
    testbed.cluster.fault = (request) =>
      isPatchOfHead(request) ? { kind: 'answer', status: 403 } : undefined;
    await expect(reconciler({}, lambdaContext())).rejects.toThrow('the lookup index could not be written');
    expect((await testbed.objects.get('ProjectConfig', 'late', 'late')).status).toMatchObject({
      conditions: [
        { status: 'False', reason: 'RouteMissing', message: expect.stringContaining('lookup index') },
      ],
    });
    await run();
    expect((await testbed.objects.get('ProjectConfig', 'late', 'late')).status).toMatchObject({
      webhookReceivers: [{ name: 'bb' }],
    });
    expect(await deliver(handler, { project: 'late' })).toEqual(refreshed(0));
  });
});

describe('what others do to the index', () => {
  const piecesOf = async (): Promise<Record<string, unknown>> => {
    const pieces = await testbed.objects.list('ConfigMap', 'kargo-front-door');
    return Object.fromEntries(
      pieces
        .filter(({ metadata }) => metadata.name !== HEAD)
        .map(({ metadata, ['data']: data }) => [metadata.name, data]),
    );
  };
  const configMap = (name: string) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace: 'kargo-front-door' },
  });

  test.each<[what: string, act: () => Promise<void>]>([
    ['deleting all of it', () => testbed.removeIndex()],
    ['deleting a chunk', () => testbed.objects.delete(configMap(CHUNK))],
    ['changing a chunk', () => testbed.objects.patch(configMap(CHUNK), { data: { content: '[]' } })],
    ['adding a piece', () => testbed.objects.create(configMap(`${HEAD}-warehouses-99-0`))],
  ])('%s is undone by the next run', async (_what, act) => {
    const before = await piecesOf();
    await act();
    await run();
    expect(await piecesOf()).toEqual(before);
  });

  test('is not touched where it belongs to another deployment', async () => {
    await testbed.objects.create(configMap('index-ffffffff'), configMap('kube-root-ca.crt'));
    await run();
    await run();
    expect(Object.keys(await piecesOf())).toEqual(
      expect.arrayContaining(['index-ffffffff', 'kube-root-ca.crt']),
    );
  });
});

test('a dry run writes no index', async () => {
  await testbed.removeIndex();
  process.env['DRY_RUN'] = 'true';
  await testbed.reconcile();
  expect(await testbed.objects.list('ConfigMap', 'kargo-front-door')).toEqual([]);
});
