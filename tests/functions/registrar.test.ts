import { describe, expect, test } from '@jest/globals';
import type { StoredWebhook } from '../../local/fakes/bitbucket/fake-account.ts';
import {
  annotated,
  BASE,
  startBitbucketTestbed,
  type BitbucketTestbed,
  type BitbucketTestbedOptions,
} from '../support/bitbucket-testbed.ts';
import { receiverPath } from '../support/deliver.ts';
import {
  bitbucket,
  clusterConfig,
  project,
  projectConfig,
  stage,
  warehouse,
} from '../support/kargo-objects.ts';
import { useTestbed } from '../support/use-testbed.ts';

const URL_OF_BB = `${BASE}${receiverPath()}`;
const describedAs = (receiver: string): string => `Kargo receiver ${receiver} at ${BASE}`;
const REGISTERED = {
  description: describedAs('demo/bb'),
  url: URL_OF_BB,
  active: true,
  events: ['repo:push'],
  secret: 's3cret',
  verifiesTls: true,
};
const SHOP = 'repository:https://bitbucket.org/acme/shop';
const API = 'repository:https://bitbucket.org/acme/api';
const config = projectConfig('demo', []);

let testbed: BitbucketTestbed;

useTestbed(() => testbed);

const start = async (webhooks: string, options: BitbucketTestbedOptions = {}): Promise<void> => {
  const objects = [...annotated(project('demo'), webhooks), warehouse('demo', 'shop')];
  testbed = await startBitbucketTestbed({ objects, ...options });
};
const onCloud = (subject = 'acme/shop'): StoredWebhook[] => testbed.cloud.account.webhooksOf(subject);
const onDataCenter = (): StoredWebhook[] => testbed.dataCenter.account.webhooksOf('SHOP/web');

describe('registers a webhook', () => {
  test('on every repository that the Warehouses of the project subscribe to, with one annotation', async () => {
    await start('repositories', { cloud: { repositories: ['acme/shop', 'acme/api'] } });
    await testbed.objects.create(
      testbed.webWarehouse(),
      warehouse('demo', 'two', { repoURL: 'git@bitbucket.org:acme/api.git' }, {}),
      warehouse('demo', 'hub', { repoURL: 'https://github.com/acme/hub' }),
    );
    await testbed.register();
    expect(onCloud()).toMatchObject([REGISTERED]);
    expect(onCloud('acme/api')).toMatchObject([REGISTERED]);
    expect(onDataCenter()).toMatchObject([{ ...REGISTERED, events: ['repo:refs_changed'] }]);
    const web = `repository:${testbed.dataCenterApi.url}/scm/shop/web`;
    expect(await testbed.condition()).toEqual([
      'True',
      'WebhooksRegistered',
      `3 Bitbucket webhook(s) for the receivers at ${BASE}. Registered: ${web}, ${API}, ${SHOP}. Connection test passed: ${web}.`,
    ]);
  });

  const PULL_REQUEST_EVENTS = ['repo:push', 'pullrequest:fulfilled', 'pullrequest:rejected'];
  test.each([
    ['workspace:acme', 'acme', ['repo:push']],
    [SHOP, 'acme/shop', ['repo:push']],
    ['repository:git@bitbucket.org:acme/shop.git', 'acme/shop', ['repo:push']],
    [`${SHOP} pull-requests`, 'acme/shop', PULL_REQUEST_EVENTS],
  ])('where the annotation says: %s', async (webhooks, subject, events) => {
    await start(webhooks);
    await testbed.register();
    expect(onCloud(subject)).toMatchObject([{ ...REGISTERED, events }]);
  });

  test.each<[string, object, boolean]>([
    ['a step that waits', { uses: 'git-wait-for-pr', as: 'wait' }, true],
    ['a task, whose steps are not known here', { task: { name: 'deploy' } }, true],
    ['no such step', { uses: 'git-push' }, false],
  ])('with pull request events where a Stage has %s', async (_title, step, expected) => {
    await start('repositories');
    const withTemplate = stage('demo', 'test');
    Object.assign(withTemplate['spec'] as object, { promotionTemplate: { spec: { steps: [step] } } });
    await testbed.objects.create(withTemplate);
    await testbed.register();
    expect(onCloud()[0]?.events.includes('pullrequest:fulfilled')).toBe(expected);
  });

  test('for each receiver, also of the ClusterConfig', async () => {
    const two = annotated(project('demo', [bitbucket('bb'), bitbucket('bc')]), 'repositories');
    const cluster = annotated([clusterConfig([bitbucket('all')])], 'workspace:acme');
    const [secret, url] = ['cluster-s3cret', `${BASE}${receiverPath('', 'all', 'cluster-s3cret')}`];
    const objects = [...two, ...cluster, warehouse('demo', 'shop')];
    await start('', { objects, secrets: { 'kargo/kargo-system-resources/bitbucket': secret } });
    await testbed.register();
    expect(onCloud().map(({ description }) => description)).toEqual(['demo/bb', 'demo/bc'].map(describedAs));
    expect(onCloud('acme')).toMatchObject([{ description: describedAs('(cluster)/all'), url, secret }]);
  });
});

