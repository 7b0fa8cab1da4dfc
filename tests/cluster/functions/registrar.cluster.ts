import { setImmediate } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startFakeCloud, type FakeCloud } from '../../../local/fakes/bitbucket/fake-cloud.ts';
import { annotated, BASE, TOKEN } from '../../support/bitbucket-testbed.ts';
import { deliver, lambdaContext, receiverPath, type ReceiverHandler } from '../../support/deliver.ts';
import { bitbucket, clusterConfig, project, stage, warehouse } from '../../support/kargo-objects.ts';
import { allowedOf } from './access-review.ts';
import { REGISTRAR, startClusterTestbed, type ClusterTestbed } from './cluster-testbed.ts';
import { until } from './until.ts';

let testbed: ClusterTestbed;
let cloud: FakeCloud;

beforeAll(async () => {
  cloud = await startFakeCloud({ port: 0, repositories: ['acme/shop'], tokens: [TOKEN] });
  testbed = await startClusterTestbed({
    secrets: {
      'kargo/demo/bitbucket': 's3cret',
      'kargo/kargo-system-resources/bitbucket': 'cluster-s3cret',
      'kargo-front-door/bitbucket': '[{"GIT_AUTH_TOKEN":"token"}]',
    },
  });
  Object.assign(process.env, {
    BITBUCKET_CREDENTIALS_SECRET_ID: 'kargo-front-door/bitbucket',
    BITBUCKET_CLOUD_API_URL: cloud.url,
  });
  await testbed.objects.create(
    ...annotated(project('demo'), 'repositories'),
    ...annotated([clusterConfig([bitbucket('all')])], 'workspace:acme'),
    warehouse('demo', 'shop'),
    stage('demo', 'test'),
  );
});

afterAll(async () => {
  await testbed.close();
  await cloud.close();
});

test('the rights of the registrar are to read what is declared, and to write conditions', async () => {
  expect(await allowedOf(testbed.as(testbed.tokens[REGISTRAR]))).toEqual([
    'get kargo.akuity.io/projectconfigs',
    'list kargo.akuity.io/projectconfigs',
    'patch kargo.akuity.io/projectconfigs/status',
    'get kargo.akuity.io/clusterconfigs',
    'list kargo.akuity.io/clusterconfigs',
    'patch kargo.akuity.io/clusterconfigs/status',
    'list kargo.akuity.io/warehouses',
    'list kargo.akuity.io/stages',
  ]);
});

test('they are enough for a run, whose condition the reconciler keeps', async () => {
  await (
    await testbed.reconciler()
  )({}, lambdaContext());
  const context = lambdaContext({ remainingMs: 60_000 });
  expect(await (await testbed.registrar())({}, context)).toEqual({ changed: 2, failures: [] });
  expect(cloud.account.webhooksOf('acme/shop')).toHaveLength(1);
  expect(cloud.account.webhooksOf('acme')).toHaveLength(1);
  await (
    await testbed.reconciler()
  )({}, lambdaContext());
  for (const [kind, namespace, name] of [
    ['ProjectConfig', 'demo', 'demo'],
    ['ClusterConfig', '', 'cluster'],
  ] as const) {
    const { status } = await testbed.objects.get(kind, namespace, name);
    const { conditions } = status as { conditions: { type: string; status: string }[] };
    expect(conditions.map(({ type, status: state }) => `${type} ${state}`)).toEqual([
      'BitbucketReceiversReady True',
      'BitbucketWebhooksReady True',
    ]);
  }
});

/** Each of them handles one delivery at a time, as on Lambda. */
const ENVIRONMENTS = 4;

test('a rotation under load rejects no delivery, and the webhook follows it', async () => {
  const [reconcile, register] = [await testbed.reconciler(), await testbed.registrar()];
  const context = lambdaContext({ remainingMs: 60_000 });
  const over = new AbortController();
  /** Deliveries by the secret of the webhook and the status of the answer. */
  const counts = new Map<string, number>();
  /** Sends pushes as Bitbucket does: to the URL and with the secret that the webhook has when each of them is sent. */
  const sendPushes = async (handler: ReceiverHandler): Promise<void> => {
    while (!over.signal.aborted) {
      const [webhook] = cloud.account.webhooksOf('acme/shop');
      const { url, secret } = webhook!;
      const { status } = await deliver(handler, { path: url.replace(BASE, ''), secret });
      const key = `${secret} ${status}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
      await setImmediate();
    }
  };
  const environments: ReceiverHandler[] = [];
  while (environments.length < ENVIRONMENTS) environments.push(await testbed.receiver());
  const load = environments.map(sendPushes);
  const untilSent = async (key: string): Promise<void> => {
    const before = counts.get(key) ?? 0;
    await until(async () => (counts.get(key) ?? 0) >= before + 5 * ENVIRONMENTS);
  };

  await untilSent('s3cret 200');
  await testbed.secrets.rotate('kargo/demo/bitbucket', 'second-s3cret');
  await untilSent('s3cret 200');
  await reconcile({}, context);
  await untilSent('s3cret 200');
  await register({}, context);
  await untilSent('second-s3cret 200');
  // A push that was sent before still arrives.
  const [late] = environments;
  expect(await deliver(late!, { secret: 's3cret' })).toMatchObject({ status: 200 });
  over.abort();
  await Promise.all(load);
  expect([...counts.keys()]).toEqual(['s3cret 200', 'second-s3cret 200']);
  expect(cloud.account.webhooksOf('acme/shop')).toMatchObject([
    { url: `${BASE}${receiverPath('demo', 'bb', 'second-s3cret')}`, secret: 'second-s3cret' },
  ]);
});
