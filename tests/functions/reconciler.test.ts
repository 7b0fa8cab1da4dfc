import { afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { passSeconds, stopClock } from '../support/clock.ts';
import { bitbucket, clusterConfig, namespace, project, projectConfig } from '../support/kargo-objects.ts';
import { loadReconciler, LOADING_TIMEOUT_MS } from '../support/load-reconciler.ts';
import { startTestbed, type Testbed, type TestbedOptions } from '../support/testbed.ts';
import { skipWaits } from '../support/waits.ts';

const HASH = '1907723f0dad3263464cb73611e7ba90b4d633c29c1603bd4750e8e37e11bea3';
const CLUSTER_HASH = '9d6bb3c77e07da0bc5b9e06880b615c41e035d21b08a93ee13d8903c5d156042';
const BASE = 'https://hooks.example.com/kargo';
const NOW = '2026-05-04T10:11:12Z';

const entryOf = (hash: string, origin = 'https://hooks.example.com', path = '/kargo') => ({
  name: 'bb',
  path: `${path}/bitbucket/${hash}`,
  url: `${origin}${path}/bitbucket/${hash}`,
});
const entry = entryOf(HASH);
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
const ready = readyAt(BASE);
const FIELD = 'spec.webhookReceivers[0].bitbucket.secretRef.name';
const notReady = (reason: string, message: string) => ({ ...ready, status: 'False', reason, message });
const github = { name: 'gh', github: { secretRef: { name: 'gh' } } };
const githubEntry = { name: 'gh', path: '/kargo/github/abc', url: `${BASE}/github/abc` };
const kargos = { ...ready, type: 'Ready', status: 'False', reason: 'ReconcileError', message: 'its own' };
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
/** Paths of the writes besides those of the index, of which each run writes the time. */
const writes = (): string[] =>
  testbed.cluster.requests
    .filter(({ method, path }) => method !== 'GET' && !path.includes('/configmaps'))
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
    const written = entryOf(HASH, origin, path);
    const status = (await statusOf()) as { webhookReceivers: unknown };
    expect(status).toEqual({ conditions: [readyAt(`${origin}${path}`)], webhookReceivers: [written] });
    expect(JSON.stringify(status.webhookReceivers)).toBe(JSON.stringify([written]));
  });

  const template = { SECRET_NAME_TEMPLATE: 'teams/{name}/of/{namespace}' };
  test.each<[what: string, name: string, text: string, settings: Record<string, string>]>([
    ['in the form of Kargo, JSON with the key "secret"', 'kargo/demo/bitbucket', '{"secret":"s3cret"}', {}],
    ['of another template', 'teams/bitbucket/of/demo', 's3cret', template],
  ])('uses a secret %s', async (_what, name, text, settings) => {
    const secrets = { 'kargo/demo/bitbucket': 'another', [name]: text };
    await start({ objects: project('demo'), secrets, settings });
    await testbed.reconcile();
    expect(await statusOf()).toEqual({ webhookReceivers: [entry], conditions: [readyAt(BASE, name)] });
  });

  const incomplete = [{ name: 'gh', url: 'x' }, { path: '/azure/1' }];
  test.each<[what: string, before: object, after: object]>([
    [
      'the entry of another kind unchanged, even if it is incomplete',
      { webhookReceivers: incomplete },
      { webhookReceivers: [incomplete[0], entry, incomplete[1]], conditions: [ready] },
    ],
    [
      'entries of others, in the order of the spec',
      { webhookReceivers: [githubEntry], conditions: [kargos], observedGeneration: 1 },
      { webhookReceivers: [githubEntry, entry], conditions: [kargos, ready], observedGeneration: 1 },
    ],
  ])('keeps %s', async (_what, before, after) => {
    await start({ objects: project('demo', [github, bitbucket('bb')]) });
    await testbed.objects.patchStatus(demo, before);
    await testbed.reconcile();
    expect(await statusOf()).toEqual(after);
  });

  test('removes the entry of a deleted receiver, and then the condition', async () => {
    await start({ objects: project('demo', [bitbucket('bb'), bitbucket('cc')]) });
    await testbed.reconcile();
    expect(await statusOf()).toMatchObject({ webhookReceivers: [{ name: 'bb' }, { name: 'cc' }] });
    await testbed.objects.patch(demo, { spec: { webhookReceivers: [bitbucket('bb')] } });
    await testbed.reconcile();
    const conditions = [{ ...ready, observedGeneration: 2 }];
    expect(await statusOf()).toEqual({ webhookReceivers: [entry], conditions });
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
    webhookReceivers: [entryOf(CLUSTER_HASH)],
    conditions: [readyAt(BASE, 'kargo/kargo-system-resources/bitbucket')],
  });
});

