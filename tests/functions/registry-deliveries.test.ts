import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { passSeconds, stopClock } from '../support/clock.ts';
import { deliver, type DeliveryOptions, type ReceiverHandler } from '../support/deliver.ts';
import { bitbucket, clusterConfig, namespace, project, warehouse } from '../support/kargo-objects.ts';
import { cloudPullRequest, cloudPush, refsChanged } from '../support/payloads.ts';
import { manyPackages, startRegistryTestbed, type RegistryTestbed } from '../support/registry-testbed.ts';
import { skipWaits } from '../support/waits.ts';

const PATH = '/api/webhooks/bitbucket';
const SHOP = ['acme/shop', 'acme/shop-relative', 'acme/shop-suite as monorepo'];
const WEB = ['acme/web', 'acme/web-http'];
const CAPTURED = join(import.meta.dirname, '../../../shared/payloads');

const synced = (count: number) => ({ status: 200, body: { msg: `synced ${count} package(s)` } });
const dataCenter = (...refs: string[]): DeliveryOptions => ({
  event: 'repo:refs_changed',
  payload: refsChanged(...refs),
});

let testbed: RegistryTestbed;
let handler: ReceiverHandler;

const send = (delivery: DeliveryOptions = {}) =>
  deliver(handler, { path: PATH, signature: null, ...delivery });

describe('a registry of 45 packages, two on a page', () => {
  beforeAll(async () => {
    stopClock();
    skipWaits();
    testbed = await startRegistryTestbed({ registry: { packages: manyPackages(), maxPerPage: 2 } });
    handler = await testbed.receiver();
  });

  beforeEach(() => void testbed.takeSyncs());

  afterAll(() => testbed.close());

  test.each<[what: string, delivery: DeliveryOptions, packages: string[]]>([
    ['a push of Cloud', {}, SHOP],
    ['a tag of Cloud', { payload: cloudPush('acme/shop', 'tag v1.0.0') }, SHOP],
    ['a deleted branch of Cloud', { payload: cloudPush('acme/shop', 'deleted main') }, SHOP],
    ['a push of Data Center', dataCenter('refs/heads/main'), WEB],
    [
      'a deleted tag of Data Center',
      {
        event: 'repo:refs_changed',
        payload: {
          ...refsChanged(),
          changes: [{ ref: { id: 'refs/tags/v1' }, type: 'DELETE', toHash: '0'.repeat(40) }],
        },
      },
      WEB,
    ],
    ['a push to a repository with no package', { payload: cloudPush('acme/blog') }, []],
    ['a push to a repository of the same name elsewhere', { payload: cloudPush('other/shop') }, []],
    ['a delivery below the base path', { path: `/kargo${PATH}` }, SHOP],
    ['a delivery in base64', { base64: true }, SHOP],
  ])('%s syncs its packages, once each', async (_what, delivery, packages) => {
    expect(await send(delivery)).toEqual(synced(packages.length));
    expect(testbed.takeSyncs()).toEqual(packages);
  });

  test('the list is read to its end once, and then cached', async () => {
    const cold = await testbed.receiver();
    await deliver(cold, { path: PATH, signature: null, payload: cloudPush('acme/blog') });
    expect(testbed.registry.requests.toSorted()).toEqual(
      Array.from(
        { length: 23 },
        (_, page) => `GET /api/v1/packages?page=${page + 1}&per_page=100`,
      ).toSorted(),
    );
    testbed.takeSyncs();
    passSeconds(29);
    await deliver(cold, { path: PATH, signature: null, payload: cloudPush('acme/blog') });
    expect(testbed.registry.requests).toEqual([]);
  });

  test("no request goes to the cluster or to the receivers' secrets", async () => {
    testbed.cluster.requests.length = 0;
    testbed.store.requests.length = 0;
    await send();
    expect(testbed.cluster.requests).toEqual([]);
    expect(testbed.store.requests).toEqual([]);
  });

  const huge = JSON.stringify(cloudPush()).padEnd(2_097_153, ' ');
  test.each<[what: string, delivery: DeliveryOptions, status: number, body: object]>([
    ['too large a body', { body: huge }, 413, { error: 'content exceeds limit of 2097152 bytes' }],
    ['the connection test', { event: 'diagnostics:ping', body: '' }, 200, { msg: 'pong' }],
    ['no event key', { event: null }, 400, { error: 'missing event key' }],
    ['another event', { event: 'repo:fork', body: '{' }, 200, { msg: 'ignored: event type repo:fork' }],
    [
      'a pull request',
      { event: 'pullrequest:fulfilled', payload: cloudPullRequest() },
      200,
      { msg: 'ignored: event type pullrequest:fulfilled' },
    ],
    ['no JSON', { body: '{' }, 400, { error: 'invalid request body' }],
    ['a missing field', { body: '{}' }, 400, { error: 'invalid request body', detail: 'push is missing' }],
  ])('%s syncs nothing', async (_what, delivery, status, body) => {
    expect(await send(delivery)).toEqual({ status, body });
    expect(testbed.registry.requests).toEqual([]);
  });
});

