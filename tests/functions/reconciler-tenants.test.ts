import { afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { passSeconds, stopClock } from '../support/clock.ts';
import { coldReconciler, type ReconcilerHandler } from '../support/cold-functions.ts';
import { ConsoleLines } from '../support/console-lines.ts';
import { deliver, lambdaContext, receiverPath } from '../support/deliver.ts';
import { Gateway } from '../support/gateway.ts';
import { bitbucket, project, projectConfig, warehouse } from '../support/kargo-objects.ts';
import { loadReconciler, LOADING_TIMEOUT_MS } from '../support/load-reconciler.ts';
import { startTestbed, type Testbed, type TestbedOptions } from '../support/testbed.ts';
import { skipWaits } from '../support/waits.ts';

const SECRET = '0123456789abcdef';
const BASE = 'https://hooks.example.com/kargo';
const METRICS = ['ReconcileFailures', 'UnreadyReceivers', 'RouteMissing', 'ContestedReceivers'];
const ALL_WELL = { ReconcileFailures: 0, UnreadyReceivers: 0, RouteMissing: 0, ContestedReceivers: 0 };

const routeOf = (name: string, receiver = 'bb', secret = SECRET): string =>
  `POST ${receiverPath(name, receiver, secret)}`;

let testbed: Testbed;
let gateway: Gateway;
let lines: ConsoleLines;

beforeAll(loadReconciler, LOADING_TIMEOUT_MS);

beforeEach(async () => {
  stopClock();
  skipWaits();
  gateway = new Gateway();
  await gateway.start();
});

afterEach(async () => {
  await testbed.close();
  await gateway.stop();
  jest.restoreAllMocks();
});

const start = async ({ settings, ...options }: TestbedOptions): Promise<void> => {
  testbed = await startTestbed({
    ...options,
    settings: {
      ROUTES_API_ID: 'api',
      AWS_ENDPOINT_URL_APIGATEWAYV2: gateway.url,
      LOG_LEVEL: 'INFO',
      POWERTOOLS_METRICS_DISABLED: 'false',
      ...settings,
    },
  });
  lines = new ConsoleLines();
};
const secretsOf = (...names: string[]): Record<string, string> =>
  Object.fromEntries(names.map((name) => [`kargo/${name}/bitbucket`, SECRET]));
const run = (reconciler: ReconcilerHandler) => reconciler({}, lambdaContext());
const routeKeys = (): string[] => gateway.routes.map(({ routeKey }) => routeKey).toSorted();
const statusOf = async (name: string) =>
  (await testbed.objects.get('ProjectConfig', name, name)).status as {
    webhookReceivers: { name: string; url: string }[];
    conditions: { status: string; reason: string; message: string }[];
  };
const published = async (name: string): Promise<string[]> =>
  (await statusOf(name)).webhookReceivers.map(({ url }) => url.replace(BASE, 'POST '));
const entryOf = (name: string, receiver: string, secret = SECRET): object => {
  const path = `/kargo${receiverPath(name, receiver, secret)}`;
  return { name: receiver, path, url: `https://hooks.example.com${path}` };
};
/** Denies every read of a project's secrets. */
const denySecretsOf = (name: string): void => {
  testbed.store.fault = ({ operation, body }) => {
    if (operation !== 'BatchGetSecretValue') {
      return body.includes(`kargo/${name}/`)
        ? { kind: 'answer', status: 400, body: { __type: 'AccessDeniedException' } }
        : undefined;
    }
    const rewrite = (answer: string): string => {
      const { SecretValues, Errors = [] } = JSON.parse(answer) as {
        SecretValues: { Name: string }[];
        Errors?: object[];
      };
      const denied = SecretValues.filter(({ Name }) => Name.startsWith(`kargo/${name}/`));
      return JSON.stringify({
        SecretValues: SecretValues.filter((value) => !denied.includes(value)),
        Errors: [
          ...Errors,
          ...denied.map(({ Name }) => ({ SecretId: Name, ErrorCode: 'AccessDeniedException' })),
        ],
      });
    };
    return { kind: 'rewrite', rewrite };
  };
};

describe('more receivers than a project may have', () => {
  const receivers = ['a', 'b', 'c', 'd'].map((name) => bitbucket(name, name));
  const secrets = Object.fromEntries(['a', 'b', 'c', 'd'].map((name) => [`kargo/demo/${name}`, SECRET]));

  beforeEach(async () => {
    await start({
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
    expect(await published('demo')).toEqual([routeOf('demo', 'a'), routeOf('demo', 'b')]);
    expect(routeKeys()).toEqual([routeOf('demo', 'a'), routeOf('demo', 'b')].toSorted());
    expect((await statusOf('demo')).conditions).toMatchObject([
      {
        status: 'False',
        reason: 'TooManyReceivers',
        message:
          `2 of 2 Bitbucket receiver(s) ready at ${BASE}. receivers "c", "d": not served. ` +
          'The limit of 2 Bitbucket receiver(s) per project is reached by those declared before. ' +
          'Delete receivers, or ask the platform team to raise MAX_RECEIVERS_PER_PROJECT.',
      },
    ]);
    expect(lines.lines.filter(({ message }) => message === 'receivers no longer served')).toMatchObject([
      { level: 'WARN', config: 'ProjectConfig demo/demo', count: 1, receivers: ['d'] },
    ]);
    const read = testbed.store.requests.map(({ body }) => body).join();
    expect(['a', 'b', 'c', 'd'].filter((name) => read.includes(`kargo/demo/${name}`))).toEqual(['a', 'b']);
    expect(lines.takeMetrics(...METRICS)).toEqual([ALL_WELL]);
  });

  test('are not served by the receiver function either', async () => {
    const receiver = await testbed.receiver();
    const send = (name: string) => deliver(receiver, { receiver: name, secret: SECRET });
    expect(await send('b')).toMatchObject({ status: 200 });
    passSeconds(3);
    expect(await send('c')).toEqual({ status: 404, body: {} });
  });
});

describe('a project that holds all routes', () => {
  const names = Array.from({ length: 1_000 }, (_, index) => `r-${String(index).padStart(4, '0')}`);
  const served = names.slice(0, 20).map((name) => routeOf('grabber', name));
  const rotation = [routeOf('rotating'), routeOf('rotating', 'bb', 'old')];

  /** Uses up the quota except one route, with receivers over the limit that may have been served before there was one. */
  async function grabRoutes(quota: number): Promise<void> {
    gateway.quota = quota;
    gateway.add(routeOf('rotating', 'bb', 'old'));
    const routed = names.slice(1 - quota);
    for (const name of routed) gateway.add(routeOf('grabber', name));
    await testbed.objects.patchStatus(projectConfig('grabber', []), {
      webhookReceivers: routed.map((name) => entryOf('grabber', name)),
    });
    await testbed.secrets.rotate('kargo/rotating/bitbucket', SECRET);
  }

  beforeEach(async () => {
    const receivers = names.map((name) => bitbucket(name));
    await start({
      objects: [
        ...project('grabber', receivers),
        ...project('neighbour'),
        ...project('rotating'),
        ...project('unreadable'),
      ],
      secrets: { ...secretsOf('grabber', 'neighbour', 'unreadable'), 'kargo/rotating/bitbucket': 'old' },
    });
  });

  // 300 is API Gateway's default quota.
  test.each<[what: string, quota: number, prepare: () => void, alsoRouted: string[]]>([
    ['', 300, () => undefined, [routeOf('unreadable')]],
    [', while the secret of a third one cannot be read', 60, () => denySecretsOf('unreadable'), []],
  ])(
    'does not prevent routes for a new receiver and for a rotation of other projects in the next run%s',
    async (_what, quota, prepare, alsoRouted) => {
      await grabRoutes(quota);
      prepare();
      expect(await testbed.reconcile()).toMatchObject({ failures: [] });
      expect(await published('neighbour')).toEqual([routeOf('neighbour')]);
      expect(await published('rotating')).toEqual([routeOf('rotating')]);
      expect(await published('grabber')).toEqual(served);
      expect(routeKeys()).toEqual([...served, ...alsoRouted, ...rotation, routeOf('neighbour')].toSorted());
      expect(lines.takeMetrics('RouteMissing')).toEqual([{ RouteMissing: 0 }]);
      // Before the rest is added and published, only as many as needed are removed.
      const [removed, added, removedNext] = gateway.changes;
      expect(added).toBe(`POST ${routeOf('rotating')}`);
      expect([removed, removedNext].map((change) => change?.split(' ', 1)[0])).toEqual(['DELETE', 'DELETE']);
    },
    30_000,
  );
});

describe('a gateway with too small a quota', () => {
  beforeEach(async () => {
    const receivers = ['r1', 'r2', 'r3'].map((name) => bitbucket(name));
    await start({
      objects: [...project('first', receivers), ...project('second', receivers)],
      secrets: secretsOf('first', 'second'),
    });
  });

  test('is shared among the projects, and receivers without a route are counted', async () => {
    gateway.quota = 4;
    expect(await testbed.reconcile()).toMatchObject({ failures: [] });
    expect(routeKeys()).toEqual(
      ['first', 'second'].flatMap((name) => [routeOf(name, 'r1'), routeOf(name, 'r2')]).toSorted(),
    );
    expect(await published('second')).toEqual([routeOf('second', 'r1'), routeOf('second', 'r2')]);
    expect((await statusOf('second')).conditions).toMatchObject([{ reason: 'RouteMissing' }]);
    expect(lines.takeMetrics(...METRICS)).toEqual([{ ...ALL_WELL, UnreadyReceivers: 2, RouteMissing: 2 }]);
  });

  test('is asked once for a route that it cannot add', async () => {
    gateway.quota = 4;
    const reconciler = await coldReconciler();
    await run(reconciler);
    gateway.changes.length = 0;
    const posts: string[] = [];
    gateway.refuse = (method, path) => {
      if (method === 'POST') posts.push(path);
      return undefined;
    };
    await run(reconciler);
    expect(posts).toHaveLength(1);
    expect(gateway.changes).toEqual([]);
  });

  test('keeps the previous route of a rotation until the new one can be added', async () => {
    gateway.quota = 6;
    const reconciler = await coldReconciler();
    await run(reconciler);
    await testbed.secrets.rotate('kargo/first/bitbucket', 'fedcba9876543210');
    await run(reconciler);
    expect(routeKeys()).toContain(routeOf('first', 'r1'));
    expect(await published('first')).toEqual(['r1', 'r2', 'r3'].map((name) => routeOf('first', name)));
    expect(lines.takeMetrics('RouteMissing')).toEqual([{ RouteMissing: 0 }, { RouteMissing: 3 }]);
    gateway.quota = 7;
    await run(reconciler);
    expect(await published('first')).toEqual([
      routeOf('first', 'r1', 'fedcba9876543210'),
      routeOf('first', 'r2'),
      routeOf('first', 'r3'),
    ]);
    // The previous routes are removed after the grace, which makes room for the rest.
    passSeconds(168 * 3600);
    await run(reconciler);
    expect(await published('first')).toEqual(
      ['r1', 'r2', 'r3'].map((name) => routeOf('first', name, 'fedcba9876543210')),
    );
    expect(lines.takeMetrics('RouteMissing').at(-1)).toEqual({ RouteMissing: 0 });
  });

  test('keeps the place of a rotation whose grace has ended for its successor, not for a new receiver', async () => {
    gateway.quota = 6;
    const reconciler = await coldReconciler();
    await run(reconciler);
    await testbed.secrets.rotate('kargo/second/bitbucket', 'fedcba9876543210');
    await run(reconciler);
    await testbed.objects.create(...project('added'));
    await testbed.secrets.create('kargo/added/bitbucket', SECRET);
    passSeconds(168 * 3600);
    await run(reconciler);
    await run(reconciler);
    expect(await published('second')).toEqual(
      ['r1', 'r2', 'r3'].map((name) => routeOf('second', name, 'fedcba9876543210')),
    );
    expect(routeKeys()).not.toContain(routeOf('added'));
  });

  test('loses no route where only the request rate is exceeded', async () => {
    gateway.add(`POST /bitbucket/${'c'.repeat(64)}`);
    gateway.refuse = (method) =>
      method === 'POST'
        ? { status: 429, type: 'TooManyRequestsException', message: 'Rate exceeded' }
        : undefined;
    await expect(testbed.reconcile()).rejects.toThrow('routes could not be added: API Gateway unavailable');
    // The unneeded route is removed at the end, after the statuses.
    expect(gateway.changes).toEqual([`DELETE POST /bitbucket/${'c'.repeat(64)}`]);
  });
});

describe('while the secret of one project cannot be read', () => {
  let reconciler: ReconcilerHandler;

  beforeEach(async () => {
    await start({ objects: [...project('demo'), ...project('zoo')], secrets: secretsOf('demo', 'zoo') });
    reconciler = await coldReconciler();
    await run(reconciler);
    // A secret that is not reported as changed is read again.
    passSeconds(3600);
  });

  test('the route of another receiver that is gone is removed, known from an earlier run', async () => {
    await testbed.objects.delete(projectConfig('zoo', []));
    denySecretsOf('demo');
    expect(await run(reconciler)).toEqual({ configs: 1, written: 1, failures: [] });
    expect(routeKeys()).toEqual([routeOf('demo')]);
  });

  test('the route of another receiver that is gone is removed, known from its status entry', async () => {
    await testbed.objects.patch(projectConfig('zoo', []), { spec: { webhookReceivers: [] } });
    denySecretsOf('demo');
    await testbed.reconcile();
    expect(routeKeys()).toEqual([routeOf('demo')]);
  });

  test('a route that may be its own stays', async () => {
    const unknown = gateway.add(`POST /bitbucket/${'d'.repeat(64)}`);
    denySecretsOf('demo');
    await run(reconciler);
    expect(routeKeys()).toEqual([unknown.routeKey, routeOf('demo'), routeOf('zoo')].toSorted());
    testbed.store.reset();
    await run(reconciler);
    expect(routeKeys()).toEqual([routeOf('demo'), routeOf('zoo')].toSorted());
  });

  test('new receivers of others are served', async () => {
    await testbed.objects.patch(projectConfig('zoo', []), {
      spec: { webhookReceivers: [bitbucket('bb'), bitbucket('new')] },
    });
    denySecretsOf('demo');
    await run(reconciler);
    expect(await published('zoo')).toEqual([routeOf('zoo'), routeOf('zoo', 'new')]);
  });

  test('one warning a run names the secret, one names the receiver, and the metric counts it until it ends', async () => {
    denySecretsOf('demo');
    lines.lines.length = 0;
    await run(reconciler);
    const logs = [...lines.lines];
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
    expect(lines.takeMetrics(...METRICS)).toEqual([{ ...ALL_WELL, UnreadyReceivers: 1 }]);
    await run(reconciler);
    expect(lines.takeLogs('receiver no longer ready')).toEqual([]);
    testbed.store.reset();
    await run(reconciler);
    expect(lines.takeMetrics(...METRICS)).toEqual([ALL_WELL]);
  });
});

test('one status that cannot be written holds back only the routes in it', async () => {
  const names = ['demo', 'pet', 'zoo'];
  await start({ objects: names.flatMap((name) => project(name)), secrets: secretsOf(...names) });
  await testbed.reconcile();
  for (const name of ['demo', 'zoo']) {
    await testbed.objects.patch(projectConfig(name, []), { spec: { webhookReceivers: [] } });
  }
  testbed.cluster.fault = ({ path }) =>
    path.endsWith('/projectconfigs/zoo/status') ? { kind: 'answer', status: 422, body: {} } : undefined;
  lines.lines.length = 0;
  await expect(testbed.reconcile()).rejects.toThrow(
    '1 failed: ProjectConfig zoo/zoo: its status could not be written',
  );
  expect(routeKeys()).toEqual([routeOf('pet'), routeOf('zoo')].toSorted());
  expect(lines.takeMetrics(...METRICS)).toEqual([{ ...ALL_WELL, ReconcileFailures: 1 }]);
});

test('one config that cannot be read holds back only the routes that may be its own', async () => {
  await start({ objects: [...project('demo'), ...project('zoo')], secrets: secretsOf('demo', 'zoo') });
  const reconciler = await coldReconciler();
  await run(reconciler);
  const unknown = gateway.add(`POST /bitbucket/${'d'.repeat(64)}`);
  await testbed.objects.patch(projectConfig('zoo', []), { spec: { webhookReceivers: [] } });
  testbed.cluster.fault = ({ path }) =>
    path.includes('/projectconfigs?')
      ? { kind: 'rewrite', rewrite: (answer) => answer.replace('"generation":1', '"generation":"one"') }
      : undefined;
  await expect(run(reconciler)).rejects.toThrow(
    'ProjectConfig demo/demo: metadata.generation cannot be read',
  );
  expect(routeKeys()).toEqual([unknown.routeKey, routeOf('demo')].toSorted());
});

test('a run that the secret store ends counts as one failure', async () => {
  await start({ objects: project('demo'), secrets: secretsOf('demo') });
  testbed.store.fault = () => ({
    kind: 'answer',
    status: 400,
    body: { __type: 'UnrecognizedClientException' },
  });
  await expect(testbed.reconcile()).rejects.toThrow('secret store unavailable: UnrecognizedClientException');
  expect(lines.takeMetrics(...METRICS)).toEqual([{ ReconcileFailures: 1 }]);
});
