import { afterAll, beforeAll, beforeEach, expect, jest, test } from '@jest/globals';
import { stopClock } from '../../support/clock.ts';
import type { ReconcilerHandler } from '../../support/cold-functions.ts';
import { deliver, lambdaContext, type ReceiverHandler } from '../../support/deliver.ts';
import { project, promotion, stage, warehouse } from '../../support/kargo-objects.ts';
import { LoopbackProxy } from '../../support/loopback-proxy.ts';
import { cloudPullRequest, cloudPush } from '../../support/payloads.ts';
import { removeIndex } from '../../support/testbed.ts';
import { startClusterTestbed, type ClusterTestbed } from './cluster-testbed.ts';

const refreshed = (count: number, kind = 'warehouse') => ({
  status: 200,
  body: { msg: `refreshed ${count} ${kind}(s)` },
});
const PULL_REQUEST = 'https://bitbucket.org/acme/shop/pull-requests/7';
const toWeb = { payload: cloudPush('acme/web') };
const web = { repoURL: 'https://bitbucket.org/acme/web' };
const main = warehouse('demo', 'main');

let testbed: ClusterTestbed;
let proxy: LoopbackProxy;
let handler: ReceiverHandler;
let reconciler: ReconcilerHandler;

beforeAll(async () => {
  testbed = await startClusterTestbed({ secrets: { 'kargo/demo/bitbucket': 's3cret' } });
  proxy = new LoopbackProxy(testbed.cluster.url, testbed.cluster.ca);
  await proxy.start();
  await testbed.objects.create(
    ...project('demo'),
    stage('demo', 'test'),
    main,
    promotion('demo', 'waits', PULL_REQUEST),
    promotion('demo', 'over', PULL_REQUEST, { status: { phase: 'Succeeded' } }),
  );
  reconciler = await testbed.reconciler(proxy.url);
  handler = await testbed.receiver(proxy.url);
});

afterAll(async () => {
  jest.useRealTimers();
  await proxy.stop();
  await testbed.close();
});

beforeEach(async () => {
  await run();
  await testbed.objects.takeRefreshed();
});

/** Runs the reconciler. Afterwards, what the receiver has cached is expired. */
async function run(): Promise<void> {
  await reconciler({}, lambdaContext());
  stopClock(new Date(Date.now() + 1_000).toISOString());
  proxy.reset();
}

const requests = (): string[] =>
  proxy.requests.map(({ method, path }) => `${method} ${path.replace(/^.*\/(?=[^/]+\/[^/]+$)/, '')}`);

test('with the rights of infra/rbac alone, a delivery reads the index and lists nothing', async () => {
  expect(await deliver(handler)).toEqual(refreshed(1));
  expect(requests()).toEqual([
    'GET configmaps/index-054111dd',
    'GET configmaps/index-054111dd-warehouses-38-0',
    'PATCH warehouses/main',
  ]);
});

test('Promotions are found by the phase in their table', async () => {
  const delivery = { event: 'pullrequest:fulfilled', payload: cloudPullRequest() };
  expect(await deliver(handler, delivery)).toEqual(refreshed(1, 'promotion'));
  expect(requests().slice(1)).toEqual([
    'GET demo/promotions?includeObject=None&limit=50',
    'GET promotions/waits',
    'PATCH promotions/waits',
  ]);
});

test('a Warehouse that was created is refreshed when it enters, and found right after the run', async () => {
  const created = warehouse('demo', 'created', web);
  await testbed.objects.create(created);
  expect(await deliver(handler, toWeb)).toEqual(refreshed(0));
  await reconciler({}, lambdaContext());
  expect(await testbed.objects.takeRefreshed()).toEqual(['Warehouse demo/created']);
  stopClock(new Date(Date.now() + 1_000).toISOString());
  expect(await deliver(handler, toWeb)).toEqual(refreshed(1));
  await testbed.objects.delete(created);
});

test('a Warehouse that was changed or deleted is found right after the run', async () => {
  await testbed.objects.patch(main, { spec: warehouse('demo', 'main', web).spec });
  await run();
  expect(await deliver(handler)).toEqual(refreshed(0));
  expect(await deliver(handler, toWeb)).toEqual(refreshed(1));
  await testbed.objects.delete(main);
  await run();
  expect(await deliver(handler, toWeb)).toEqual(refreshed(0));
  await testbed.objects.create(main);
});

test('a run in which nothing was changed reads versions alone and writes the head alone', async () => {
  await run();
  proxy.requests.length = 0;
  await reconciler({}, lambdaContext());
  const sent = proxy.requests.filter(({ path }) => !path.includes('configs'));
  expect(sent.map(({ method, path }) => `${method} ${path.replace(/^.*\//, '')}`)).toEqual([
    'GET configmaps?limit=50',
    'GET warehouses?limit=50',
    'PATCH index-054111dd',
  ]);
  expect(sent[1]?.headers.accept).toMatch(/^application\/json;as=PartialObjectMetadataList/);
});

test('without an index a delivery lists, and the next run writes it again', async () => {
  await removeIndex(testbed.objects);
  expect(await deliver(handler)).toEqual(refreshed(1));
  expect(requests()).toContain('GET demo/warehouses?limit=50');
  await run();
  expect(await deliver(handler)).toEqual(refreshed(1));
  expect(requests()).not.toContain('GET demo/warehouses?limit=50');
});
