import { beforeEach, describe, expect, test } from '@jest/globals';
import { passSeconds } from '../support/clock.ts';
import { coldReconciler, type ReconcilerHandler } from '../support/cold-functions.ts';
import { deliver, lambdaContext } from '../support/deliver.ts';
import { bitbucket, project, projectConfig, warehouse, clusterConfig } from '../support/kargo-objects.ts';
import {
  ALL_WELL,
  BASE,
  entryOf,
  METRICS,
  routeOf,
  SECRET,
  secretsOf,
  startRouteTestbed,
  type RouteTestbed,
} from '../support/route-testbed.ts';
import { useTestbed } from '../support/use-testbed.ts';

let testbed: RouteTestbed;

useTestbed(() => testbed);

const run = (reconciler: ReconcilerHandler) => reconciler({}, lambdaContext());

describe('more receivers than a project may have', () => {
  const receivers = ['a', 'b', 'c', 'd'].map((name) => bitbucket(name, name));
  const secrets = Object.fromEntries(['a', 'b', 'c', 'd'].map((name) => [`kargo/demo/${name}`, SECRET]));

  beforeEach(async () => {
    testbed = await startRouteTestbed({
      objects: [...project('demo', receivers), warehouse('demo', 'main')],
      secrets,
      settings: { MAX_RECEIVERS_PER_PROJECT: '2' },
    });
  });

  test('are named in the condition; they get no URL and no route, and their secrets are not read', async () => {
    await testbed.objects.patchStatus(projectConfig('demo', []), {
      webhookReceivers: [entryOf('demo', 'd')],
    });
    await testbed.reconcile();
    expect(await testbed.published('demo')).toEqual([routeOf('demo', 'a'), routeOf('demo', 'b')]);
    expect(testbed.routeKeys()).toEqual([routeOf('demo', 'a'), routeOf('demo', 'b')].toSorted());
    expect((await testbed.statusOf('demo')).conditions).toMatchObject([
      {
        status: 'False',
        reason: 'TooManyReceivers',
        message:
          `2 of 2 Bitbucket receiver(s) ready at ${BASE}. receivers "c", "d": not served. ` +
          'The limit of 2 Bitbucket receiver(s) per project is reached by those declared before. ' +
          'Delete receivers, or ask the platform team to raise MAX_RECEIVERS_PER_PROJECT.',
      },
    ]);
    expect(
      testbed.lines.lines.filter(({ message }) => message === 'receivers no longer served'),
    ).toMatchObject([{ level: 'WARN', config: 'ProjectConfig demo/demo', count: 1, receivers: ['d'] }]);
    const read = testbed.store.requests.map(({ body }) => body).join();
    expect(['a', 'b', 'c', 'd'].filter((name) => read.includes(`kargo/demo/${name}`))).toEqual(['a', 'b']);
    expect(testbed.lines.takeMetrics(...METRICS)).toEqual([ALL_WELL]);
  });

  test('are not served by the receiver function either', async () => {
    const receiver = await testbed.receiver();
    const send = (name: string) => deliver(receiver, { receiver: name, secret: SECRET });
    expect(await send('b')).toMatchObject({ status: 200 });
    passSeconds(3);
    expect(await send('c')).toEqual({ status: 404, body: {} });
  });
});

