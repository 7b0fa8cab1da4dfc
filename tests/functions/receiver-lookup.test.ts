import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { passSeconds, stopClock } from '../support/clock.ts';
import { deliver, receiverPath, type DeliveryOptions, type ReceiverHandler } from '../support/deliver.ts';
import {
  bitbucket,
  clusterConfig,
  namespace,
  project,
  projectConfig,
  warehouse,
} from '../support/kargo-objects.ts';
import { startTestbed, type Testbed } from '../support/testbed.ts';

const refreshing = (count: number) => ({ status: 200, body: { msg: `refreshed ${count} warehouse(s)` } });
const refreshed = refreshing(1);
const unknown = { status: 404, body: {} };
const unauthorized = { status: 401, body: { error: 'unauthorized' } };
const unknownPath = (index = 0) => ({ path: `/bitbucket/${String(index).padStart(64, '0')}` });
const demoConfig = projectConfig('demo', []);
const wide = { project: '', receiver: 'wide', secret: 'wide' };
const others = { project: 'other', secret: 'others' };

let testbed: Testbed;
let handler: ReceiverHandler;

beforeEach(async () => {
  stopClock();
  testbed = await startTestbed({
    objects: [
      ...project('demo'),
      ...project('other', [bitbucket('bb', 'own')]),
      warehouse('demo', 'main'),
      warehouse('other', 'main'),
      namespace('kargo-system-resources'),
    ],
    secrets: {
      'kargo/demo/bitbucket': 's3cret',
      'kargo/demo/second': 'another',
      'kargo/other/own': '{"secret":"others"}',
      'kargo/kargo-system-resources/workspace': 'wide',
    },
  });
  handler = await testbed.receiver();
});

afterEach(() => testbed.close());

/** Sends deliveries sequentially, as one Lambda environment receives them, and returns the answers. */
async function all(deliveries: DeliveryOptions[]): Promise<unknown[]> {
  const answers: unknown[] = [];
  for (const delivery of deliveries) answers.push(await deliver(handler, delivery));
  return answers;
}
/** Replaces the receivers of the project. */
const declare = (...webhookReceivers: object[]): Promise<void> =>
  testbed.objects.patch(demoConfig, { spec: { webhookReceivers } });
const createLate = async (): Promise<void> => {
  await testbed.objects.create(...project('late'), warehouse('late', 'main'));
  await testbed.secrets.create('kargo/late/bitbucket', 's3cret');
};
const denyOthersSecret = (): void => {
  testbed.store.fault = ({ body, operation }) =>
    operation === 'GetSecretValue' && body.includes('kargo/other/own')
      ? { kind: 'answer', status: 400, body: { __type: 'AccessDeniedException' } }
      : undefined;
};
const lists = (): number =>
  testbed.cluster.requests.filter(({ path }) => path.includes('/projectconfigs?')).length;
const batchReads = (): number =>
  testbed.store.requests.filter(({ operation }) => operation === 'BatchGetSecretValue').length;
const currentReads = (): number =>
  testbed.store.requests.filter(({ body }) => body.includes('"AWSCURRENT"')).length;

test('a project refreshes its own Warehouses only', async () => {
  expect(await deliver(handler)).toEqual(refreshed);
  expect(await testbed.objects.takeRefreshed()).toEqual(['Warehouse demo/main']);
  expect(await deliver(handler, others)).toEqual(refreshed);
  expect(await testbed.objects.takeRefreshed()).toEqual(['Warehouse other/main']);
});

test('a receiver of the ClusterConfig refreshes the Warehouses of every project', async () => {
  await testbed.objects.create(clusterConfig([bitbucket('wide', 'workspace')]));
  expect(await deliver(handler, wide)).toEqual(refreshing(2));
  expect(await testbed.objects.takeRefreshed()).toEqual(['Warehouse demo/main', 'Warehouse other/main']);
});

test('configs that Kargo ignores declare no receivers', async () => {
  const ignored = [projectConfig('demo', [bitbucket('cc')]), clusterConfig([bitbucket('wide', 'workspace')])];
  for (const { metadata } of ignored) metadata.name = 'misnamed';
  await testbed.objects.create(...ignored);
  expect(await deliver(handler, { receiver: 'cc' })).toEqual(unknown);
  passSeconds(3);
  expect(await deliver(handler, wide)).toEqual(unknown);
});

describe('unknown paths', () => {
  const paths = Array.from({ length: 20 }, (_, index) => unknownPath(index));

  test('cause at most one lookup in the minimum interval', async () => {
    await deliver(handler);
    passSeconds(3);
    testbed.cluster.reset();
    testbed.store.reset();
    expect(await all([...paths, ...paths])).toEqual([...paths, ...paths].map(() => unknown));
    expect([lists(), batchReads()]).toEqual([1, 1]);
    passSeconds(3);
    expect(await all(paths)).toEqual(paths.map(() => unknown));
    expect([lists(), batchReads()]).toEqual([2, 2]);
    expect(await deliver(handler)).toEqual(refreshed);
    expect([lists(), batchReads()]).toEqual([2, 2]);
  });

  test('cause no request where they have another form', async () => {
    expect(await all([{ path: '/' }, { path: '/bitbucket/abc' }])).toEqual([unknown, unknown]);
    expect(testbed.cluster.requests).toEqual([]);
  });

  test('are found after their receiver is created', async () => {
    const path = receiverPath('demo', 'late', 'another');
    expect(await deliver(handler, { path, secret: 'another' })).toEqual(unknown);
    await declare(bitbucket('bb'), bitbucket('late', 'second'));
    passSeconds(3);
    expect(await deliver(handler, { path, secret: 'another' })).toEqual(refreshed);
  });

  test('are 404 within the interval, without a lookup, and found after it', async () => {
    expect(await deliver(handler, unknownPath())).toEqual(unknown);
    await createLate();
    testbed.cluster.reset();
    expect(await deliver(handler, { project: 'late' })).toEqual(unknown);
    expect(lists()).toBe(0);
    passSeconds(2);
    expect(await deliver(handler, { project: 'late' })).toEqual(refreshed);
  });

  test('are found half a second after a listing, once a status shows their URL', async () => {
    expect(await deliver(handler, unknownPath())).toEqual(unknown);
    await createLate();
    await testbed.reconcile();
    passSeconds(0.5);
    expect(await deliver(handler, { project: 'late' })).toEqual(refreshed);
  });

  test('are 404 while the secret of a receiver cannot be read', async () => {
    denyOthersSecret();
    expect(await deliver(handler, unknownPath())).toEqual(unknown);
  });
});

