import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startFakeCloud, type FakeCloud } from '../../../local/fakes/bitbucket/fake-cloud.ts';
import { annotated, TOKEN } from '../../support/bitbucket-testbed.ts';
import { lambdaContext } from '../../support/deliver.ts';
import { bitbucket, clusterConfig, project, stage, warehouse } from '../../support/kargo-objects.ts';
import { allowedOf } from './access-review.ts';
import { REGISTRAR, startClusterTestbed, type ClusterTestbed } from './cluster-testbed.ts';

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
