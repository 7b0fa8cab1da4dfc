import { afterAll, beforeAll, beforeEach, expect, jest, test } from '@jest/globals';
import type { ReconcilerHandler } from '../../support/cold-functions.ts';
import { deliver, lambdaContext, receiverPath, type ReceiverHandler } from '../../support/deliver.ts';
import { bitbucket, clusterConfig, project, projectConfig, warehouse } from '../../support/kargo-objects.ts';
import { KargoController } from './kargo-controller.ts';
import { keepMarking, marksOf } from './marking-writer.ts';
import { startClusterTestbed, type ClusterTestbed } from './cluster-testbed.ts';

const PROJECTS = Array.from({ length: 8 }, (_, index) => `writers-${index}`);
const CLUSTER = clusterConfig([bitbucket('bb')]);
/** The ProjectConfigs and the ClusterConfig. */
const ALL = PROJECTS.length + 1;
const ROUNDS = 15;
const READY = { type: 'BitbucketReceiversReady', status: 'True' };

let testbed: ClusterTestbed;
let receiver: ReceiverHandler;
let first: ReconcilerHandler;
let second: ReconcilerHandler;

beforeAll(async () => {
  jest.spyOn(console, 'error').mockImplementation(() => undefined);
  const names = ['kargo-system-resources', ...PROJECTS];
  testbed = await startClusterTestbed({
    secrets: Object.fromEntries(names.map((name) => [`kargo/${name}/bitbucket`, 's3cret'])),
  });
  const receivers = [{ name: 'gh', github: { secretRef: { name: 'github' } } }, bitbucket('bb')];
  await testbed.objects.create(...PROJECTS.flatMap((name) => project(name, receivers)), CLUSTER);
  await testbed.objects.create(warehouse('writers-0', 'main'));
  receiver = await testbed.receiver();
  first = await testbed.reconciler();
  second = await testbed.reconciler();
});

beforeEach(async () => {
  for (const name of PROJECTS) await setStatus(name, { webhookReceivers: null, conditions: null });
  await testbed.objects.patchStatus(CLUSTER, { webhookReceivers: null, conditions: null });
});

afterAll(() => testbed.close());

function setStatus(name: string, status: object): Promise<void> {
  return testbed.objects.patchStatus(projectConfig(name, []), status);
}

function ownEntry(name: string): object {
  const path = `/kargo${receiverPath(name)}`;
  return { name: 'bb', path, url: `https://hooks.example.com${path}` };
}

const run = (reconcile: ReconcilerHandler) => reconcile({}, lambdaContext());

/** Runs both reconcilers concurrently and returns the number of statuses that they wrote together. */
async function runBoth(): Promise<number> {
  const results = await Promise.all([run(first), run(second)]);
  return results.reduce((sum, { written }) => sum + written, 0);
}

test('two concurrent reconcilers write each status once', async () => {
  expect(await runBoth()).toBe(ALL);
  expect(await runBoth()).toBe(0);
});

test('changes of a third concurrent writer are never lost, and the statuses become stable', async () => {
  const over = new AbortController();
  const reconciling = [first, second].map(async (reconcile) => {
    // A run fails where other writers change a status again and again.
    while (!over.signal.aborted) await run(reconcile).catch(() => undefined);
  });
  const lost = await Promise.all(PROJECTS.map((name) => keepMarking(testbed.objects, name, ROUNDS)));
  over.abort();
  await Promise.all(reconciling);
  expect(lost.flat()).toEqual([]);

  await runBoth();
  expect(await runBoth()).toBe(0);
  const { entry, condition } = marksOf(ROUNDS - 1);
  for (const name of PROJECTS) {
    const { status } = await testbed.objects.get('ProjectConfig', name, name);
    expect(status).toEqual({
      webhookReceivers: [entry, ownEntry(name)],
      conditions: expect.arrayContaining([condition, expect.objectContaining(READY)]),
    });
  }
});

test("Kargo's controller with the same secret writes the same entries, and no write undoes another", async () => {
  const kargo = new KargoController(testbed.objects, 's3cret');
  const round = async (): Promise<number> => {
    const before = kargo.writes;
    const [written] = await Promise.all([runBoth(), ...PROJECTS.map((name) => kargo.reconcile(name))]);
    return written + kargo.writes - before;
  };
  // Whoever patches without a resourceVersion may overwrite in the first rounds what he has not read.
  for (let rounds = 0; rounds < 3; rounds += 1) await round();
  expect(await round()).toBe(0);
  for (const name of PROJECTS) {
    const { status } = await testbed.objects.get('ProjectConfig', name, name);
    expect(status).toMatchObject({ webhookReceivers: [{ name: 'gh' }, ownEntry(name)] });
  }
});

test("where Kargo's controller lacks the secret and blanks the lists, each is written again once, and deliveries succeed", async () => {
  const kargo = new KargoController(testbed.objects, undefined);
  await runBoth();
  for (let rounds = 0; rounds < 3; rounds += 1) {
    await Promise.all(PROJECTS.map((name) => kargo.reconcile(name)));
    expect(await deliver(receiver, { project: 'writers-0' })).toMatchObject({ status: 200 });
    expect(await deliver(await testbed.receiver(), { project: 'writers-0' })).toMatchObject({ status: 200 });
    expect(await runBoth()).toBe(PROJECTS.length);
    expect(await runBoth()).toBe(0);
  }
  const { status } = await testbed.objects.get('ProjectConfig', 'writers-0', 'writers-0');
  expect(status).toMatchObject({
    webhookReceivers: [ownEntry('writers-0')],
    conditions: [READY, { type: 'Ready', status: 'False', reason: 'SecretNotFound' }],
  });
});
