import { beforeEach, describe, expect, test } from '@jest/globals';
import { passSeconds } from '../support/clock.ts';
import { coldReconciler, type ReconcilerHandler } from '../support/cold-functions.ts';
import { lambdaContext } from '../support/deliver.ts';
import { bitbucket, project, projectConfig } from '../support/kargo-objects.ts';
import {
  ALL_WELL,
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

describe('a project that holds all routes', () => {
  const names = Array.from({ length: 1_000 }, (_, index) => `r-${String(index).padStart(4, '0')}`);
  const served = names.slice(0, 20).map((name) => routeOf('grabber', name));
  const rotation = [routeOf('rotating'), routeOf('rotating', 'bb', 'old')];

  /** Uses up the quota except one route, with receivers over the limit that may have been served before there was one. */
  async function grabRoutes(quota: number): Promise<void> {
    testbed.gateway.quota = quota;
    testbed.gateway.add(routeOf('rotating', 'bb', 'old'));
    const routed = names.slice(1 - quota);
    for (const name of routed) testbed.gateway.add(routeOf('grabber', name));
    await testbed.objects.patchStatus(projectConfig('grabber', []), {
      webhookReceivers: routed.map((name) => entryOf('grabber', name)),
    });
    await testbed.secrets.rotate('kargo/rotating/bitbucket', SECRET);
  }

  beforeEach(async () => {
    const receivers = names.map((name) => bitbucket(name));
    testbed = await startRouteTestbed({
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
    [', while the secret of a third one cannot be read', 60, () => testbed.denySecretsOf('unreadable'), []],
  ])(
    'does not prevent routes for a new receiver and for a rotation of other projects in the next run%s',
    async (_what, quota, prepare, alsoRouted) => {
      await grabRoutes(quota);
      prepare();
      expect(await testbed.reconcile()).toMatchObject({ failures: [] });
      expect(await testbed.published('neighbour')).toEqual([routeOf('neighbour')]);
      expect(await testbed.published('rotating')).toEqual([routeOf('rotating')]);
      expect(await testbed.published('grabber')).toEqual(served);
      expect(testbed.routeKeys()).toEqual(
        [...served, ...alsoRouted, ...rotation, routeOf('neighbour')].toSorted(),
      );
      expect(testbed.lines.takeMetrics('RouteMissing')).toEqual([{ RouteMissing: 0 }]);
      // Before the rest is added and published, only as many as needed are removed.
      const [removed, added, removedNext] = testbed.gateway.changes;
      expect(added).toBe(`POST ${routeOf('rotating')}`);
      expect([removed, removedNext].map((change) => change?.split(' ', 1)[0])).toEqual(['DELETE', 'DELETE']);
    },
    30_000,
  );
});

describe('a gateway with too small a quota', () => {
  beforeEach(async () => {
    const receivers = ['r1', 'r2', 'r3'].map((name) => bitbucket(name));
    testbed = await startRouteTestbed({
      objects: [...project('first', receivers), ...project('second', receivers)],
      secrets: secretsOf('first', 'second'),
    });
  });

  test('is shared among the projects, and receivers without a route are counted', async () => {
    testbed.gateway.quota = 4;
    expect(await testbed.reconcile()).toMatchObject({ failures: [] });
    expect(testbed.routeKeys()).toEqual(
      ['first', 'second'].flatMap((name) => [routeOf(name, 'r1'), routeOf(name, 'r2')]).toSorted(),
    );
    expect(await testbed.published('second')).toEqual([routeOf('second', 'r1'), routeOf('second', 'r2')]);
    expect((await testbed.statusOf('second')).conditions).toMatchObject([{ reason: 'RouteMissing' }]);
    expect(testbed.lines.takeMetrics(...METRICS)).toEqual([
      { ...ALL_WELL, UnreadyReceivers: 2, RouteMissing: 2 },
    ]);
  });

  test('is asked once for a route that it cannot add', async () => {
    testbed.gateway.quota = 4;
    const reconciler = await coldReconciler();
    await run(reconciler);
    testbed.gateway.changes.length = 0;
    const posts: string[] = [];
    testbed.gateway.refuse = (method, path) => {
      if (method === 'POST') posts.push(path);
      return undefined;
    };
    await run(reconciler);
    expect(posts).toHaveLength(1);
    expect(testbed.gateway.changes).toEqual([]);
  });

  test('keeps the previous route of a rotation until the new one can be added', async () => {
    testbed.gateway.quota = 6;
    const reconciler = await coldReconciler();
    await run(reconciler);
    await testbed.secrets.rotate('kargo/first/bitbucket', 'fedcba9876543210');
    await run(reconciler);
    expect(testbed.routeKeys()).toContain(routeOf('first', 'r1'));
    expect(await testbed.published('first')).toEqual(
      ['r1', 'r2', 'r3'].map((name) => routeOf('first', name)),
    );
    expect(testbed.lines.takeMetrics('RouteMissing')).toEqual([{ RouteMissing: 0 }, { RouteMissing: 3 }]);
    testbed.gateway.quota = 7;
    await run(reconciler);
    expect(await testbed.published('first')).toEqual([
      routeOf('first', 'r1', 'fedcba9876543210'),
      routeOf('first', 'r2'),
      routeOf('first', 'r3'),
    ]);
    // The previous routes are removed after the grace, which makes room for the rest.
    passSeconds(168 * 3600);
    await run(reconciler);
    expect(await testbed.published('first')).toEqual(
      ['r1', 'r2', 'r3'].map((name) => routeOf('first', name, 'fedcba9876543210')),
    );
    expect(testbed.lines.takeMetrics('RouteMissing').at(-1)).toEqual({ RouteMissing: 0 });
  });

  test('keeps the place of a rotation whose grace has ended for its successor, not for a new receiver', async () => {
    testbed.gateway.quota = 6;
    const reconciler = await coldReconciler();
    await run(reconciler);
    await testbed.secrets.rotate('kargo/second/bitbucket', 'fedcba9876543210');
    await run(reconciler);
    await testbed.objects.create(...project('added'));
    await testbed.secrets.create('kargo/added/bitbucket', SECRET);
    passSeconds(168 * 3600);
    await run(reconciler);
    await run(reconciler);
    expect(await testbed.published('second')).toEqual(
      ['r1', 'r2', 'r3'].map((name) => routeOf('second', name, 'fedcba9876543210')),
    );
    expect(testbed.routeKeys()).not.toContain(routeOf('added'));
  });

  test('loses no route where only the request rate is exceeded', async () => {
    testbed.gateway.add(`POST /bitbucket/${'c'.repeat(64)}`);
    testbed.gateway.refuse = (method) =>
      method === 'POST'
        ? { status: 429, type: 'TooManyRequestsException', message: 'Rate exceeded' }
        : undefined;
    await expect(testbed.reconcile()).rejects.toThrow('routes could not be added: API Gateway unavailable');
    // The unneeded route is removed at the end, after the statuses.
    expect(testbed.gateway.changes).toEqual([`DELETE POST /bitbucket/${'c'.repeat(64)}`]);
  });
});