test.each<[string, BitbucketTestbedOptions]>([
  ['without an annotation', { objects: [...project('demo'), warehouse('demo', 'shop')] }],
  ['in a dry run', { settings: { DRY_RUN: 'true' } }],
])('registers no webhook %s', async (_title, options) => {
  await start('repositories', options);
  await testbed.register();
  expect(onCloud()).toEqual([]);
  expect(await testbed.condition()).toBeUndefined();
});

test('a run that finds everything as declared writes nothing', async () => {
  await start('repositories');
  await testbed.objects.create(testbed.webWarehouse());
  await testbed.register();
  const apis = [testbed.cloudApi, testbed.dataCenterApi, testbed.cluster];
  for (const api of apis) api.reset();
  await testbed.register();
  const writes = apis
    .flatMap(({ requests }) => requests)
    .filter(({ method }) => method !== 'GET')
    .map(({ method, path }) => `${method} ${path}`)
    // The reconciler, which runs too, writes the time of its run.
    .filter((write) => !write.startsWith('PATCH /api/v1/namespaces/kargo-front-door/configmaps/index-'));
  expect(writes).toEqual([]);
});

describe.each(['Cloud', 'Data Center'])('heals a webhook of %s', (kind) => {
  const events = [kind === 'Cloud' ? 'repo:push' : 'repo:refs_changed'];
  const webhooks = (): StoredWebhook[] => (kind === 'Cloud' ? onCloud() : onDataCenter());

  test.each<[string, change: Partial<StoredWebhook> | undefined]>([
    ['that was deactivated', { active: false }],
    ['with other events', { events: kind === 'Cloud' ? ['repo:fork'] : ['repo:comment:added'] }],
    ['without events', { events: [] }],
    ['with another URL', { url: 'https://hooks.example.com/kargo/bitbucket/mistyped' }],
    ['without TLS verification', { verifiesTls: false }],
    ['without a secret', { secret: '' }],
    ['with another description', { description: 'renamed' }],
    ...(kind === 'Data Center'
      ? [['with another secret', { secret: 'mistyped' }] as [string, Partial<StoredWebhook>]]
      : []),
    ['that was deleted', undefined],
  ])('%s', async (_title, change) => {
    await start('repositories');
    await testbed.objects.create(testbed.webWarehouse());
    await testbed.register();
    if (change === undefined) webhooks().length = 0;
    else Object.assign(webhooks()[0] ?? {}, change);
    await testbed.register();
    expect(webhooks()).toMatchObject([{ ...REGISTERED, events }]);
  });

  test('that was made by hand, which it adopts', async () => {
    await start('repositories');
    await testbed.objects.create(testbed.webWarehouse());
    const account = kind === 'Cloud' ? testbed.cloud.account : testbed.dataCenter.account;
    const repository = kind === 'Cloud' ? 'acme/shop' : 'SHOP/web';
    account.add(repository, { description: 'Kargo', url: URL_OF_BB, events });
    await testbed.register();
    expect(webhooks()).toMatchObject([{ ...REGISTERED, events }]);
  });
});

