import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { coldReceiver, coldRedelivery } from '../../support/cold-functions.ts';
import { passSeconds, stopClock } from '../../support/clock.ts';
import { deliver } from '../../support/deliver.ts';
import { project, promotion, stage, warehouse } from '../../support/kargo-objects.ts';
import { cloudPullRequest } from '../../support/payloads.ts';
import { startTestQueue, type TestQueue } from '../../support/retry-queue.ts';
import { callApi, type ApiAnswer, type ApiRequest } from '../api-client.ts';
import { startEksAuthenticator, type EksAuthenticator } from './eks-authenticator.ts';
import { startClusterTestbed, type ClusterTestbed } from './cluster-testbed.ts';
import { annotate, NOW, pathOf, REFRESH_PATCH } from './object-patch.ts';
import { until } from './until.ts';

/** Affected by one push. */
const MANY = 1_000;

/** For the test that creates and refreshes so many on a busy machine. */
const MANY_TIMEOUT_MS = 120_000;

let authenticator: EksAuthenticator;
let testbed: ClusterTestbed;
let retries: TestQueue;

beforeAll(async () => {
  jest.spyOn(console, 'warn').mockImplementation(() => undefined);
  authenticator = await startEksAuthenticator({
    AKIARECEIVER: 'kargo-front-door:receiver',
    AKIAREDELIVERY: 'kargo-front-door:redelivery',
  });
  testbed = await startClusterTestbed({
    secrets: { 'kargo/demo/bitbucket': 's3cret', 'kargo/large/bitbucket': 's3cret' },
    apiServerFlags: authenticator.apiServerFlags,
  });
  await testbed.objects.create(
    ...project('demo'),
    stage('demo', 'test'),
    warehouse('demo', 'main'),
    promotion('demo', 'waits', 'https://bitbucket.org/acme/shop/pull-requests/7'),
    ...project('large'),
  );
});

beforeEach(async () => {
  stopClock();
  jest.spyOn(console, 'error').mockImplementation(() => undefined);
  retries = await startTestQueue();
});

afterEach(async () => {
  await retries.close();
  jest.restoreAllMocks();
});

afterAll(async () => {
  await testbed.close();
  await authenticator.close();
});

/** Sets the environment of a function on AWS that has the role with this access key. */
function onEks(accessKeyId: string): void {
  delete process.env['KUBECONFIG'];
  Object.assign(process.env, {
    EKS_CLUSTER_NAME: 'platform',
    EKS_CLUSTER_ENDPOINT: testbed.cluster.url,
    EKS_CLUSTER_CA: Buffer.from(testbed.cluster.ca).toString('base64'),
    AWS_ACCESS_KEY_ID: accessKeyId,
  });
}

/** Redelivers until the queue is empty. Returns the number of batches. */
async function redeliverAll(): Promise<number> {
  onEks('AKIAREDELIVERY');
  const handler = await coldRedelivery();
  for (let batches = 0; ; batches += 1) {
    const { visible, inFlight, delayed } = retries.queue.count();
    if (visible + inFlight + delayed === 0) return batches;
    await retries.redeliver(handler);
    passSeconds(300);
  }
}

/** Sends a request as a member of the redelivery's group. */
const asRedelivery = (request: ApiRequest): Promise<ApiAnswer> =>
  callApi(testbed.as(), {
    ...request,
    headers: { 'impersonate-user': 'someone', 'impersonate-group': 'kargo-front-door:redelivery' },
  });

describe("the redelivery's group", () => {
  const path = pathOf('warehouses', 'demo', 'main');
  const patch = (body: object, query = ''): Promise<ApiAnswer> =>
    asRedelivery({
      method: 'PATCH',
      path: `${path}${query}`,
      body,
      contentType: 'application/merge-patch+json',
    });

  test('may refresh, and change nothing else: the admission policy of the receiver holds for it', async () => {
    // A policy that was just created is not enforced at once. A probe that it lets through must leave nothing: the same value
    // a second time is no change, which the policy accepts.
    await until(async () => (await patch(annotate({ probe: NOW }), '?dryRun=All')).code === 422);
    expect(await patch(REFRESH_PATCH)).toMatchObject({ code: 200 });
    expect(await patch({ spec: { shard: 'x' } })).toMatchObject({ code: 422 });
    await testbed.objects.takeRefreshed();
  });

  test.each<[what: string, request: ApiRequest]>([
    ['read a Secret', { path: '/api/v1/namespaces/demo/secrets/bitbucket' }],
    ['delete', { method: 'DELETE', path }],
    ['list all kinds', { path: '/apis/kargo.akuity.io/v1alpha1/stages' }],
  ])('may not %s', async (_what, request) => {
    expect(await asRedelivery(request)).toMatchObject({ code: 403 });
  });
});

test('deliveries to a cluster that is down are queued, and done with the rights of infra/rbac when it is back', async () => {
  onEks('AKIARECEIVER');
  const handler = await coldReceiver();
  const closed = { event: 'pullrequest:fulfilled', payload: cloudPullRequest() };
  await deliver(handler);
  await testbed.objects.takeRefreshed();
  await testbed.cluster.killApi();
  for (const delivery of [{}, closed])
    expect(await deliver(handler, delivery)).toEqual({
      status: 202,
      body: { msg: 'queued: cluster API unreachable' },
    });
  onEks('AKIAREDELIVERY');
  expect(await retries.redeliver(await coldRedelivery())).toEqual({ received: 2, deleted: 0 });
  await testbed.cluster.startApi();
  passSeconds(300);
  await redeliverAll();
  await until(async () => {
    const refreshed = await testbed.objects.takeRefreshed();
    return refreshed.length === 2;
  });
});

test(
  `a push that affects ${MANY} Warehouses is answered in time, and all of them are refreshed`,
  async () => {
    const names = Array.from({ length: MANY }, (_none, index) => `w${String(index).padStart(4, '0')}`);
    for (let start = 0; start < MANY; start += 50)
      await Promise.all(
        names.slice(start, start + 50).map((name) => testbed.objects.create(warehouse('large', name))),
      );
    onEks('AKIARECEIVER');
    const handler = await coldReceiver();
    // Less than it needs, so that something is left.
    const { status, body } = await deliver(handler, { project: 'large', remainingMs: 3_500 });
    expect({ status, body }).toMatchObject({
      status: 202,
      body: { msg: expect.stringMatching(/^queued: /) },
    });
    await redeliverAll();
    const refreshed = await testbed.objects.takeRefreshed(['Warehouse']);
    expect(refreshed).toEqual(names.map((name) => `Warehouse large/${name}`));
  },
  MANY_TIMEOUT_MS,
);
