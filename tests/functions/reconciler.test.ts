import { afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { passSeconds, stopClock } from '../support/clock.ts';
import { bitbucket, clusterConfig, namespace, project, projectConfig } from '../support/kargo-objects.ts';
import type { PassingRequest } from '../support/loopback-proxy.ts';
import { loadReconciler, LOADING_TIMEOUT_MS } from '../support/load-reconciler.ts';
import { startTestbed, type Testbed, type TestbedOptions } from '../support/testbed.ts';
import { skipWaits } from '../support/waits.ts';

const HASH = '1907723f0dad3263464cb73611e7ba90b4d633c29c1603bd4750e8e37e11bea3';
const CLUSTER_HASH = '9d6bb3c77e07da0bc5b9e06880b615c41e035d21b08a93ee13d8903c5d156042';
const NOW = '2026-05-04T10:11:12Z';

const entry = {
  name: 'bb',
  path: `/kargo/bitbucket/${HASH}`,
  url: `https://hooks.example.com/kargo/bitbucket/${HASH}`,
};
/** The condition warns, because the secret of the measured hash is short. */
const readyAt = (base: string, secretName = 'kargo/demo/bitbucket') => ({
  type: 'BitbucketReceiversReady',
  status: 'True',
  reason: 'ReceiversReady',
  message:
    `1 Bitbucket receiver(s) ready at ${base}. Warning: receiver "bb": Secret "${secretName}" has 6 bytes, ` +
    'fewer than 16. Replace it with a random one of at least 32 characters.',
  observedGeneration: 1,
  lastTransitionTime: NOW,
});
const ready = readyAt('https://hooks.example.com/kargo');
const FIELD = 'spec.webhookReceivers[0].bitbucket.secretRef.name';
const notReady = (reason: string, message: string) => ({ ...ready, status: 'False', reason, message });
const github = { name: 'gh', github: { secretRef: { name: 'gh' } } };
const githubEntry = {
  name: 'gh',
  path: '/kargo/github/abc',
  url: 'https://hooks.example.com/kargo/github/abc',
};
const kargos = {
  type: 'Ready',
  status: 'False',
  reason: 'ReconcileError',
  message: 'its own',
  lastTransitionTime: NOW,
};
const demo = projectConfig('demo', [bitbucket('bb')]);

let testbed: Testbed;

beforeAll(loadReconciler, LOADING_TIMEOUT_MS);

beforeEach(() => {
  stopClock();
  skipWaits();
});
afterEach(() => testbed.close());

const start = async (options: TestbedOptions): Promise<void> => {
  testbed = await startTestbed(options);
};
const isWrite = ({ method }: PassingRequest): boolean => method !== 'GET';
/** Paths of the writes besides those of the index, of which each run writes the time. */
const writes = (): string[] =>
  testbed.cluster.requests
    .filter((request) => isWrite(request) && !request.path.includes('/configmaps'))
    .map(({ path }) => path);
const statusOf = async (name = 'demo') => (await testbed.objects.get('ProjectConfig', name, name)).status;

describe('the status of a ProjectConfig', () => {
  test.each([
    ['https://hooks.example.com/kargo', '/kargo', 'https://hooks.example.com'],
    ['https://hooks.example.com/kargo/', '/kargo', 'https://hooks.example.com'],
    ['https://hooks.example.com', '', 'https://hooks.example.com'],
    ['https://hooks.example.com:8443/a/b', '/a/b', 'https://hooks.example.com:8443'],
  ])('has the same bytes as in Kargo, below %s', async (base, path, origin) => {
    await start({ objects: project('demo'), settings: { RECEIVER_BASE_URL: base } });
    expect(await testbed.reconcile()).toEqual({ configs: 1, written: 1, failures: [] });
    const written = {
      name: 'bb',
      path: `${path}/bitbucket/${HASH}`,
      url: `${origin}${path}/bitbucket/${HASH}`,
    };
    expect(await statusOf()).toEqual({
      conditions: [readyAt(`${origin}${path}`)],
      webhookReceivers: [written],
    });
    const { webhookReceivers } = (await statusOf()) as { webhookReceivers: unknown };
    expect(JSON.stringify(webhookReceivers)).toBe(JSON.stringify([written]));
  });

  test('uses a secret in the form of Kargo, JSON with the key "secret"', async () => {
    await start({ objects: project('demo'), secrets: { 'kargo/demo/bitbucket': '{"secret":"s3cret"}' } });
    await testbed.reconcile();
    expect(await statusOf()).toEqual({ webhookReceivers: [entry], conditions: [ready] });
  });

  test('uses the secret of another template', async () => {
    const secrets = { 'teams/bitbucket/of/demo': 's3cret', 'kargo/demo/bitbucket': 'another' };
    await start({
      objects: project('demo'),
      secrets,
      settings: { SECRET_NAME_TEMPLATE: 'teams/{name}/of/{namespace}' },
    });
    await testbed.reconcile();
    expect(await statusOf()).toMatchObject({ webhookReceivers: [entry] });
  });

  test('keeps the entry of another kind unchanged, even if it is incomplete', async () => {
    await start({ objects: project('demo', [github, bitbucket('bb')]) });
    await testbed.objects.patchStatus(demo, {
      webhookReceivers: [{ name: 'gh', url: 'x' }, { path: '/azure/1' }],
    });
    await testbed.reconcile();
    const { webhookReceivers } = (await statusOf()) as { webhookReceivers: unknown };
    expect(webhookReceivers).toEqual([{ name: 'gh', url: 'x' }, entry, { path: '/azure/1' }]);
  });

  test('keeps entries of others, in the order of the spec', async () => {
    await start({ objects: project('demo', [github, bitbucket('bb')]) });
    await testbed.objects.patchStatus(demo, {
      webhookReceivers: [githubEntry],
      conditions: [kargos],
      observedGeneration: 1,
    });
    await testbed.reconcile();
    expect(await statusOf()).toEqual({
      webhookReceivers: [githubEntry, entry],
      conditions: [kargos, ready],
      observedGeneration: 1,
    });
  });

  test('removes the entry of a deleted receiver, and then the condition', async () => {
    await start({ objects: project('demo', [bitbucket('bb'), bitbucket('cc')]) });
    await testbed.reconcile();
    expect(await statusOf()).toMatchObject({ webhookReceivers: [{ name: 'bb' }, { name: 'cc' }] });
    await testbed.objects.patch(demo, { spec: { webhookReceivers: [bitbucket('bb')] } });
    await testbed.reconcile();
    expect(await statusOf()).toEqual({
      webhookReceivers: [entry],
      conditions: [{ ...ready, observedGeneration: 2 }],
    });
    await testbed.objects.patch(demo, { spec: { webhookReceivers: [] } });
    await testbed.reconcile();
    expect(await statusOf()).toEqual({ webhookReceivers: [], conditions: [] });
  });

  test('is written again after another writer blanked the list', async () => {
    await start({ objects: project('demo') });
    await testbed.reconcile();
    await testbed.objects.patchStatus(demo, { webhookReceivers: null });
    await testbed.reconcile();
    expect(await statusOf()).toEqual({ webhookReceivers: [entry], conditions: [ready] });
  });
});

test('publishes a receiver of the ClusterConfig with an empty project and a secret of the system namespace', async () => {
  const objects = [namespace('kargo-system-resources'), clusterConfig([bitbucket('bb')])];
  await start({ objects, secrets: { 'kargo/kargo-system-resources/bitbucket': 's3cret' } });
  await testbed.reconcile();
  const { status } = await testbed.objects.get('ClusterConfig', '', 'cluster');
  expect(status).toEqual({
    webhookReceivers: [
      {
        name: 'bb',
        path: `/kargo/bitbucket/${CLUSTER_HASH}`,
        url: `https://hooks.example.com/kargo/bitbucket/${CLUSTER_HASH}`,
      },
    ],
    conditions: [readyAt('https://hooks.example.com/kargo', 'kargo/kargo-system-resources/bitbucket')],
  });
});

describe('a second run', () => {
  test('writes nothing', async () => {
    await start({
      objects: [...project('demo', [github, bitbucket('bb')]), ...project('zoo'), clusterConfig([])],
    });
    expect(await testbed.reconcile().catch(String)).toMatchObject({ written: 2 });
    const { metadata } = await testbed.objects.get('ProjectConfig', 'demo', 'demo');
    testbed.cluster.reset();
    passSeconds(3600);
    expect(await testbed.reconcile()).toEqual({ configs: 3, written: 0, failures: [] });
    expect(writes()).toEqual([]);
    expect((await testbed.objects.get('ProjectConfig', 'demo', 'demo')).metadata.resourceVersion).toBe(
      metadata.resourceVersion,
    );
  });

  test('writes nothing for a secret that is still missing', async () => {
    await start({ objects: project('demo'), secrets: {} });
    await testbed.reconcile();
    testbed.cluster.reset();
    passSeconds(60);
    expect(await testbed.reconcile()).toMatchObject({ written: 0 });
    expect(writes()).toEqual([]);
  });

  test('writes only what has changed', async () => {
    await start({
      objects: [...project('demo'), ...project('zoo')],
      secrets: { 'kargo/demo/bitbucket': 'a', 'kargo/zoo/bitbucket': 'b' },
    });
    await testbed.reconcile();
    await testbed.secrets.rotate('kargo/demo/bitbucket', 's3cret');
    testbed.cluster.reset();
    passSeconds(60);
    expect(await testbed.reconcile()).toMatchObject({ written: 1 });
    expect(writes()).toEqual(['/apis/kargo.akuity.io/v1alpha1/namespaces/demo/projectconfigs/demo/status']);
    const rotated = `${ready.message} receiver "bb": the previous secret and its URL are accepted until 2026-05-11T10:11:12Z. Enter the current ones in Bitbucket before.`;
    expect(await statusOf()).toEqual({
      webhookReceivers: [entry],
      conditions: [{ ...ready, message: rotated }],
    });
  });
});

describe('a receiver that is not ready', () => {
  const missing = `receiver "bb": Secret "kargo/demo/bitbucket" not found in Secrets Manager. Create it or correct ${FIELD}.`;

  test.each<
    [what: string, secrets: Record<string, string>, receivers: object[], reason: string, message: string]
  >([
    ['secret missing', {}, [bitbucket('bb')], 'SecretMissing', missing],
    ['another project’s secret', { 'kargo/zoo/bitbucket': 'x' }, [bitbucket('bb')], 'SecretMissing', missing],
    [
      'secret empty',
      { 'kargo/demo/bitbucket': '{"secret":""}' },
      [bitbucket('bb')],
      'SecretEmpty',
      `receiver "bb": Secret "kargo/demo/bitbucket" is empty. Store the HMAC secret in it or correct ${FIELD}.`,
    ],
    [
      'secret malformed',
      { 'kargo/demo/bitbucket': '{"secrets":"s3cret"}' },
      [bitbucket('bb')],
      'SecretMalformed',
      'receiver "bb": Secret "kargo/demo/bitbucket" is neither a bare string nor JSON with the key "secret". ' +
        `Store the HMAC secret in it or correct ${FIELD}.`,
    ],
    [
      'no secret named',
      {},
      [bitbucket('bb', '')],
      'ReceiverInvalid',
      `receiver "bb": bitbucket.secretRef.name is not the name of a Secret. Correct ${FIELD}.`,
    ],
    [
      'another project’s secret named',
      { 'kargo/demo/../zoo/bitbucket': 'x' },
      [bitbucket('bb', '../zoo/bitbucket')],
      'ReceiverInvalid',
      `receiver "bb": bitbucket.secretRef.name is not the name of a Secret. Correct ${FIELD}.`,
    ],
  ])('has no URL but a reason: %s', async (_what, secrets, receivers, reason, message) => {
    await start({ objects: project('demo', receivers), secrets });
    await testbed.objects.patchStatus(demo, { webhookReceivers: [entry] });
    expect(await testbed.reconcile()).toEqual({ configs: 1, written: 1, failures: [] });
    expect(await statusOf()).toEqual({ webhookReceivers: [], conditions: [notReady(reason, message)] });
  });

  test('becomes ready when its secret is corrected, with the time of this transition', async () => {
    await start({ objects: project('demo'), secrets: { 'kargo/demo/bitbucket': '{}' } });
    await testbed.reconcile();
    await testbed.secrets.rotate('kargo/demo/bitbucket', 's3cret');
    passSeconds(60);
    await testbed.reconcile();
    expect(await statusOf()).toEqual({
      webhookReceivers: [entry],
      conditions: [{ ...ready, lastTransitionTime: '2026-05-04T10:12:12Z' }],
    });
  });

  test('does not affect the other receivers', async () => {
    await start({ objects: project('demo', [bitbucket('a', 'gone'), bitbucket('bb'), bitbucket('z', '')]) });
    await testbed.reconcile();
    expect(await statusOf()).toMatchObject({
      webhookReceivers: [entry],
      conditions: [
        {
          status: 'False',
          reason: 'SecretMissing',
          message:
            '1 of 3 Bitbucket receiver(s) ready at https://hooks.example.com/kargo. ' +
            `receiver "a": Secret "kargo/demo/gone" not found in Secrets Manager. Create it or correct ${FIELD}. ` +
            'receiver "z": bitbucket.secretRef.name is not the name of a Secret. ' +
            'Correct spec.webhookReceivers[2].bitbucket.secretRef.name. ' +
            'Warning: receiver "bb": Secret "kargo/demo/bitbucket" has 6 bytes, fewer than 16. ' +
            'Replace it with a random one of at least 32 characters.',
        },
      ],
    });
  });
});

test('reads the secrets of many receivers in batches', async () => {
  const names = Array.from({ length: 45 }, (_, index) => `p${index}`);
  const secrets = Object.fromEntries(names.map((name) => [`kargo/${name}/bitbucket`, `secret of ${name}`]));
  await start({ objects: names.flatMap((name) => project(name)), secrets });
  expect(await testbed.reconcile()).toEqual({ configs: 45, written: 45, failures: [] });
  const batches = testbed.store.requests.filter(({ operation }) => operation === 'BatchGetSecretValue');
  const sizes = batches.map(
    ({ body }) => (JSON.parse(body) as { SecretIdList: string[] }).SecretIdList.length,
  );
  expect(sizes.toSorted((a, b) => a - b)).toEqual([5, 20, 20]);
});