describe('the status list', () => {
  const path = receiverPath();
  const webhookReceivers = [{ name: 'bb', path, url: `https://hooks.example.com${path}` }];
  const claim = () => testbed.objects.patchStatus(projectConfig('other', []), { webhookReceivers });

  test('is not needed: deliveries succeed before it is written and after it was blanked', async () => {
    expect(await deliver(handler)).toEqual(refreshed);
    await testbed.reconcile();
    passSeconds(10);
    expect(await deliver(handler)).toEqual(refreshed);
    await testbed.objects.patchStatus(demoConfig, { webhookReceivers: null });
    passSeconds(30);
    expect(await deliver(handler)).toEqual(refreshed);
    expect(await deliver(await testbed.receiver())).toEqual(refreshed);
  });

  test('of another project cannot claim a receiver', async () => {
    await claim();
    expect(await deliver(handler)).toEqual(refreshed);
    expect(await deliver(handler, { path, signedWith: 'others' })).toEqual(unauthorized);
    expect(await testbed.objects.takeRefreshed()).toEqual(['Warehouse demo/main']);
  });

  test('of another project cannot hide a receiver, even while the secret of its claim cannot be read', async () => {
    await claim();
    denyOthersSecret();
    expect(await deliver(handler)).toEqual(refreshed);
  });

  test('saves a lookup through all receivers', async () => {
    await testbed.reconcile();
    await testbed.removeIndex();
    testbed.store.reset();
    testbed.cluster.reset();
    expect(await deliver(handler)).toEqual(refreshed);
    expect([currentReads(), lists()]).toEqual([1, 1]);
  });
});

describe('a receiver rejects deliveries after', () => {
  test.each<[what: string, change: () => Promise<void>, seconds: number]>([
    ['the receiver was deleted', () => declare(), 10],
    ['the project was deleted', () => testbed.objects.delete(namespace('demo')), 10],
    ['the secret was deleted', () => testbed.secrets.delete('kargo/demo/bitbucket'), 30],
  ])('%s', async (_what, change, seconds) => {
    expect(await deliver(handler)).toEqual(refreshed);
    await change();
    passSeconds(seconds);
    expect(await deliver(handler)).toEqual(unknown);
    expect(await deliver(handler, others)).toEqual(refreshed);
  });

  test('its secretRef was changed, if they are signed with the secret before', async () => {
    expect(await deliver(handler)).toEqual(refreshed);
    await declare(bitbucket('bb', 'second'));
    passSeconds(10);
    expect(await deliver(handler)).toEqual(unknown);
    passSeconds(3);
    expect(await deliver(handler, { secret: 'another' })).toEqual(refreshed);
  });

  test('the secret was emptied, even if they are signed with the empty secret', async () => {
    await testbed.secrets.rotate('kargo/other/own', '{"secret":""}');
    expect(await deliver(handler, { project: 'other', secret: '' })).toEqual(unknown);
    passSeconds(3);
    const path = receiverPath('other', 'bb', 'others');
    expect(await deliver(handler, { path, signedWith: '' })).toEqual(unauthorized);
  });
});

describe('a signature that does not verify', () => {
  test('causes one refetch of the secret in the minimum interval', async () => {
    await deliver(handler);
    testbed.store.reset();
    const forged = Array.from({ length: 10 }, () => ({ signedWith: 'forged' }));
    const readsForAll = async (): Promise<number> => {
      expect(await all(forged)).toEqual(forged.map(() => unauthorized));
      return currentReads();
    };
    expect([await readsForAll(), await readsForAll()]).toEqual([1, 1]);
    passSeconds(3);
    expect(await readsForAll()).toBe(2);
    expect(await testbed.objects.takeRefreshed()).toEqual(['Warehouse demo/main']);
  });

  test('verifies where the secret has been replaced since it was cached', async () => {
    expect(await deliver(handler)).toEqual(refreshed);
    await testbed.secrets.rotate('kargo/demo/bitbucket', 'n3w');
    expect(await deliver(handler, { signedWith: 'n3w' })).toEqual(refreshed);
    expect(await deliver(handler)).toEqual(refreshed);
  });

  test('of one secret does not use up the refetch of another', async () => {
    await testbed.reconcile();
    await all([{}, others]);
    testbed.store.reset();
    const forged = [{ signedWith: 'x' }, { ...others, signedWith: 'x' }];
    expect(await all(forged)).toEqual([unauthorized, unauthorized]);
    expect(currentReads()).toBe(2);
  });
});
