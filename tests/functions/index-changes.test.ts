import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { KubernetesObject } from '../../local/fakes/kubernetes/fake-kubernetes.ts';
import { passSeconds, stopClock } from '../support/clock.ts';
import { coldReconciler, type ReconcilerHandler } from '../support/cold-functions.ts';
import { deliver, lambdaContext, type DeliveryOptions, type ReceiverHandler } from '../support/deliver.ts';
import {
  bitbucket,
  clusterConfig,
  namespace,
  project,
  projectConfig,
  warehouse,
} from '../support/kargo-objects.ts';
import type { PassingRequest } from '../support/loopback-proxy.ts';
import { cloudPush } from '../support/payloads.ts';
import { startTestbed, type Testbed } from '../support/testbed.ts';
import { skipWaits } from '../support/waits.ts';

const refreshed = (count: number) => ({ status: 200, body: { msg: `refreshed ${count} warehouse(s)` } });
const unknown = { status: 404, body: {} };
const WEB = 'https://bitbucket.org/acme/web';
const toWeb: DeliveryOptions = { payload: cloudPush('acme/web') };
const SECRET = 'kargo/demo/bitbucket';

let testbed: Testbed;
let handler: ReceiverHandler;
let reconciler: ReconcilerHandler;

beforeEach(async () => {
  stopClock();
  skipWaits();
  testbed = await startTestbed({
    objects: [
      ...project('demo'),
      ...project('idle', []),
      namespace('kargo-system-resources'),
      warehouse('demo', 'main'),
    ],
    secrets: { [SECRET]: 's3cret', 'kargo/kargo-system-resources/bitbucket': 'wide' },
  });
  reconciler = await coldReconciler();
  await run();
  handler = await testbed.receiver();
  await deliver(handler);
  await testbed.objects.takeRefreshed();
});

afterEach(() => testbed.close());

/** Runs the reconciler a minute later; the receiver's cache expires while a run takes place. */
async function run(): Promise<void> {
  passSeconds(60);
  testbed.cluster.reset();
  await reconciler({}, lambdaContext());
}

const reads = (): string[] =>
  testbed.cluster.requests
    .filter(({ method, path }) => method === 'GET' && path.includes('/warehouses'))
    .map(({ path }) => path.replace('/apis/kargo.akuity.io/v1alpha1/', ''));
const main = warehouse('demo', 'main');
const otherInterval = { spec: { interval: '1m0s' } };
const ofImage = { ...warehouse('demo', 'image'), spec: { interval: '5m0s', subscriptions: [{ image: {} }] } };
const mainOfWeb = warehouse('demo', 'main', { repoURL: WEB });

/** Deletes the Warehouse `main` and creates it again. */
async function replaceMain(created: KubernetesObject): Promise<void> {
  await testbed.objects.delete(main);
  await testbed.objects.create(created);
}

describe('right after the next run, the receiver knows', () => {
  test.each<[what: string, change: () => Promise<void>, ofShop: number, ofWeb: number]>([
    ['created', () => testbed.objects.create(warehouse('demo', 'new')), 2, 0],
    ['changed to another repository', () => testbed.objects.patch(main, { spec: mainOfWeb.spec }), 0, 1],
    ['deleted', () => testbed.objects.delete(main), 0, 0],
    ['deleted and created again with another repository', () => replaceMain(mainOfWeb), 0, 1],
  ])('a Warehouse that was %s', async (_what, change, ofShop, ofWeb) => {
    await change();
    await run();
    expect(await deliver(handler)).toEqual(refreshed(ofShop));
    expect(await deliver(handler, toWeb)).toEqual(refreshed(ofWeb));
  });

  test('a project under another name', async () => {
    await testbed.objects.delete(namespace('demo'));
    await testbed.objects.create(...project('renamed'), warehouse('renamed', 'main'));
    await testbed.secrets.create('kargo/renamed/bitbucket', 's3cret');
    await run();
    expect(await deliver(handler)).toEqual(unknown);
    expect(await deliver(handler, { project: 'renamed' })).toEqual(refreshed(1));
  });

  test('a receiver that was removed', async () => {
    await testbed.objects.patch(projectConfig('demo', []), { spec: { webhookReceivers: [] } });
    await run();
    expect(await deliver(handler)).toEqual(unknown);
  });

  test('a secret that was rotated, and the one before until the grace ends', async () => {
    await testbed.secrets.rotate(SECRET, 'n3w');
    expect(await deliver(handler)).toEqual(refreshed(1));
    await run();
    expect(await deliver(handler, { secret: 'n3w' })).toEqual(refreshed(1));
    expect(await deliver(handler)).toEqual(refreshed(1));
    passSeconds(400 * 24 * 3600);
    await run();
    expect(await deliver(handler)).toEqual(unknown);
    expect(await deliver(handler, { secret: 'n3w' })).toEqual(refreshed(1));
  });

  test('a receiver of the ClusterConfig', async () => {
    await testbed.objects.create(clusterConfig([bitbucket('wide')]), warehouse('idle', 'main'));
    await run();
    const wide = { project: '', receiver: 'wide', secret: 'wide' };
    expect(await deliver(handler, wide)).toEqual(refreshed(2));
  });
});

