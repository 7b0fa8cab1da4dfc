import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { namespace, project, promotion, stage, warehouse } from '../../support/kargo-objects.ts';
import type { ApiTarget } from '../api-client.ts';
import { WITHOUT_WEBHOOKS } from '../kargo-webhooks/registration.ts';
import { RECEIVER, startClusterTestbed, type ClusterTestbed } from './cluster-testbed.ts';
import {
  OF_A_PROMOTION,
  OF_A_STAGE,
  OF_A_WAREHOUSE,
  ofGit,
  ownerOf,
  SUBSCRIPTIONS,
} from './forbidden-writes.ts';
import { annotate, NOW, patchObject, pathOf, REFRESH, REFRESH_PATCH, SHARD, STAGE } from './object-patch.ts';
import { until } from './until.ts';

const PULL_REQUEST = 'https://bitbucket.org/acme/shop/pull-requests/7';

/** Longer than the value of a label can be. */
const LONG_STAGE = 'a-stage-whose-name-is-longer-than-the-sixty-three-characters-of-a-label';

/** A project with Kargo's webhooks, and one without. */
const [WITH, WITHOUT] = ['demo', 'bare'];

let testbed: ClusterTestbed;
let stageOwner: object;

beforeAll(async () => {
  testbed = await startClusterTestbed();
  const bare = namespace(WITHOUT);
  await testbed.objects.create(
    ...project(WITH),
    { ...bare, metadata: { ...bare.metadata, labels: WITHOUT_WEBHOOKS } },
    stage(WITH, 'test'),
    stage(WITH, 'sharded', 'east'),
    stage(WITH, LONG_STAGE),
  );
  const { uid } = await metadataOf('Stage', 'test');
  stageOwner = ownerOf('Stage', 'test', { uid, controller: true, blockOwnerDeletion: true });
  for (const projectName of [WITH, WITHOUT]) await createObjects(projectName);
  // A policy that was just created is not enforced at once.
  const probe = `${mainOf(WITHOUT)}?dryRun=All`;
  await until(async () => (await patchObject(receiver(), probe, annotate({ probe: NOW }))).code === 422);
});

afterAll(() => testbed.close());

const receiver = (): ApiTarget => testbed.as(testbed.tokens[RECEIVER]);
const mainOf = (projectName: string): string => pathOf('warehouses', projectName, 'main');
const waitsOf = (projectName: string): string => pathOf('promotions', projectName, 'waits');

const metadataOf = async (kind: string, name: string) =>
  (await testbed.objects.get(kind, WITH, name)).metadata;

/** Refreshes an object as the receiver does. */
const refresh = (plural: string, name: string) =>
  patchObject(receiver(), pathOf(plural, WITH, name), REFRESH_PATCH);
const REFRESHED = { code: 200, body: { metadata: { annotations: { [REFRESH]: NOW } } } };

async function createObjects(projectName: string): Promise<void> {
  const kargos = { 'kargo.akuity.io/other': 'as it was', [REFRESH]: NOW };
  await testbed.objects.create(
    {
      ...warehouse(projectName, 'main'),
      metadata: { name: 'main', namespace: projectName, labels: { team: 'a' }, annotations: kargos },
      spec: { interval: '5m0s', subscriptions: SUBSCRIPTIONS },
    },
    {
      ...promotion(projectName, 'waits', PULL_REQUEST),
      metadata: {
        name: 'waits',
        namespace: projectName,
        labels: { [STAGE]: 'test', team: 'a' },
        annotations: { [STAGE]: 'test', [REFRESH]: NOW },
        ownerReferences: [stageOwner],
      },
    },
  );
}

