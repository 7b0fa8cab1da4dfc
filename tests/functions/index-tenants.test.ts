import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { KubernetesObject } from '../../local/fakes/kubernetes/fake-kubernetes.ts';
import { passSeconds, stopClock } from '../support/clock.ts';
import { coldReconciler, type ReconcilerHandler } from '../support/cold-functions.ts';
import { deliver, lambdaContext, type DeliveryOptions, type ReceiverHandler } from '../support/deliver.ts';
import { bitbucket, clusterConfig, namespace, project, warehouse } from '../support/kargo-objects.ts';
import { cloudPush, refsChanged } from '../support/payloads.ts';
import { startTestbed, type Testbed } from '../support/testbed.ts';

// What tenants may put into their Warehouses, through the index.

const refreshed = (count: number) => ({ status: 200, body: { msg: `refreshed ${count} warehouse(s)` } });
const wide: DeliveryOptions = { project: '', receiver: 'wide' };
const LONG_BRANCH = 'a-branch-with-a-long-name'.repeat(32);
const tagged = { commitSelectionStrategy: 'NewestTag' };

// Large objects take the fake seconds on a busy machine.
jest.setTimeout(60_000);

let testbed: Testbed;
let handler: ReceiverHandler;
let reconciler: ReconcilerHandler;

beforeEach(async () => {
  stopClock();
  testbed = await startTestbed({
    objects: [
      ...project('demo'),
      ...project('hostile'),
      namespace('kargo-system-resources'),
      clusterConfig([bitbucket('wide')]),
      warehouse('demo', 'main'),
    ],
    secrets: {
      'kargo/demo/bitbucket': 's3cret',
      'kargo/hostile/bitbucket': 's3cret',
      'kargo/kargo-system-resources/bitbucket': 's3cret',
    },
  });
  reconciler = await coldReconciler();
  handler = await testbed.receiver();
});

afterEach(() => testbed.close());

/** Creates the Warehouses, and has the reconciler index them. */
async function index(...warehouses: readonly KubernetesObject[]): Promise<void> {
  await testbed.objects.create(...warehouses);
  await reconciler({}, lambdaContext({ remainingMs: 50_000 }));
  passSeconds(1);
  testbed.cluster.reset();
}

const listed = (): string[] =>
  testbed.cluster.requests.map(({ path }) => path).filter((path) => path.includes('/warehouses?'));
