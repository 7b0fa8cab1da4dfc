import { afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { StoredWebhook } from '../../local/fakes/bitbucket/fake-account.ts';
import {
  annotated,
  BASE,
  startBitbucketTestbed,
  type BitbucketTestbed,
  type BitbucketTestbedOptions,
} from '../support/bitbucket-testbed.ts';
import { stopClock } from '../support/clock.ts';
import { receiverPath } from '../support/deliver.ts';
import {
  bitbucket,
  clusterConfig,
  project,
  projectConfig,
  stage,
  warehouse,
} from '../support/kargo-objects.ts';
import { loadReconciler, LOADING_TIMEOUT_MS } from '../support/load-reconciler.ts';
import { skipWaits } from '../support/waits.ts';

const URL_OF_BB = `${BASE}${receiverPath()}`;
const DESCRIPTION = `Kargo receiver demo/bb at ${BASE}`;
const REGISTERED = {
  description: DESCRIPTION,
  url: URL_OF_BB,
  active: true,
  events: ['repo:push'],
  secret: 's3cret',
  verifiesTls: true,
};
const SHOP = 'repository:https://bitbucket.org/acme/shop';

let testbed: BitbucketTestbed;

beforeAll(loadReconciler, LOADING_TIMEOUT_MS);
beforeEach(() => {
  stopClock();
  skipWaits();
});
afterEach(async () => {
  await testbed.close();
  jest.restoreAllMocks();
});

const start = async (webhooks: string, options: BitbucketTestbedOptions = {}): Promise<void> => {
  testbed = await startBitbucketTestbed({
    objects: [...annotated(project('demo'), webhooks), warehouse('demo', 'shop')],
    ...options,
  });
};
const onCloud = (subject = 'acme/shop'): StoredWebhook[] => testbed.cloud.account.webhooksOf(subject);
const onDataCenter = (subject = 'SHOP/web'): StoredWebhook[] =>
  testbed.dataCenter.account.webhooksOf(subject);
/** Warehouse of the Data Center's repository. */
const webWarehouse = () =>
  warehouse('demo', 'web', { repoURL: `${testbed.dataCenterApi.url}/scm/shop/web.git` });
const setAnnotation = async (value: string | null): Promise<void> => {
  const config = await testbed.objects.get('ProjectConfig', 'demo', 'demo');
  await testbed.objects.patch(config, { metadata: { annotations: { 'kargo-front-door/webhooks': value } } });
};

describe('registers a webhook', () => {
  test('on every repository that the Warehouses of the project subscribe to, with one annotation', async () => {
    await start('repositories', { cloud: { repositories: ['acme/shop', 'acme/api'] } });
    await testbed.objects.create(
      webWarehouse(),
      warehouse(
        'demo',
        'two',
        { repoURL: 'git@bitbucket.org:acme/api.git' },
        { repoURL: 'https://bitbucket.org/acme/shop' },
      ),
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
      `3 Bitbucket webhook(s) for the receivers at ${BASE}. Registered: ${web}, repository:https://bitbucket.org/acme/api, ${SHOP}. Connection test passed: ${web}.`,
    ]);
  });

  test.each([
    ['workspace:acme', () => onCloud('acme'), ['repo:push']],
    [SHOP, () => onCloud(), ['repo:push']],
    ['repository:git@bitbucket.org:acme/shop.git', () => onCloud(), ['repo:push']],
    [
      `${SHOP} pull-requests`,
      () => onCloud(),
      ['repo:push', 'pullrequest:fulfilled', 'pullrequest:rejected'],
    ],
  ])('where the annotation says: %s', async (webhooks, registered, events) => {
    await start(webhooks);
    await testbed.register();
    expect(registered()).toMatchObject([{ ...REGISTERED, events }]);
  });

  test('on a project of Data Center, and tests its connection once', async () => {
    await start('');
    await setAnnotation(`project:${testbed.dataCenterApi.url}/SHOP, pull-requests`);
    await testbed.register();
    await testbed.register();
    const events = ['repo:refs_changed', 'pr:merged', 'pr:declined'];
    expect(onDataCenter('SHOP')).toMatchObject([{ ...REGISTERED, events }]);
    expect(testbed.dataCenter.tested).toEqual([URL_OF_BB]);
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
    await start('', {
      objects: [...two, ...cluster, warehouse('demo', 'shop')],
      secrets: { 'kargo/kargo-system-resources/bitbucket': 'cluster-s3cret' },
    });
    await testbed.register();
    expect(onCloud().map(({ description }) => description)).toEqual([
      DESCRIPTION,
      `Kargo receiver demo/bc at ${BASE}`,
    ]);
    expect(onCloud('acme')).toMatchObject([
      {
        description: `Kargo receiver (cluster)/all at ${BASE}`,
        url: `${BASE}${receiverPath('', 'all', 'cluster-s3cret')}`,
        secret: 'cluster-s3cret',
      },
    ]);
  });

  test('only where the annotation is', async () => {
    await start('', { objects: [...project('demo'), warehouse('demo', 'shop')] });
    await testbed.register();
    expect(onCloud()).toEqual([]);
    expect(await testbed.condition()).toBeUndefined();
  });

  test('not in a dry run', async () => {
    await start('repositories', { settings: { DRY_RUN: 'true' } });
    await testbed.register();
    expect(onCloud()).toEqual([]);
    expect(await testbed.condition()).toBeUndefined();
  });
});

