import { afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { passSeconds, stopClock } from '../support/clock.ts';
import { coldReconciler, type ReconcilerHandler } from '../support/cold-functions.ts';
import { ConsoleLines } from '../support/console-lines.ts';
import { deliver, lambdaContext, receiverPath } from '../support/deliver.ts';
import { Gateway } from '../support/gateway.ts';
import {
  bitbucket,
  clusterConfig,
  namespace,
  project,
  projectConfig,
  warehouse,
} from '../support/kargo-objects.ts';
import { loadReconciler, LOADING_TIMEOUT_MS } from '../support/load-reconciler.ts';
import { startTestbed, type Testbed, type TestbedOptions } from '../support/testbed.ts';
import { skipWaits } from '../support/waits.ts';

const demo = projectConfig('demo', []);
const SECRET = '0123456789abcdef';
const KARGO = 'https://kargo.example.com';
const OTHER = 'https://other.example.com/hooks';
const OURS = 'https://hooks.example.com/kargo';
const FIELD = 'spec.webhookReceivers[0].bitbucket.secretRef.name';

function entryAt(base: string, name = 'bb', secret = SECRET, projectName = 'demo'): { url: string } {
  const hash = receiverPath(projectName, name, secret);
  return {
    name,
    path: `${new URL(base).pathname.replace(/\/$/, '')}${hash}`,
    url: `${base}${hash}`,
  } as never;
}

let testbed: Testbed;
let lines: ConsoleLines;

beforeAll(loadReconciler, LOADING_TIMEOUT_MS);
beforeEach(() => {
  stopClock();
  skipWaits();
});
afterEach(async () => {
  await testbed.close();
  jest.restoreAllMocks();
});

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
const statusOf = async (name = 'demo') =>
  (await testbed.objects.get('ProjectConfig', name, name)).status as {
    webhookReceivers?: { url: string }[];
    conditions?: { status: string; reason: string; message: string }[];
  };
const urls = async (): Promise<string[]> => ((await statusOf()).webhookReceivers ?? []).map(({ url }) => url);
const conditionOf = async () => (await statusOf()).conditions?.[0];

describe('where a Kargo server already publishes the receiver', () => {
  const notServed =
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
    expect(await conditionOf()).toMatchObject({
      status: 'False',
      reason: 'NotServedHere',
      message: notServed,
    });
    expect(writes()).toHaveLength(1);
    expect(
      new Set(lines.takeMetrics('UnreadyReceivers').map((metrics) => metrics['UnreadyReceivers'])),
    ).toEqual(new Set([0]));
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
    await testbed.objects.patchStatus(demo, {
      webhookReceivers: [entryAt(KARGO), entryAt(OURS, 'cc')],
    });
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
  test.each<[what: string, receivers: object[], secrets: Record<string, string>]>([
    ['one receiver', [bitbucket('bb')], {}],
    ['two receivers', [bitbucket('bb'), bitbucket('cc')], {}],
    ['a receiver that has no secret', [bitbucket('bb'), bitbucket('cc', 'gone')], {}],
  ])('stabilize with %s; the first one names the publisher', async (_what, receivers) => {
    await start({ objects: project('demo', receivers) });
    const [first, second] = [await reconcilerAt(OURS), await reconcilerAt(OTHER)];
    await run(first);
    await run(second);
    await run(first);
    await run(second);
    testbed.cluster.reset();
    lines.lines.length = 0;
    for (let round = 0; round < 8; round += 1) {
      passSeconds(60);
      await run(first);
      await run(second);
    }
    expect(writes()).toEqual([]);
    expect(await urls()).toContain(entryAt(OTHER).url);
    const contested = lines.takeMetrics('ContestedReceivers').map((metrics) => metrics['ContestedReceivers']);
    const count = receivers.filter((receiver) => JSON.stringify(receiver).includes('bitbucket"}')).length;
    expect(contested).toEqual(Array.from({ length: 16 }, (_, index) => (index % 2 === 0 ? count : 0)));
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
    const first = await reconcilerAt(OURS);
    const second = await reconcilerAt(OTHER);
    for (const reconciler of [first, second, first, second]) await run(reconciler);
    const denied = { kind: 'answer', status: 400, body: { __type: 'AccessDeniedException' } } as const;
    for (let round = 0; round < 3; round += 1) {
      // A secret that is not reported as changed is read again.
      passSeconds(3600);
      await run(first);
      // The key of the secret is closed to the second deployment alone.
      testbed.store.fault = () => denied;
      await run(second);
      testbed.store.reset();
    }
    testbed.cluster.reset();
    for (let round = 0; round < 5; round += 1) {
      passSeconds(60);
      await run(first);
      testbed.store.fault = () => denied;
      await run(second);
      testbed.store.reset();
    }
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

describe('PROJECTS', () => {
  const CLUSTER = clusterConfig([bitbucket('bb')]);
  const objects = [
    ...project('demo'),
    ...project('team-a'),
    ...project('team-b'),
    namespace('kargo-system-resources'),
    CLUSTER,
  ];
  const secrets = {
    'kargo/demo/bitbucket': SECRET,
    'kargo/team-a/bitbucket': SECRET,
    'kargo/team-b/bitbucket': SECRET,
    'kargo/kargo-system-resources/bitbucket': SECRET,
  };

  test.each([
    ['', ['/clusterconfigs/cluster', '/demo', '/team-a', '/team-b']],
    ['demo', ['/demo']],
    ['team-*,(cluster)', ['/clusterconfigs/cluster', '/team-a', '/team-b']],
    ['*', ['/demo', '/team-a', '/team-b']],
    ['(cluster)', ['/clusterconfigs/cluster']],
    ['other', []],
  ])('"%s" writes to nothing else', async (PROJECTS, written) => {
    await start({ objects, secrets, settings: { PROJECTS } });
    await testbed.reconcile();
    expect(
      writes()
        .map((path) => String(/(\/clusterconfigs\/cluster|\/[^/]+)\/status$/.exec(path)?.[1]))
        .toSorted(),
    ).toEqual(written);
  });

  test('excludes the secrets of other projects, and their unreadable configs', async () => {
    await start({ objects, secrets, settings: { PROJECTS: 'demo' } });
    testbed.cluster.fault = ({ path }) =>
      path.includes('/projectconfigs?')
        ? {
            kind: 'rewrite',
            rewrite: (answer) =>
              answer.replaceAll(
                /("name":"team-a".*?)"webhookReceivers":\[/g,
                '$1"webhookReceivers":"x","x":[',
              ),
          }
        : undefined;
    expect(await testbed.reconcile()).toEqual({ configs: 1, written: 1, failures: [] });
    expect(testbed.store.requests.filter(({ body }) => body.includes('team-'))).toEqual([]);
  });

  test('that leaves a project out answers its deliveries 404', async () => {
    await start({
      objects: [...objects, warehouse('demo', 'main')],
      secrets,
      settings: { PROJECTS: 'demo' },
    });
    const receiver = await testbed.receiver();
    expect(await deliver(receiver, { project: 'demo', secret: SECRET })).toMatchObject({ status: 200 });
    passSeconds(3);
    expect(await deliver(receiver, { project: 'team-a', secret: SECRET })).toEqual({ status: 404, body: {} });
  });
});

describe('DRY_RUN', () => {
  test('writes nothing, and logs what it would write', async () => {
    const gateway = new Gateway();
    await gateway.start();
    const stale = gateway.add(`POST /bitbucket/${'c'.repeat(64)}`);
    await start({
      settings: { DRY_RUN: 'true', ROUTES_API_ID: 'api', AWS_ENDPOINT_URL_APIGATEWAYV2: gateway.url },
    });
    await testbed.objects.patchStatus(demo, { webhookReceivers: [entryAt(KARGO)] });
    const reconciler = await coldReconciler();
    expect(await run(reconciler)).toEqual({ configs: 1, written: 0, planned: 3, failures: [] });
    const planned = lines.lines.filter(({ message }) => String(message).startsWith('dry run'));
    expect(planned).toMatchObject([
      {
        level: 'INFO',
        message: 'dry run: route not added',
        hash: receiverPath('demo', 'bb', SECRET).slice(11),
      },
      {
        message: 'dry run: status not written',
        config: 'ProjectConfig demo/demo',
        published: [entryAt(OURS).url],
        withdrawn: [entryAt(KARGO).url],
        faults: [],
      },
      { message: 'dry run: route not removed', hash: 'c'.repeat(64) },
    ]);
    expect(writes()).toEqual([]);
    expect(gateway.changes).toEqual([]);
    expect(gateway.routes).toEqual([stale]);
    // A dry run publishes nothing, so the next one plans the same.
    expect(await run(reconciler)).toMatchObject({ planned: 3 });
    await gateway.stop();
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