const read = (): string[] =>
  testbed.cluster.requests
    .filter(({ method, path }) => method === 'GET' && path.includes('/warehouses/'))
    .map(({ path }) => path.replace(/^.*\/warehouses\//, ''));
const chunks = async (): Promise<number[]> => {
  const pieces = await testbed.objects.list('ConfigMap', 'kargo-front-door');
  return pieces.map(({ ['data']: data }) => JSON.stringify(data).length);
};

test('a Warehouse of 50,000 subscriptions, which is not evaluated, takes no room in the index', async () => {
  const many = Array.from({ length: 50_000 }, (_, of) => ({ repoURL: `https://bitbucket.org/acme/${of}` }));
  await index(warehouse('hostile', 'many', ...many));
  expect(Math.max(...(await chunks()))).toBeLessThan(2_000);
  expect(await deliver(handler, wide)).toEqual(refreshed(1));
  expect(await deliver(handler, { ...wide, payload: cloudPush('acme/7') })).toEqual(refreshed(0));
  expect(listed()).toEqual([]);
});

test('Warehouses whose patterns are too large for the index are read when they are needed', async () => {
  // A class of characters is one instruction, however long it is.
  const allowTagsRegexes = Array.from({ length: 40 }, (_, at) => `^[${'v'.repeat(480)}]${at}$`);
  const large = { ...tagged, allowTagsRegexes };
  await index(
    ...[1, 2].map((at) => warehouse('hostile', `large-${at}`, large)),
    warehouse('hostile', 'elsewhere', { ...large, repoURL: 'https://bitbucket.org/acme/web' }),
  );
  expect(Math.max(...(await chunks()))).toBeLessThan(4_000);
  expect(await deliver(handler, { ...wide, payload: cloudPush('acme/shop', 'main') })).toEqual(refreshed(1));
  expect(read()).toEqual(['large-1', 'large-2']);
  expect(await deliver(handler, { ...wide, payload: cloudPush('acme/shop', 'tag v7') })).toEqual(
    refreshed(2),
  );
  expect(listed()).toEqual([]);
});

test('a repository of many Warehouses continues in further chunks, and those of other repositories stay small', async () => {
  const crowd = Array.from({ length: 250 }, (_, at) =>
    warehouse('hostile', `crowd-${at}`, {
      repoURL: 'https://bitbucket.org/acme/crowd',
      branch: LONG_BRANCH,
    }),
  );
  await index(...crowd);
  const sizes = await chunks();
  expect(sizes.filter((size) => size > 60_000).length).toBeGreaterThan(1);
  expect(Math.max(...sizes)).toBeLessThan(150_000);
  expect(await deliver(handler, wide)).toEqual(refreshed(1));
  const pieces = testbed.cluster.requests.filter(({ path }) => path.includes('-warehouses-'));
  expect(pieces).toHaveLength(1);
  const payload = cloudPush('acme/crowd', LONG_BRANCH);
  expect(await deliver(handler, { project: 'hostile', payload })).toEqual(refreshed(250));
  expect(listed()).toEqual([]);
});

describe('a project that is too large for the index', () => {
  /** Rows of about 15 KB, each for another repository. */
  const bulky = (name: string): KubernetesObject =>
    warehouse(
      'hostile',
      name,
      ...Array.from({ length: 150 }, (_, at) => ({
        repoURL: `https://bitbucket.org/acme/${name}-${at}`,
        branch: 'x'.repeat(14_000),
      })),
    );
  const names = ['a', 'b', 'c', 'd'];
  const isolated = warehouse('hostile', 'isolated');

  test('is listed by its own receivers and those of the ClusterConfig, and no other project is', async () => {
    await index(isolated, ...names.map(bulky));
    expect(await deliver(handler)).toEqual(refreshed(1));
    expect(listed()).toEqual([]);
    expect(await deliver(handler, wide)).toEqual(refreshed(2));
    expect(new Set(listed().map((path) => path.replace(/\?.*/, '')))).toEqual(
      new Set(['/apis/kargo.akuity.io/v1alpha1/namespaces/hostile/warehouses']),
    );
    expect(await testbed.objects.takeRefreshed()).toEqual([
      'Warehouse demo/main',
      'Warehouse hostile/isolated',
    ]);
  });

  test('is in the index again once it is smaller, and is not refreshed for that', async () => {
    await index(isolated, ...names.map(bulky));
    for (const name of names) await testbed.objects.delete(bulky(name));
    await index();
    await index();
    expect(await testbed.objects.takeRefreshed()).toEqual([]);
    expect(await deliver(handler, { project: 'hostile' })).toEqual(refreshed(1));
    expect(listed()).toEqual([]);
  });
});

test('a Warehouse that subscribes to two addresses of a repository is refreshed and counted once', async () => {
  await index(
    warehouse(
      'demo',
      'both',
      { repoURL: 'https://git.acme.example/scm/shop/web.git' },
      { repoURL: 'ssh://git@git.acme.example:7999/shop/web.git', branch: 'main' },
    ),
    warehouse('demo', 'ssh', { repoURL: 'ssh://git@git.acme.example:7999/shop/web.git' }),
  );
  const delivery = { event: 'repo:refs_changed', payload: refsChanged('refs/heads/main') };
  expect(await deliver(handler, delivery)).toEqual(refreshed(2));
  expect(testbed.cluster.requests.filter(({ method }) => method === 'PATCH')).toHaveLength(2);
});

test('a subscription that cannot be read is named in the log by its place in the spec', async () => {
  const reasons: unknown[] = [];
  process.env['LOG_LEVEL'] = 'WARN';
  handler = await testbed.receiver();
  jest.spyOn(console, 'warn').mockImplementation((line: unknown) => {
    reasons.push((JSON.parse(String(line)) as { reason?: unknown }).reason);
  });
  await index(warehouse('demo', 'bad', { repoURL: 'https://x/y' }, { branch: 7 }));
  expect(await deliver(handler)).toEqual(refreshed(1));
  expect(reasons).toContain('spec.subscriptions[1].git.branch: must be a string');
});