describe('a second run', () => {
  test('writes nothing', async () => {
    await start({
      objects: [...project('demo', [github, bitbucket('bb')]), ...project('zoo'), clusterConfig([])],
    });
    expect(await testbed.reconcile().catch(String)).toMatchObject({ written: 2 });
    const { resourceVersion } = (await testbed.objects.get('ProjectConfig', 'demo', 'demo')).metadata;
    testbed.cluster.reset();
    passSeconds(3600);
    expect(await testbed.reconcile()).toEqual({ configs: 3, written: 0, failures: [] });
    expect(writes()).toEqual([]);
    const after = await testbed.objects.get('ProjectConfig', 'demo', 'demo');
    expect(after.metadata.resourceVersion).toBe(resourceVersion);
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
    const conditions = [{ ...ready, message: rotated }];
    expect(await statusOf()).toEqual({ webhookReceivers: [entry], conditions });
  });
});

describe('a receiver that is not ready', () => {
  const SECRET = 'kargo/demo/bitbucket';
  const missing = `Secret "${SECRET}" not found in Secrets Manager. Create it or correct ${FIELD}.`;
  const empty = `Secret "${SECRET}" is empty. Store the HMAC secret in it or correct ${FIELD}.`;
  const malformed =
    `Secret "${SECRET}" is neither a bare string nor JSON with the key "secret". ` +
    `Store the HMAC secret in it or correct ${FIELD}.`;
  const unnamed = `bitbucket.secretRef.name is not the name of a Secret. Correct ${FIELD}.`;
  const [bb, none, another] = [bitbucket('bb'), bitbucket('bb', ''), bitbucket('bb', '../zoo/bitbucket')];

  test.each<[what: string, secrets: object, receiver: object, reason: string, message: string]>([
    ['secret missing', {}, bb, 'SecretMissing', missing],
    ['another project’s secret', { 'kargo/zoo/bitbucket': 'x' }, bb, 'SecretMissing', missing],
    ['secret empty', { [SECRET]: '{"secret":""}' }, bb, 'SecretEmpty', empty],
    ['secret malformed', { [SECRET]: '{"secrets":"s3cret"}' }, bb, 'SecretMalformed', malformed],
    ['no secret named', {}, none, 'ReceiverInvalid', unnamed],
    [
      'another project’s secret named',
      { 'kargo/demo/../zoo/bitbucket': 'x' },
      another,
      'ReceiverInvalid',
      unnamed,
    ],
  ])('has no URL but a reason: %s', async (_what, secrets, receiver, reason, message) => {
    await start({ objects: project('demo', [receiver]), secrets: { ...secrets } });
    await testbed.objects.patchStatus(demo, { webhookReceivers: [entry] });
    expect(await testbed.reconcile()).toEqual({ configs: 1, written: 1, failures: [] });
    const conditions = [notReady(reason, `receiver "bb": ${message}`)];
    expect(await statusOf()).toEqual({ webhookReceivers: [], conditions });
  });

  test('becomes ready when its secret is corrected, with the time of this transition', async () => {
    await start({ objects: project('demo'), secrets: { 'kargo/demo/bitbucket': '{}' } });
    await testbed.reconcile();
    await testbed.secrets.rotate('kargo/demo/bitbucket', 's3cret');
    passSeconds(60);
    await testbed.reconcile();
    const conditions = [{ ...ready, lastTransitionTime: '2026-05-04T10:12:12Z' }];
    expect(await statusOf()).toEqual({ webhookReceivers: [entry], conditions });
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
            `1 of 3 Bitbucket receiver(s) ready at ${BASE}. ` +
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
