import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { deliver, type ReceiverHandler } from '../../support/deliver.ts';
import { project, promotion, stage, warehouse } from '../../support/kargo-objects.ts';
import { LoopbackProxy } from '../../support/loopback-proxy.ts';
import { cloudPullRequest } from '../../support/payloads.ts';
import { callApi } from '../api-client.ts';
import { RECEIVER, startClusterTestbed, type ClusterTestbed } from './cluster-testbed.ts';
import { applyRbacManifests } from './manifests.ts';
import { patchObject, pathOf, REFRESH_PATCH } from './object-patch.ts';
import { until } from './until.ts';

const PULL_REQUEST = 'https://bitbucket.org/acme/shop/pull-requests/7';
const ROLE = `/apis/rbac.authorization.k8s.io/v1/clusterroles/${RECEIVER}`;

/** The Promotions that wait for the pull request. */
const WAITING = [
  'Promotion demo/labelled',
  'Promotion demo/of-kargo-1-10',
  'Promotion demo/since-sharded',
  'Promotion demo/since-without-shard',
];

/** Message of Kargo's webhook for a user without the right to promote. */
const NOT_PERMITTED =
  'admission webhook "promotion.kargo.akuity.io" denied the request: Internal error occurred: ' +
  'Promotion.kargo.akuity.io "labelled" is forbidden: ' +
  'subject "system:serviceaccount:kargo-front-door:kargo-front-door-receiver" is not permitted to update ' +
  'Promotions for Stage "test"';

let testbed: ClusterTestbed;
let proxy: LoopbackProxy;
let handler: ReceiverHandler;

beforeAll(async () => {
  testbed = await startClusterTestbed({ secrets: { 'kargo/demo/bitbucket': 's3cret' } });
  proxy = new LoopbackProxy(testbed.cluster.url, testbed.cluster.ca);
  await proxy.start();
  const marked = (name: string, shard?: string) => {
    const { metadata, ...object } = promotion('demo', name, PULL_REQUEST);
    const labels = { 'kargo.akuity.io/stage': 'test', ...(shard && { 'kargo.akuity.io/shard': shard }) };
    const annotations = { 'kargo.akuity.io/stage': 'test' };
    return { ...object, metadata: { ...metadata, labels, annotations } };
  };
  await testbed.objects.create(
    ...project('demo'),
    warehouse('demo', 'bare'),
    warehouse('demo', 'defaulted', {
      branch: 'main',
      commitSelectionStrategy: 'NewestFromBranch',
      strictSemvers: true,
      discoveryLimit: 20,
    }),
    stage('demo', 'test'),
    stage('demo', 'sharded', 'east'),
    marked('labelled'),
    promotion('demo', 'of-kargo-1-10', PULL_REQUEST),
    promotion('demo', 'since-sharded', PULL_REQUEST, { spec: { stage: 'sharded' } }),
    marked('since-without-shard', 'west'),
  );
  handler = await testbed.receiver(proxy.url);
});

beforeEach(() => {
  proxy.reset();
  jest.spyOn(console, 'error').mockImplementation(() => undefined);
});

afterEach(() => void jest.restoreAllMocks());

afterAll(async () => {
  await proxy.stop();
  await testbed.close();
});

const push = () => deliver(handler);
const closePullRequest = () =>
  deliver(handler, { event: 'pullrequest:fulfilled', payload: cloudPullRequest() });

/** Counts the receiver's patches of the object with this name. */
const attemptsAt = (name: string): number =>
  proxy.requests.filter(({ method, path }) => method === 'PATCH' && path.endsWith(`/${name}`)).length;

describe("where Kargo's admission webhooks are registered", () => {
  test('a push refreshes Warehouses with and without defaulted fields', async () => {
    expect(await push()).toEqual({ status: 200, body: { msg: 'refreshed 2 warehouse(s)' } });
    expect(await testbed.objects.takeRefreshed()).toEqual([
      'Warehouse demo/bare',
      'Warehouse demo/defaulted',
    ]);
  });

  test('a closed pull request refreshes every Promotion, whatever the webhooks add to it', async () => {
    expect(await closePullRequest()).toEqual({ status: 200, body: { msg: 'refreshed 4 promotion(s)' } });
    expect(await testbed.objects.takeRefreshed()).toEqual(WAITING);
  });
});

describe('an object that the cluster refuses', () => {
  const invalid = warehouse('demo', 'invalid', { branch: 'main', discoveryLimit: 500 });
  const orphan = promotion('demo', 'orphan', PULL_REQUEST, { spec: { stage: 'gone' } });

  beforeAll(() => testbed.objects.create(invalid, orphan));

  afterAll(async () => {
    await testbed.objects.delete(invalid);
    await testbed.objects.delete(orphan);
  });

  test('is a Warehouse whose stored spec is invalid by now; the others are refreshed', async () => {
    expect(await push()).toEqual({
      status: 200,
      body: { msg: 'refreshed 2 warehouse(s), 1 refused by the cluster' },
    });
    expect(attemptsAt('invalid')).toBe(1);
    expect(await testbed.objects.takeRefreshed()).toEqual([
      'Warehouse demo/bare',
      'Warehouse demo/defaulted',
    ]);
  });

  test('is a Promotion whose Stage is gone; the others are refreshed', async () => {
    expect(await closePullRequest()).toEqual({
      status: 200,
      body: { msg: 'refreshed 4 promotion(s), 1 refused by the cluster' },
    });
    expect(attemptsAt('orphan')).toBe(1);
    expect(await testbed.objects.takeRefreshed()).toEqual(WAITING);
  });
});

describe('without the right to promote', () => {
  const path = pathOf('promotions', 'demo', 'labelled');
  const refresh = () =>
    patchObject(testbed.as(testbed.tokens[RECEIVER]), `${path}?dryRun=All`, REFRESH_PATCH);

  beforeAll(async () => {
    const { body } = await callApi(testbed.as(), { path: ROLE });
    const { rules } = body as unknown as { rules: { verbs: string[] }[] };
    const others = rules.filter(({ verbs }) => !verbs.includes('promote'));
    await patchObject(testbed.as(), ROLE, { rules: others });
    await until(async () => (await refresh()).code !== 200);
  });

  test("Kargo's webhook denies the refresh of a Promotion with HTTP 500", async () => {
    expect(await refresh()).toMatchObject({
      code: 500,
      body: { reason: 'InternalError', message: NOT_PERMITTED },
    });
  });

  test('every Promotion is refused, after one attempt each', async () => {
    expect(await closePullRequest()).toEqual({
      status: 200,
      body: { msg: 'refreshed 0 promotion(s), 4 refused by the cluster' },
    });
    expect(attemptsAt('labelled')).toBe(1);
    expect(await testbed.objects.takeRefreshed()).toEqual([]);
  });

  test('a push still refreshes Warehouses', async () => {
    expect(await push()).toEqual({ status: 200, body: { msg: 'refreshed 2 warehouse(s)' } });
    await testbed.objects.takeRefreshed();
  });

  test('Promotions are refreshed again after the right is restored', async () => {
    await applyRbacManifests(testbed.cluster.kubeconfig);
    await until(async () => (await refresh()).code === 200);
    expect(await closePullRequest()).toEqual({ status: 200, body: { msg: 'refreshed 4 promotion(s)' } });
  });
});