describe("the policy accepts a refresh, together with what Kargo's webhooks add, of", () => {
  const git = { repoURL: 'https://bitbucket.org/acme/shop' };
  const defaults = { strictSemvers: true, discoveryLimit: 20 };
  const gitDefaults = { ...defaults, commitSelectionStrategy: 'NewestFromBranch' };
  const defaulted = { git: { ...git, ...gitDefaults } };
  const others = { commitSelectionStrategy: 'SemVer', strictSemvers: false, discoveryLimit: 5 };
  const other = { git: { ...git, ...others } };
  const image = { repoURL: 'registry.example.com/shop' };
  const chart = { repoURL: 'https://charts.example.com', name: 'shop' };

  test.each<[what: string, subscriptions: object[], stored: object[]]>([
    ['defaulted fields', [defaulted], [defaulted]],
    ['no defaulted fields', [{ git }], [defaulted]],
    ['other values than the defaults', [other], [other]],
    [
      'an image, a chart, and a kind that is not known yet',
      [{ image }, { chart }, { mystery: { name: 'm', config: { a: 1 } } }],
      [
        { image: { ...image, ...defaults, imageSelectionStrategy: 'SemVer' } },
        { chart: { ...chart, discoveryLimit: 20 } },
        { mystery: { name: 'm', config: { a: 1 }, subscriptionType: 'mystery', discoveryLimit: 20 } },
      ],
    ],
    [
      'a field that is not known yet',
      [{ git: { ...git, shallow: { depth: 1 } } }],
      [{ git: { ...git, shallow: { depth: 1 }, ...gitDefaults } }],
    ],
  ])('a Warehouse with %s', async (what, subscriptions, stored) => {
    const name = what.replaceAll(/[ ,]+/g, '-');
    const object = warehouse(WITH, name);
    await testbed.objects.create({ ...object, spec: { interval: '5m0s', subscriptions } });
    expect(await refresh('warehouses', name)).toMatchObject(REFRESHED);
    const { spec } = await testbed.objects.get('Warehouse', WITH, name);
    expect(spec).toMatchObject({ subscriptions: stored });
  });

  test.each<[what: string, shard: string | undefined, labels: object, stored: object | undefined]>([
    ['a shard and no label', 'east', {}, { [SHARD]: 'east' }],
    ['a label and no shard', undefined, { [SHARD]: 'east', team: 'a' }, { team: 'a' }],
    ['a label of another shard', 'east', { [SHARD]: 'west' }, { [SHARD]: 'east' }],
  ])('a Warehouse with %s', async (what, shard, labels, stored) => {
    const name = what.replaceAll(' ', '-');
    const { spec, ...object } = warehouse(WITH, name);
    const metadata = { ...object.metadata, labels: { ...labels } };
    await testbed.objects.create({ ...object, metadata, spec: { ...(spec as object), shard } });
    expect(await refresh('warehouses', name)).toMatchObject(REFRESHED);
    expect((await metadataOf('Warehouse', name)).labels).toEqual(stored);
  });

  const ofTest = { [STAGE]: 'test' };
  const labelled = { ...ofTest, team: 'a' };
  const ofEast = { [STAGE]: 'sharded', [SHARD]: 'east' };
  const ofLong = { [STAGE]: 'a-stage-whose-name-is-longer-than-the-sixty-three-char-7c34aab1' };
  test.each<[what: string, stage: string, marks: object, stored: object]>([
    ['a labelled Promotion', 'test', { labels: labelled, annotations: ofTest }, labelled],
    ['one of Kargo 1.10, without label and owner', 'test', { ownerReferences: [] }, ofTest],
    ['one whose Stage has since got a shard', 'sharded', { labels: { [STAGE]: 'sharded' } }, ofEast],
    ['one whose Stage has since lost its shard', 'test', { labels: { ...ofTest, [SHARD]: 'west' } }, ofTest],
    ['one whose Stage was created again', 'test', { ownerReferences: [ownerOf('Stage', 'test')] }, ofTest],
    ['one whose Stage has a name longer than a label', LONG_STAGE, {}, ofLong],
  ])('%s', async (what, stageName, marks, stored) => {
    const name = what.replaceAll(/[ ,.]+/g, '-').toLowerCase();
    const { metadata, ...object } = promotion(WITH, name, PULL_REQUEST, { spec: { stage: stageName } });
    const marked = { ...metadata, ownerReferences: [stageOwner], ...marks };
    await testbed.objects.create({ ...object, metadata: marked });
    expect(await refresh('promotions', name)).toMatchObject(REFRESHED);
    const { labels, annotations, ownerReferences } = await metadataOf('Promotion', name);
    expect(labels).toEqual(stored);
    expect(annotations).toMatchObject({ [REFRESH]: NOW, [STAGE]: stageName });
    expect(ownerReferences).toMatchObject([{ kind: 'Stage', name: stageName, controller: true }]);
  });
});

