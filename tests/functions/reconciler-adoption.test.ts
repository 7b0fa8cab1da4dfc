import { describe, expect, test } from '@jest/globals';
import { passSeconds } from '../support/clock.ts';
import { coldReconciler, type ReconcilerHandler } from '../support/cold-functions.ts';
import { ConsoleLines } from '../support/console-lines.ts';
import { lambdaContext, receiverPath } from '../support/deliver.ts';
import { bitbucket, project, projectConfig } from '../support/kargo-objects.ts';
import { startTestbed, type Testbed, type TestbedOptions } from '../support/testbed.ts';
import { useTestbed } from '../support/use-testbed.ts';

const demo = projectConfig('demo', []);
const SECRET = '0123456789abcdef';
const KARGO = 'https://kargo.example.com';
const OTHER = 'https://other.example.com/hooks';
const OURS = 'https://hooks.example.com/kargo';
const FIELD = 'spec.webhookReceivers[0].bitbucket.secretRef.name';

/** Returns the entry of a receiver that is published at this base URL. */
function entryAt(base: string, name = 'bb'): { url: string } {
  const path = receiverPath('demo', name, SECRET);
  return {
    name,
    path: `${new URL(base).pathname.replace(/\/$/, '')}${path}`,
    url: `${base}${path}`,
  } as never;
}

let testbed: Testbed;
let lines: ConsoleLines;

useTestbed(() => testbed);

const start = async (options: TestbedOptions = {}): Promise<void> => {
  testbed = await startTestbed({
    objects: project('demo'),
    secrets: { 'kargo/demo/bitbucket': SECRET },
    ...options,
    settings: { LOG_LEVEL: 'INFO', POWERTOOLS_METRICS_DISABLED: 'false', ...options.settings },
  });
  lines = new ConsoleLines();
};
const run = (reconciler: ReconcilerHandler) => reconciler({}, lambdaContext());
const reconcilerAt = async (base: string): Promise<ReconcilerHandler> => {
  process.env['RECEIVER_BASE_URL'] = base;
  return coldReconciler();
};
/** Paths of the writes besides those of the index, of which each run writes the time. */
const writes = (): string[] =>
  testbed.cluster.requests
    .filter(({ method, path }) => method !== 'GET' && !path.includes('/configmaps'))
    .map(({ path }) => path);
const statusOf = async () =>
  (await testbed.objects.get('ProjectConfig', 'demo', 'demo')).status as {
    webhookReceivers?: { url: string }[];
    conditions?: { status: string; reason: string; message: string }[];
  };
const urls = async (): Promise<string[]> => ((await statusOf()).webhookReceivers ?? []).map(({ url }) => url);
const conditionOf = async () => (await statusOf()).conditions?.[0];
const takeValues = (metric: string): unknown[] => lines.takeMetrics(metric).map((metrics) => metrics[metric]);

describe('where a Kargo server already publishes the receiver', () => {
  const message =
    'receiver "bb": not served here. Secret "kargo/demo/bitbucket" not found in Secrets Manager. ' +
    'Create it to serve the receiver here; https://kargo.example.com stays published by another server.';

  test('keeps its entry for ten runs, and the condition says that the receiver is not served here', async () => {
    await start({ secrets: {} });
    const published = entryAt(KARGO);
    await testbed.objects.patchStatus(demo, { webhookReceivers: [published] });
    const reconciler = await coldReconciler();
    for (let round = 0; round < 10; round += 1) {
      await run(reconciler);
      passSeconds(60);
    }
    expect((await statusOf()).webhookReceivers).toEqual([published]);
    expect(await conditionOf()).toMatchObject({ status: 'False', reason: 'NotServedHere', message });
    expect(writes()).toHaveLength(1);
    expect(new Set(takeValues('UnreadyReceivers'))).toEqual(new Set([0]));
  });

  test.each([
    ['empty', '{"secret":""}'],
    ['malformed', '{}'],
  ])('keeps its entry where the secret here is %s', async (_what, text) => {
    await start({ secrets: { 'kargo/demo/bitbucket': text } });
    await testbed.objects.patchStatus(demo, { webhookReceivers: [entryAt(KARGO)] });
    await testbed.reconcile();
    expect(await urls()).toEqual([entryAt(KARGO).url]);
    expect(await conditionOf()).toMatchObject({ reason: 'NotServedHere' });
  });

  test('takes the receiver over once its secret is created', async () => {
    await start({ secrets: {} });
    await testbed.objects.patchStatus(demo, { webhookReceivers: [entryAt(KARGO)] });
    const reconciler = await coldReconciler();
    await run(reconciler);
    await testbed.secrets.create('kargo/demo/bitbucket', SECRET);
    await run(reconciler);
    expect(await urls()).toEqual([entryAt(OURS).url]);
    expect(await conditionOf()).toMatchObject({ status: 'True' });
  });

  test('withdraws its URL when the secret is deleted here, and can take the receiver over again', async () => {
    await start();
    const reconciler = await coldReconciler();
    await run(reconciler);
    await testbed.secrets.delete('kargo/demo/bitbucket');
    await run(reconciler);
    expect(await urls()).toEqual([]);
    await testbed.objects.patchStatus(demo, { webhookReceivers: [entryAt(KARGO)] });
    await run(reconciler);
    expect(await conditionOf()).toMatchObject({ reason: 'NotServedHere' });
    await testbed.secrets.create('kargo/demo/bitbucket', SECRET);
    await run(reconciler);
    expect(await urls()).toEqual([entryAt(OURS).url]);
  });

  test('removes only its own entry of a deleted receiver', async () => {
    await start({ objects: project('demo', []) });
    await testbed.objects.patchStatus(demo, { webhookReceivers: [entryAt(KARGO), entryAt(OURS, 'cc')] });
    await testbed.reconcile();
    expect(await urls()).toEqual([entryAt(KARGO).url]);
  });
});