describe('removes the webhooks', () => {
  const otherReceiver = { webhookReceivers: [bitbucket('other')] };

  test.each<[string, () => Promise<void>]>([
    ['where the annotation is removed', () => testbed.annotate(null)],
    ['where the receiver is deleted', () => testbed.objects.patch(config, { spec: otherReceiver })],
    ['where the annotation names another subject', () => testbed.annotate(API)],
    ['where the Warehouse is deleted', () => testbed.objects.delete(warehouse('demo', 'shop'))],
    ['where the ProjectConfig is deleted', () => testbed.objects.delete(config)],
  ])('%s', async (_title, change) => {
    await start('repositories', { cloud: { repositories: ['acme/shop', 'acme/api'] } });
    testbed.cloud.account.add('acme/shop', { description: 'CI', url: 'https://ci.example.com' });
    await testbed.register();
    await change();
    await testbed.register();
    expect(onCloud().filter(({ url }) => url === URL_OF_BB || url.startsWith('https://ci'))).toMatchObject([
      { description: 'CI', url: 'https://ci.example.com', active: true, secret: '' },
    ]);
  });

  test('of a workspace that only the condition names, and the condition with them', async () => {
    await start('workspace:acme');
    await testbed.register();
    await testbed.annotate(null);
    await testbed.register();
    expect(onCloud('acme')).toEqual([]);
    expect(await testbed.condition()).toBeUndefined();
  });

  test('and says where it cannot', async () => {
    await start('workspace:acme');
    await testbed.register();
    await testbed.annotate(null);
    testbed.cloudApi.fault = ({ method }) =>
      method === 'DELETE' ? { kind: 'answer', status: 503 } : undefined;
    await testbed.register();
    expect(await testbed.condition()).toEqual([
      'False',
      'BitbucketUnavailable',
      `0 of 1 Bitbucket webhook(s) for the receivers at ${BASE}. workspace:acme: not declared, and its webhook is not removed: ` +
        'HTTP 503: Bitbucket is unavailable. The next run retries the request.',
    ]);
    testbed.cloudApi.reset();
    await testbed.register();
    expect(onCloud('acme')).toEqual([]);
    expect(await testbed.condition()).toBeUndefined();
  });
});

test('a receiver that is not ready keeps its webhooks as they are', async () => {
  await start('repositories');
  await testbed.register();
  await testbed.secrets.delete('kargo/demo/bitbucket');
  await testbed.register();
  expect(onCloud()).toMatchObject([REGISTERED]);
  expect(await testbed.condition()).toEqual([
    'False',
    'ReceiverNotReady',
    `0 of 1 Bitbucket webhook(s) for the receivers at ${BASE}. ${SHOP}: receiver "bb" is not ready: ` +
      'Secret "kargo/demo/bitbucket" not found in Secrets Manager. Its webhooks stay as they are.',
  ]);
});

test('two deployments with the same secrets do not touch the webhooks of each other', async () => {
  await start('repositories');
  await testbed.register();
  const first = { ...onCloud()[0] };
  process.env['RECEIVER_BASE_URL'] = 'https://other.example.com';
  await testbed.objects.patchStatus(config, { webhookReceivers: [] });
  await testbed.register();
  expect(onCloud()).toMatchObject([first, { url: `https://other.example.com${receiverPath()}` }]);
  await testbed.annotate(null);
  await testbed.register();
  expect(onCloud()).toMatchObject([first]);
});