describe('the policy accepts from a later version of Kargo', () => {
  const owner = ownerOf('Stage', 'test', { apiVersion: 'kargo.akuity.io/v1', uid: 'c3d4' });
  test.each<[what: string, path: string, change: object]>([
    ['a field that it fills in', mainOf(WITHOUT), ofGit({ shallow: true })],
    ['another limit that it fills in', mainOf(WITHOUT), ofGit({ shallow: true, discoveryLimit: 50 })],
    ['the same interval in another notation', mainOf(WITHOUT), { spec: { interval: '300s' } }],
    ['an owner of another version', waitsOf(WITHOUT), { metadata: { ownerReferences: [owner] } }],
  ])('%s', async (_what, path, change) => {
    expect(await patchObject(receiver(), path, change)).toMatchObject({ code: 200 });
  });

  afterAll(async () => {
    const spec = { interval: '5m0s', subscriptions: SUBSCRIPTIONS };
    await patchObject(testbed.as(), mainOf(WITHOUT), { spec });
  });
});

const denied = (message: string): object => ({
  code: 422,
  body: { message: expect.stringContaining(`denied request: ${message}`) },
});

describe.each([
  ["with Kargo's webhooks", WITH],
  ['without them', WITHOUT],
])('the policy, %s, denies the receiver to write to', (_where, projectName) => {
  test.each(OF_A_WAREHOUSE)('a Warehouse %s', async (_what, change, message) => {
    expect(await patchObject(receiver(), mainOf(projectName), change)).toMatchObject(denied(message));
  });

  test.each(OF_A_PROMOTION)('a Promotion %s', async (_what, change, message) => {
    expect(await patchObject(receiver(), waitsOf(projectName), change)).toMatchObject(denied(message));
  });
});

describe.each(OF_A_STAGE)('a write to a Promotion of %s', (_what, change, message) => {
  test('is denied by the policy', async () => {
    expect(await patchObject(receiver(), waitsOf(WITHOUT), change)).toMatchObject(denied(message));
  });

  test("is undone by Kargo's webhooks", async () => {
    const { labels, annotations, ownerReferences } = await metadataOf('Promotion', 'waits');
    expect(await patchObject(receiver(), waitsOf(WITH), change)).toMatchObject({ code: 200 });
    const after = await metadataOf('Promotion', 'waits');
    expect(after).toMatchObject({ labels, annotations, ownerReferences });
  });
});

describe('the policy', () => {
  const metadata = { name: 'main', labels: { x: 'y' } };
  const applied = { apiVersion: 'kargo.akuity.io/v1alpha1', kind: 'Warehouse', metadata };

  test.each<[what: string, body: object, contentType: string]>([
    ['a JSON patch', [{ op: 'add', path: '/metadata/labels/x', value: 'y' }], 'application/json-patch+json'],
    ['an apply', applied, 'application/apply-patch+yaml'],
  ])('applies to %s too', async (_what, body, contentType) => {
    const path = `${mainOf(WITH)}?fieldManager=test`;
    const answer = await patchObject(receiver(), path, body, { contentType });
    expect(answer).toMatchObject(denied('a refresh writes no label: x'));
  });

  test('applies to users whom EKS puts into the group', async () => {
    const headers = {
      'impersonate-user': 'arn:aws:sts::111122223333:assumed-role/receiver/session',
      'impersonate-group': 'kargo-front-door:receiver',
    };
    const change = { spec: { interval: '1m0s' } };
    expect(await patchObject(testbed.as(), mainOf(WITH), change, { headers })).toMatchObject(
      denied('a refresh writes no spec: interval'),
    );
    for (const path of [mainOf(WITH), waitsOf(WITH)]) {
      expect(await patchObject(testbed.as(), path, REFRESH_PATCH, { headers })).toMatchObject({ code: 200 });
    }
  });

  test('does not apply to other users', async () => {
    const changed = { labels: { team: 'c' }, annotations: { more: 'x' } };
    const body = { spec: { interval: '7m0s' }, metadata: changed };
    expect(await patchObject(testbed.as(), mainOf(WITH), body)).toMatchObject({ code: 200, body });
  });

  test.each([
    ['50 subscriptions, 100 KB', 50, 2_000],
    ['1,000 subscriptions, 1 MB', 1_000, 950],
  ])('can be evaluated for a Warehouse of %s', async (what, count, bytes) => {
    const name = `large-${count}`;
    const large = Array.from({ length: count }, (_, index) => ({
      repoURL: `https://bitbucket.org/acme/shop-${index}`,
      includePaths: [what.padEnd(bytes)],
    }));
    await testbed.objects.create(warehouse(WITH, name, ...large));
    expect(await refresh('warehouses', name)).toMatchObject(REFRESHED);
  });
});