describe('while the secret of one project cannot be read', () => {
  let reconciler: ReconcilerHandler;

  beforeEach(async () => {
    testbed = await startRouteTestbed({
      objects: [...project('demo'), ...project('zoo')],
      secrets: secretsOf('demo', 'zoo'),
    });
    reconciler = await coldReconciler();
    await run(reconciler);
    // A secret that is not reported as changed is read again.
    passSeconds(3600);
  });

  test('the route of another receiver that is gone is removed, known from an earlier run', async () => {
    await testbed.objects.delete(projectConfig('zoo', []));
    testbed.denySecretsOf('demo');
    expect(await run(reconciler)).toEqual({ configs: 1, written: 1, failures: [] });
    expect(testbed.routeKeys()).toEqual([routeOf('demo')]);
  });

  test('the route of another receiver that is gone is removed, known from its status entry', async () => {
    await testbed.objects.patch(projectConfig('zoo', []), { spec: { webhookReceivers: [] } });
    testbed.denySecretsOf('demo');
    await testbed.reconcile();
    expect(testbed.routeKeys()).toEqual([routeOf('demo')]);
  });

  test('a route that may be its own stays', async () => {
    const unknown = testbed.gateway.add(`POST /bitbucket/${'d'.repeat(64)}`);
    testbed.denySecretsOf('demo');
    await run(reconciler);
    expect(testbed.routeKeys()).toEqual([unknown.routeKey, routeOf('demo'), routeOf('zoo')].toSorted());
    testbed.store.reset();
    await run(reconciler);
    expect(testbed.routeKeys()).toEqual([routeOf('demo'), routeOf('zoo')].toSorted());
  });

  test('new receivers of others are served', async () => {
    await testbed.objects.patch(projectConfig('zoo', []), {
      spec: { webhookReceivers: [bitbucket('bb'), bitbucket('new')] },
    });
    testbed.denySecretsOf('demo');
    await run(reconciler);
    expect(await testbed.published('zoo')).toEqual([routeOf('zoo'), routeOf('zoo', 'new')]);
  });

  test('one warning a run names the secret, one names the receiver, and the metric counts it until it ends', async () => {
    testbed.denySecretsOf('demo');
    testbed.lines.lines.length = 0;
    await run(reconciler);
    const logs = [...testbed.lines.lines];
    expect(logs.filter(({ message }) => message === 'secrets cannot be read')).toMatchObject([
      {
        level: 'WARN',
        count: 1,
        reasons: ['Secret "kargo/demo/bitbucket" cannot be read: AccessDeniedException'],
      },
    ]);
    expect(logs.filter(({ message }) => message === 'receiver no longer ready')).toMatchObject([
      { level: 'WARN', config: 'ProjectConfig demo/demo', receiver: 'bb', reason: 'SecretUnreadable' },
    ]);
    expect(testbed.lines.takeMetrics(...METRICS)).toEqual([{ ...ALL_WELL, UnreadyReceivers: 1 }]);
    await run(reconciler);
    expect(testbed.lines.takeLogs('receiver no longer ready')).toEqual([]);
    testbed.store.reset();
    await run(reconciler);
    expect(testbed.lines.takeMetrics(...METRICS)).toEqual([ALL_WELL]);
  });
});

test('one status that cannot be written holds back only the routes in it', async () => {
  const names = ['demo', 'pet', 'zoo'];
  testbed = await startRouteTestbed({
    objects: names.flatMap((name) => project(name)),
    secrets: secretsOf(...names),
  });
  await testbed.reconcile();
  for (const name of ['demo', 'zoo']) {
    await testbed.objects.patch(projectConfig(name, []), { spec: { webhookReceivers: [] } });
  }
  testbed.cluster.fault = ({ path }) =>
    path.endsWith('/projectconfigs/zoo/status') ? { kind: 'answer', status: 422, body: {} } : undefined;
  testbed.lines.lines.length = 0;
  await expect(testbed.reconcile()).rejects.toThrow(
    '1 failed: ProjectConfig zoo/zoo: its status could not be written',
  );
  expect(testbed.routeKeys()).toEqual([routeOf('pet'), routeOf('zoo')].toSorted());
  expect(testbed.lines.takeMetrics(...METRICS)).toEqual([{ ...ALL_WELL, ReconcileFailures: 1 }]);
});

test("a ClusterConfig that is too large for its status fails the run: it is no tenant's", async () => {
  testbed = await startRouteTestbed({
    objects: [clusterConfig([bitbucket('bb')])],
    secrets: secretsOf('kargo-system-resources'),
  });
  const body = { kind: 'Status', message: 'etcdserver: request is too large' };
  testbed.cluster.fault = ({ path }) =>
    path.endsWith('/clusterconfigs/cluster/status') ? { kind: 'answer', status: 500, body } : undefined;
  await expect(testbed.reconcile()).rejects.toThrow(
    '1 failed: ClusterConfig cluster: its status could not be written',
  );
});

test('one config that cannot be read holds back only the routes that may be its own', async () => {
  testbed = await startRouteTestbed({
    objects: [...project('demo'), ...project('zoo')],
    secrets: secretsOf('demo', 'zoo'),
  });
  const reconciler = await coldReconciler();
  await run(reconciler);
  const unknown = testbed.gateway.add(`POST /bitbucket/${'d'.repeat(64)}`);
  await testbed.objects.patch(projectConfig('zoo', []), { spec: { webhookReceivers: [] } });
  testbed.cluster.fault = ({ path }) =>
    path.includes('/projectconfigs?')
      ? { kind: 'rewrite', rewrite: (answer) => answer.replace('"generation":1', '"generation":"one"') }
      : undefined;
  await expect(run(reconciler)).rejects.toThrow(
    'ProjectConfig demo/demo: metadata.generation cannot be read',
  );
  expect(testbed.routeKeys()).toEqual([unknown.routeKey, routeOf('demo')].toSorted());
});

test('a run that the secret store ends counts as one failure', async () => {
  testbed = await startRouteTestbed({ objects: project('demo'), secrets: secretsOf('demo') });
  testbed.store.fault = () => ({
    kind: 'answer',
    status: 400,
    body: { __type: 'UnrecognizedClientException' },
  });
  await expect(testbed.reconcile()).rejects.toThrow('secret store unavailable: UnrecognizedClientException');
  expect(testbed.lines.takeMetrics(...METRICS)).toEqual([{ ReconcileFailures: 1 }]);
});