(existsSync(CAPTURED) ? describe : describe.skip)('captured deliveries', () => {
  const captured = (file: string): { repository: { full_name: string } } =>
    JSON.parse(readFileSync(join(CAPTURED, file), 'utf8')) as never;
  const CLOUD = [
    'annotated-tag-created',
    'branch-created',
    'branch-deleted',
    'forced-truncated',
    'multiple-changes',
  ].map((name) => ['repo:push', `cloud/repo-push.${name}.json`] as const);
  const DATA_CENTER = ['branch-added', 'branch-deleted', 'personal-repository', 'tag-created'].map(
    (name) => ['repo:refs_changed', `data-center/repo-refs-changed.${name}.json`] as const,
  );

  afterEach(() => testbed.close());

  test.each([...CLOUD, ...DATA_CENTER])(
    '%s in %s syncs the packages of its repository alone',
    async (event, file) => {
      const payload = captured(file);
      const packages = addressesIn(payload).map((repository_url, index) => ({
        name: `captured/package-${index}`,
        repository_url,
        type: 'bitbucket',
      }));
      expect(packages.length).toBeGreaterThan(0);
      testbed = await startRegistryTestbed({
        registry: { packages: [...manyPackages(), ...packages], maxPerPage: 2 },
      });
      handler = await testbed.receiver();
      expect(await send({ event, payload })).toEqual(synced(packages.length));
      expect(testbed.takeSyncs()).toEqual(packages.map(({ name }) => name));
    },
  );
});

/** Returns the clone addresses of a payload's repository, as a package would name them. */
function addressesIn(payload: unknown): string[] {
  const { repository } = payload as {
    repository: {
      full_name?: string;
      links?: { clone?: { href: string }[] };
    };
  };
  if (repository.full_name !== undefined)
    return [
      `https://bitbucket.org/${repository.full_name}.git`,
      `git@bitbucket.org:${repository.full_name}.git`,
      repository.full_name,
    ];
  return (repository.links?.clone ?? []).map(({ href }) => href);
}

describe("with Kargo's receivers", () => {
  beforeAll(async () => {
    stopClock();
    skipWaits();
    testbed = await startRegistryTestbed({
      objects: [
        ...project('demo'),
        warehouse('demo', 'main'),
        namespace('kargo-system-resources'),
        clusterConfig([bitbucket('all', 'shared')]),
      ],
      secrets: { 'kargo/demo/bitbucket': 's3cret', 'kargo/kargo-system-resources/shared': 'sh4red' },
    });
    handler = await testbed.receiver();
  });

  beforeEach(() => void testbed.takeSyncs());

  afterAll(() => testbed.close());

  const toCluster: DeliveryOptions = { project: '', receiver: 'all', secret: 'sh4red' };

  test.each<[what: string, delivery: DeliveryOptions, msg: string, packages: string[]]>([
    ['the ClusterConfig', toCluster, 'refreshed 1 warehouse(s), synced 1 package(s)', ['acme/shop']],
    ['a project', {}, 'refreshed 1 warehouse(s)', []],
    [
      'the ClusterConfig, of a repository with no package',
      { ...toCluster, payload: cloudPush('acme/blog') },
      'refreshed 0 warehouse(s)',
      [],
    ],
    [
      'the ClusterConfig, of a deleted tag',
      { ...toCluster, payload: cloudPush('acme/shop', 'deleted v1') },
      'refreshed 0 warehouse(s), synced 1 package(s)',
      ['acme/shop'],
    ],
    [
      'the ClusterConfig, of a pull request',
      { ...toCluster, event: 'pullrequest:fulfilled', payload: cloudPullRequest() },
      'refreshed 0 promotion(s)',
      [],
    ],
  ])('a delivery to a receiver of %s is answered %s', async (_what, delivery, msg, packages) => {
    expect(await deliver(handler, delivery)).toEqual({ status: 200, body: { msg } });
    expect(testbed.takeSyncs()).toEqual(packages);
  });

  test("a delivery to the registry's path refreshes nothing", async () => {
    await testbed.objects.takeRefreshed();
    expect(await send()).toEqual(synced(1));
    expect(await testbed.objects.takeRefreshed()).toEqual([]);
  });

  test('a registry that is unavailable does not prevent the refresh', async () => {
    await testbed.objects.takeRefreshed();
    await testbed.registryProxy.stop();
    passSeconds(31);
    expect(await deliver(handler, toCluster)).toEqual({
      status: 503,
      body: { error: 'package registry unreachable' },
    });
    expect(await testbed.objects.takeRefreshed()).toEqual(['Warehouse demo/main']);
    await testbed.registryProxy.start();
  });
});

describe('without a cluster', () => {
  beforeAll(async () => {
    testbed = await startRegistryTestbed({ hasCluster: false });
    handler = await testbed.receiver();
  });

  afterAll(() => testbed.close());

  test('pushes are served', async () => {
    expect(await send()).toEqual(synced(1));
  });

  test('the path of a receiver is unknown', async () => {
    expect(await deliver(handler)).toEqual({ status: 404, body: {} });
    expect(testbed.cluster.requests).toEqual([]);
  });
});