describe('a push between a change and the next run', () => {
  test.each<[what: string, change: () => Promise<void>, delivery: DeliveryOptions, entering: string[]]>([
    [
      'to a new Warehouse',
      () => testbed.objects.create(warehouse('demo', 'new', { repoURL: WEB })),
      toWeb,
      ['Warehouse demo/new'],
    ],
    [
      'to a Warehouse that was changed',
      () => testbed.objects.patch(main, { spec: mainOfWeb.spec }),
      toWeb,
      ['Warehouse demo/main'],
    ],
    ['to a Warehouse that was created again', () => replaceMain(main), {}, ['Warehouse demo/main']],
  ])('%s is not lost', async (_what, change, delivery, entering) => {
    await change();
    await deliver(handler, delivery);
    await testbed.objects.takeRefreshed();
    await run();
    expect(await testbed.objects.takeRefreshed()).toEqual(entering);
    await run();
    expect(await testbed.objects.takeRefreshed()).toEqual([]);
  });

  test.each<[what: string, change: () => Promise<void>]>([
    ['another field of a Warehouse changes', () => testbed.objects.patch(main, otherInterval)],
    ['a Warehouse without Git subscriptions is created', () => testbed.objects.create(ofImage)],
    ['a project without a receiver gets a Warehouse', () => testbed.objects.create(warehouse('idle', 'new'))],
    [
      'a project is created with its receiver',
      async () => {
        await testbed.objects.create(...project('late'), warehouse('late', 'new'));
        await testbed.secrets.create('kargo/late/bitbucket', 's3cret');
      },
    ],
  ])('cannot be lost where %s, so that nothing is refreshed', async (_what, change) => {
    await change();
    await run();
    expect(await testbed.objects.takeRefreshed()).toEqual([]);
  });

  test.each<[what: string, status: object, entering: string[]]>([
    ['was discovered by Kargo', { discoveredArtifacts: { git: [] } }, ['Warehouse idle/new']],
    ['is about to be discovered', {}, []],
  ])('to the ClusterConfig is lost only where a new Warehouse %s', async (_what, status, entering) => {
    await testbed.objects.create(clusterConfig([bitbucket('wide')]));
    await run();
    await testbed.objects.takeRefreshed();
    await testbed.objects.create({ ...warehouse('idle', 'new'), status });
    await run();
    expect(await testbed.objects.takeRefreshed()).toEqual(entering);
  });

  test('is not lost where the refresh fails first, even after a cold start', async () => {
    await testbed.objects.create(warehouse('demo', 'new'));
    passSeconds(60);
    testbed.cluster.fault = ({ method, path }) =>
      method === 'PATCH' && path.endsWith('/warehouses/new')
        ? { kind: 'answer', status: 503, headers: { 'retry-after': '60' } }
        : undefined;
    await reconciler({}, lambdaContext());
    expect(await testbed.objects.takeRefreshed()).toEqual([]);
    reconciler = await coldReconciler();
    await run();
    expect(await testbed.objects.takeRefreshed()).toEqual(['Warehouse demo/new']);
  });
});

test('what is new is published and refreshed only after a wait, when every receiver knows it', async () => {
  const isOfObject = ({ path }: PassingRequest): boolean => path.startsWith('/apis/');
  const writes = (): string[] =>
    testbed.cluster.requests
      .filter((request) => request.method !== 'GET' && isOfObject(request))
      .map(({ path }) => path.split('/').slice(-3).join('/'));
  const before: string[][] = [];
  skipWaits(() => before.push(writes()));
  await testbed.objects.create(...project('late'), warehouse('demo', 'new'));
  await testbed.secrets.create('kargo/late/bitbucket', 's3cret');
  await run();
  expect(before[0]).toEqual([]);
  expect(writes()).toEqual(['projectconfigs/late/status', 'demo/warehouses/new']);
});

describe('a run reads', () => {
  const versions = 'warehouses?limit=50';

  test('no Warehouse that was not changed', async () => {
    await run();
    expect(reads()).toEqual([versions]);
    expect(testbed.cluster.requests.filter(({ method }) => method !== 'GET').map(({ path }) => path)).toEqual(
      ['/api/v1/namespaces/kargo-front-door/configmaps/index-054111dd'],
    );
  });

  test('no Warehouse after a cold start, but the index', async () => {
    reconciler = await coldReconciler();
    await run();
    expect(reads()).toEqual([versions]);
  });

  test('each Warehouse that was changed once', async () => {
    await testbed.objects.patch(main, otherInterval);
    await testbed.objects.create(warehouse('demo', 'new'), warehouse('demo', 'other'));
    await run();
    expect(reads()).toEqual([
      versions,
      'namespaces/demo/warehouses/main',
      'namespaces/demo/warehouses/new',
      'namespaces/demo/warehouses/other',
    ]);
  });

  test('all Warehouses page by page where no index can be read', async () => {
    await testbed.removeIndex();
    reconciler = await coldReconciler();
    await run();
    expect(reads()).toEqual([versions]);
    expect(testbed.cluster.requests.find(({ path }) => path.includes('/warehouses?'))?.headers.accept).toBe(
      'application/json',
    );
    expect(await testbed.objects.takeRefreshed()).toEqual([]);
  });
});
