import { rootCertificates } from 'node:tls';
import { afterAll, afterEach, beforeAll, beforeEach, expect, jest, test } from '@jest/globals';
import { passSeconds, stopClock } from '../../support/clock.ts';
import { coldReceiver, coldReconciler } from '../../support/cold-functions.ts';
import { deliver, lambdaContext } from '../../support/deliver.ts';
import { project, warehouse } from '../../support/kargo-objects.ts';
import { cloudPullRequest } from '../../support/payloads.ts';
import { startEksAuthenticator, type EksAuthenticator } from './eks-authenticator.ts';
import { startClusterTestbed, type ClusterTestbed } from './cluster-testbed.ts';

const refreshed = { status: 200, body: { msg: 'refreshed 1 warehouse(s)' } };
const unavailable = { status: 503, body: { error: 'temporarily unavailable' } };

let authenticator: EksAuthenticator;
let testbed: ClusterTestbed;

beforeAll(async () => {
  authenticator = await startEksAuthenticator({
    AKIARECEIVER: 'kargo-front-door:receiver',
    AKIARECONCILER: 'kargo-front-door:reconciler',
  });
  testbed = await startClusterTestbed({
    secrets: { 'kargo/demo/bitbucket': 's3cret' },
    apiServerFlags: authenticator.apiServerFlags,
  });
  await testbed.objects.create(...project('demo'), warehouse('demo', 'main'));
});

beforeEach(() => {
  authenticator.seen.length = 0;
  jest.spyOn(console, 'error').mockImplementation(() => undefined);
});

afterEach(() => void jest.restoreAllMocks());

afterAll(async () => {
  await testbed.close();
  await authenticator.close();
});

/** Sets the environment of a function on AWS that has the role with this access key. */
function onEks(accessKeyId: string, ca = testbed.cluster.ca): void {
  delete process.env['KUBECONFIG'];
  Object.assign(process.env, {
    EKS_CLUSTER_NAME: 'platform',
    EKS_CLUSTER_ENDPOINT: testbed.cluster.url,
    EKS_CLUSTER_CA: Buffer.from(ca).toString('base64'),
    AWS_ACCESS_KEY_ID: accessKeyId,
  });
}

const run = async (): Promise<unknown> => (await coldReconciler())({}, lambdaContext());

/** Returns the logged errors of failed deliveries. */
const reasons = (): unknown[] =>
  jest
    .mocked(console.error)
    .mock.calls.map(([line]) => (JSON.parse(String(line)) as { error: { message: string } }).error.message);

test("the group of each role's access entry has the rights of infra/rbac", async () => {
  onEks('AKIARECEIVER');
  expect(await deliver(await coldReceiver())).toEqual(refreshed);
  onEks('AKIARECONCILER');
  expect(await run()).toEqual({ configs: 1, written: 1, failures: [] });
});

test('a role has only the rights of its own function', async () => {
  onEks('AKIARECONCILER');
  // The reconciler may refresh Warehouses that enter the index, and no Promotion.
  const closed = { event: 'pullrequest:fulfilled', payload: cloudPullRequest() };
  expect(await deliver(await coldReceiver(), closed)).toEqual({
    status: 503,
    body: { error: 'cluster API forbids the request' },
  });
  onEks('AKIARECEIVER');
  await testbed.objects.patchStatus(project('demo')[1]!, { webhookReceivers: [] });
  await expect(run()).rejects.toThrow('its status could not be written');
});

test('a role without an access entry is rejected with a reason', async () => {
  onEks('AKIASTRANGER');
  expect(await deliver(await coldReceiver())).toEqual(unavailable);
  expect(reasons()).toEqual(['cluster API rejected the credentials: HTTP 401: Unauthorized']);
  await expect(run()).rejects.toThrow('cluster API rejected the credentials');
});

test('no token is sent to a cluster with a certificate of another CA', async () => {
  onEks('AKIARECEIVER', rootCertificates[0]);
  expect(await deliver(await coldReceiver())).toEqual(unavailable);
  expect(reasons()).toEqual([
    expect.stringMatching(/^cluster API unreachable: (self-signed|unable to) .*certificate/),
  ]);
  await expect(run()).rejects.toThrow(/^cluster API unreachable: .*certificate/);
  expect(authenticator.seen).toEqual([]);
});

test('a token is renewed two minutes before it expires, without a rejected request', async () => {
  stopClock('2026-05-04T10:00:00Z');
  onEks('AKIARECEIVER');
  const handler = await coldReceiver();
  for (const seconds of [0, 779, 1, 121, 1200]) {
    passSeconds(seconds);
    expect(await deliver(handler)).toEqual(refreshed);
  }
  const signedAt = authenticator.seen.map((token) => token.signedAt.toISOString());
  expect(new Set(signedAt)).toEqual(
    new Set(['2026-05-04T10:00:00.000Z', '2026-05-04T10:13:00.000Z', '2026-05-04T10:35:01.000Z']),
  );
  expect(reasons()).toEqual([]);
});