test('a run that finds everything as declared writes nothing', async () => {
  await start('repositories');
  await testbed.objects.create(webWarehouse());
  await testbed.register();
  testbed.cloudApi.reset();
  testbed.dataCenterApi.reset();
  testbed.cluster.reset();
  await testbed.register();
  const writes = [
    ...testbed.cloudApi.requests,
    ...testbed.dataCenterApi.requests,
    ...testbed.cluster.requests,
  ]
    .filter(({ method }) => method !== 'GET')
    .map(({ method, path }) => `${method} ${path}`)
    // The reconciler, which runs too, writes the time of its run.
    .filter((write) => !write.startsWith('PATCH /api/v1/namespaces/kargo-front-door/configmaps/index-'));
  expect(writes).toEqual([]);
});

describe.each(['Cloud', 'Data Center'])('heals a webhook of %s', (kind) => {
  const events = [kind === 'Cloud' ? 'repo:push' : 'repo:refs_changed'];
  const webhooks = (): StoredWebhook[] => (kind === 'Cloud' ? onCloud() : onDataCenter());

  test.each<[string, Partial<StoredWebhook>]>([
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
  ])('%s', async (_title, change) => {
    await start('repositories');
    await testbed.objects.create(webWarehouse());
    await testbed.register();
    Object.assign(webhooks()[0] ?? {}, change);
    await testbed.register();
    expect(webhooks()).toMatchObject([{ ...REGISTERED, events }]);
  });

  test('that was deleted', async () => {
    await start('repositories');
    await testbed.objects.create(webWarehouse());
    await testbed.register();
    webhooks().length = 0;
    await testbed.register();
    expect(webhooks()).toMatchObject([{ ...REGISTERED, events }]);
  });

  test('that was made by hand, which it adopts', async () => {
    await start('repositories');
    await testbed.objects.create(webWarehouse());
    const account = kind === 'Cloud' ? testbed.cloud.account : testbed.dataCenter.account;
    account.add(kind === 'Cloud' ? 'acme/shop' : 'SHOP/web', {
      description: 'Kargo',
      url: URL_OF_BB,
      events,
    });
    await testbed.register();
    expect(webhooks()).toMatchObject([{ ...REGISTERED, events }]);
  });
});

describe('removes the webhooks', () => {
  test.each<[string, () => Promise<void>]>([
    ['where the annotation is removed', () => setAnnotation(null)],
    [
      'where the receiver is deleted',
      async () => {
        const config = await testbed.objects.get('ProjectConfig', 'demo', 'demo');
        await testbed.objects.patch(config, { spec: { webhookReceivers: [bitbucket('other')] } });
      },
    ],
    [
      'where the annotation names another subject',
      () => setAnnotation('repository:https://bitbucket.org/acme/api'),
    ],
    ['where the Warehouse is deleted', () => testbed.objects.delete(warehouse('demo', 'shop'))],
    ['where the ProjectConfig is deleted', () => testbed.objects.delete(projectConfig('demo', []))],
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
    await setAnnotation(null);
    await testbed.register();
    expect(onCloud('acme')).toEqual([]);
    expect(await testbed.condition()).toBeUndefined();
  });

  test('and says where it cannot', async () => {
    await start('workspace:acme');
    await testbed.register();
    await setAnnotation(null);
    testbed.cloudApi.fault = ({ method }) =>
      method === 'DELETE' ? { kind: 'answer', status: 503 } : undefined;
    await testbed.register();
    expect(await testbed.condition()).toEqual([
      'False',
      'BitbucketUnavailable',
      `0 of 1 Bitbucket webhook(s) for the receivers at ${BASE}. workspace:acme: not declared, and its webhook is not removed: ` +
        'HTTP 503: Bitbucket is unavailable. The next run repeats the request.',
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
  const config = await testbed.objects.get('ProjectConfig', 'demo', 'demo');
  await testbed.objects.patchStatus(config, { webhookReceivers: [] });
  await testbed.register();
  expect(onCloud()).toMatchObject([first, { url: `https://other.example.com${receiverPath()}` }]);
  await setAnnotation(null);
  await testbed.register();
  expect(onCloud()).toMatchObject([first]);
});