test('follows a change of its own base URL', async () => {
  await start();
  await run(await reconcilerAt(OTHER));
  const reconciler = await reconcilerAt(OURS);
  await run(reconciler);
  await run(reconciler);
  expect(await urls()).toEqual([entryAt(OURS).url]);
  expect(await conditionOf()).toMatchObject({
    status: 'True',
    message: `1 Bitbucket receiver(s) ready at ${OURS}`,
  });
});

describe('two deployments for the same project', () => {
  test.each<[what: string, contested: number, receivers: object[]]>([
    ['one receiver', 1, [bitbucket('bb')]],
    ['two receivers', 2, [bitbucket('bb'), bitbucket('cc')]],
    ['a receiver that has no secret', 1, [bitbucket('bb'), bitbucket('cc', 'gone')]],
  ])('stabilize with %s; the first one names the publisher', async (_what, contested, receivers) => {
    await start({ objects: project('demo', receivers) });
    const [first, second] = [await reconcilerAt(OURS), await reconcilerAt(OTHER)];
    for (const reconciler of [first, second, first, second]) await run(reconciler);
    testbed.cluster.reset();
    lines.lines.length = 0;
    for (let round = 0; round < 8; round += 1) {
      passSeconds(60);
      await run(first);
      await run(second);
    }
    expect(writes()).toEqual([]);
    expect(await urls()).toContain(entryAt(OTHER).url);
    expect(takeValues('ContestedReceivers')).toEqual(
      Array.from({ length: 16 }, (_, index) => (index % 2 === 0 ? contested : 0)),
    );
  });

  test('stabilize where each has the secret of another receiver', async () => {
    await start({
      objects: project('demo', [bitbucket('bb', 'b'), bitbucket('cc', 'c')]),
      secrets: { 'kargo/demo/b': SECRET, 'other/demo/c': SECRET },
    });
    const first = await reconcilerAt(OURS);
    process.env['SECRET_NAME_TEMPLATE'] = 'other/{namespace}/{name}';
    const second = await reconcilerAt(OTHER);
    for (let round = 0; round < 3; round += 1) await Promise.all([run(first), run(second)]);
    testbed.cluster.reset();
    for (let round = 0; round < 7; round += 1) {
      await run(first);
      await run(second);
    }
    expect(writes()).toEqual([]);
    expect(await urls()).toEqual([entryAt(OURS).url, entryAt(OTHER, 'cc').url]);
  });

  test('settle where the one that publishes has no ready receiver', async () => {
    await start();
    const [first, second] = [await reconcilerAt(OURS), await reconcilerAt(OTHER)];
    for (const reconciler of [first, second, first, second]) await run(reconciler);
    const denied = { kind: 'answer', status: 400, body: { __type: 'AccessDeniedException' } } as const;
    const runBothAfter = async (seconds: number): Promise<void> => {
      passSeconds(seconds);
      await run(first);
      // The key of the secret is closed to the second deployment alone.
      testbed.store.fault = () => denied;
      await run(second);
      testbed.store.reset();
    };
    // After an hour, a secret that is not reported as changed is read again.
    for (let round = 0; round < 3; round += 1) await runBothAfter(3600);
    testbed.cluster.reset();
    for (let round = 0; round < 5; round += 1) await runBothAfter(60);
    expect(writes()).toEqual([]);
    expect(await conditionOf()).toMatchObject({ status: 'False', reason: 'SecretUnreadable' });
  });

  test('keep a URL that was taken over, name its publisher, and log it once', async () => {
    await start();
    const reconciler = await coldReconciler();
    await run(reconciler);
    await testbed.objects.patchStatus(demo, { webhookReceivers: [entryAt(KARGO)] });
    lines.lines.length = 0;
    await run(reconciler);
    expect(await urls()).toEqual([entryAt(KARGO).url]);
    const message =
      `receiver "bb": another server publishes it at ${KARGO}, where ${OURS} was published before. ` +
      'Its entry is kept. Let only one of the two serve the project (setting PROJECTS).';
    expect(await conditionOf()).toMatchObject({ status: 'False', reason: 'PublishedElsewhere', message });
    expect(lines.takeLogs('receiver no longer ready')).toMatchObject([
      { level: 'WARN', config: 'ProjectConfig demo/demo', receiver: 'bb', reason: 'PublishedElsewhere' },
    ]);
    await run(reconciler);
    expect(lines.takeLogs('receiver no longer ready')).toEqual([]);
  });

  test('continue after the other one stops publishing', async () => {
    await start();
    const reconciler = await coldReconciler();
    await run(reconciler);
    await testbed.objects.patchStatus(demo, { webhookReceivers: [entryAt(KARGO)] });
    await run(reconciler);
    await testbed.objects.patchStatus(demo, { webhookReceivers: null });
    await run(reconciler);
    expect(await urls()).toEqual([entryAt(OURS).url]);
    expect(await conditionOf()).toMatchObject({ status: 'True' });
  });
});

test('does not log a receiver that was never published here as no longer ready', async () => {
  await start({ secrets: {} });
  const reconciler = await coldReconciler();
  await run(reconciler);
  await run(reconciler);
  expect(lines.takeLogs('receiver no longer ready')).toEqual([]);
  expect(await conditionOf()).toMatchObject({
    message: `receiver "bb": Secret "kargo/demo/bitbucket" not found in Secrets Manager. Create it or correct ${FIELD}.`,
  });
});
