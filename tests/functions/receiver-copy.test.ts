import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { passSeconds, stopClock } from '../support/clock.ts';
import { coldReconciler } from '../support/cold-functions.ts';
import { deliver, lambdaContext, type DeliveryOptions } from '../support/deliver.ts';
import { project, warehouse } from '../support/kargo-objects.ts';
import { startTestQueue, type TestQueue } from '../support/retry-queue.ts';
import { startTestbed, type Testbed } from '../support/testbed.ts';
import { skipWaits } from '../support/waits.ts';

const COPY = 'ops/receivers';
/** Of the receiver `bb` of `demo` in an index: the beginning of its hash. */
const KEY = '1907723f0dad3263';
const queued = { status: 202, body: { msg: 'queued: cluster API unreachable' } };
const unavailable = { status: 503, body: { error: 'temporarily unavailable' } };

let testbed: Testbed;
let retries: TestQueue;

beforeEach(async () => {
  stopClock();
  testbed = await startTestbed({
    objects: [...project('demo'), warehouse('demo', 'main')],
    secrets: { 'kargo/demo/bitbucket': 's3cret', [COPY]: 'no copy yet' },
    settings: { RECEIVERS_SECRET_ID: COPY },
  });
  retries = await startTestQueue();
});

afterEach(async () => {
  await retries.close();
  await testbed.close();
  jest.restoreAllMocks();
});

/** Returns how often a secret was read or written, by operation. */
function operations(name: string): string[] {
  return testbed.store.requests
    .filter(({ body }) => (JSON.parse(body) as { SecretId?: string }).SecretId === name)
    .map(({ operation }) => operation);
}

describe('the copy of the receivers', () => {
  test('is written when they were changed, by a cold reconciler too', async () => {
    await testbed.reconcile();
    expect(operations(COPY)).toEqual(['GetSecretValue', 'PutSecretValue']);
    testbed.store.reset();
    await testbed.reconcile();
    expect(operations(COPY)).toEqual(['GetSecretValue']);
    await testbed.secrets.rotate('kargo/demo/bitbucket', 'another');
    testbed.store.reset();
    await testbed.reconcile();
    expect(operations(COPY)).toEqual(['GetSecretValue', 'PutSecretValue']);
  });

  test('is written 40 times at once at most, and then once in half an hour', async () => {
    skipWaits();
    const reconciler = await coldReconciler();
    const run = async (): Promise<number> => {
      passSeconds(1);
      testbed.store.reset();
      await reconciler({}, lambdaContext());
      return operations(COPY).filter((operation) => operation === 'PutSecretValue').length;
    };
    let written = 0;
    for (let version = 0; version < 45; version += 1) {
      await testbed.secrets.rotate('kargo/demo/bitbucket', `version ${version}`);
      written += await run();
    }
    expect(written).toBe(40);
    passSeconds(30 * 60);
    expect(await run()).toBe(1);
    expect(await run()).toBe(0);
  });

  test('that cannot be written fails the run, and holds back no URL', async () => {
    await testbed.secrets.delete(COPY);
    await expect(testbed.reconcile()).rejects.toThrow(
      '1 failed: the copy of the receivers could not be written: secret store unavailable: ResourceNotFoundException',
    );
    const { status } = await testbed.objects.get('ProjectConfig', 'demo', 'demo');
    expect(status).toMatchObject({ webhookReceivers: [{ name: 'bb' }] });
  });
});

describe('in an environment that starts while the cluster API is down', () => {
  test('a delivery is verified and queued, and done when the API is back', async () => {
    await testbed.reconcile();
    await testbed.objects.takeRefreshed();
    await testbed.cluster.stop();
    const handler = await testbed.receiver();
    for (let index = 0; index < 2; index += 1) expect(await deliver(handler)).toEqual(queued);
    expect(operations(COPY).slice(2)).toEqual(['GetSecretValue']);
    await testbed.cluster.start();
    passSeconds(60);
    expect(await retries.redeliver()).toEqual({ received: 2, deleted: 2 });
    expect(await testbed.objects.takeRefreshed()).toEqual(['Warehouse demo/main']);
  });

  test('a delivery to a URL that is newer than what a warm environment knows is queued too', async () => {
    await testbed.reconcile();
    const warm = await testbed.receiver();
    await deliver(warm);
    await testbed.secrets.rotate('kargo/demo/bitbucket', 'another');
    passSeconds(60);
    await testbed.reconcile();
    passSeconds(60);
    await testbed.cluster.stop();
    expect(await deliver(warm, { secret: 'another' })).toEqual(queued);
    expect(await deliver(warm)).toEqual(queued);
    expect(await deliver(warm, { path: `/bitbucket/${'0'.repeat(64)}` })).toEqual(unavailable);
  });

  test.each<[what: string, delivery: DeliveryOptions, answer: object]>([
    [
      'is signed with another secret',
      { signedWith: 'forged' },
      { status: 401, body: { error: 'unauthorized' } },
    ],
    ['is unsigned', { signature: null }, { status: 401, body: { error: 'missing signature' } }],
    ['is sent to an unknown path', { path: `/bitbucket/${'0'.repeat(64)}` }, unavailable],
    ['is sent to the URL of another secret', { secret: 'another' }, unavailable],
  ])('nothing is queued that %s', async (_what, delivery, answer) => {
    await testbed.reconcile();
    await testbed.cluster.stop();
    expect(await deliver(await testbed.receiver(), delivery)).toEqual(answer);
    expect(retries.queue.receive(10)).toEqual([]);
  });

  test.each<[what: string, spoil: () => Promise<void>]>([
    ['was never written', () => testbed.secrets.rotate(COPY, 'no copy yet')],
    ['is of another format', () => testbed.secrets.rotate(COPY, packed({ format: 2, receivers: [] }))],
    ['holds something else', () => testbed.secrets.rotate(COPY, packed({ format: 1, receivers: [['x']] }))],
    [
      'was forged for another project',
      () =>
        testbed.secrets.rotate(COPY, packed({ format: 1, receivers: [[KEY, 'other', 'bb', 'bitbucket']] })),
    ],
    ['is deleted', () => testbed.secrets.delete(COPY)],
  ])('a delivery is answered 503 where the copy %s', async (_what, spoil) => {
    await testbed.reconcile();
    await spoil();
    await testbed.cluster.stop();
    expect(await deliver(await testbed.receiver())).toEqual(unavailable);
  });

  test('unknown paths cause one read of the copy in a minute', async () => {
    await testbed.reconcile();
    await testbed.cluster.stop();
    const handler = await testbed.receiver();
    testbed.store.reset();
    for (let index = 0; index < 30; index += 1) {
      await deliver(handler, { path: `/bitbucket/${String(index).padStart(64, '0')}` });
      passSeconds(3);
    }
    expect(operations(COPY)).toEqual(['GetSecretValue', 'GetSecretValue']);
  });
});

function packed(content: object): string {
  return gzipSync(JSON.stringify(content)).toString('base64');
}
