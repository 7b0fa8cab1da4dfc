import { describe, expect, test } from '@jest/globals';
import { passSeconds } from '../support/clock.ts';
import { coldReconciler, type ReconcilerHandler } from '../support/cold-functions.ts';
import { deliver, lambdaContext, receiverPath } from '../support/deliver.ts';
import {
  bitbucket,
  clusterConfig,
  namespace,
  project,
  projectConfig,
  warehouse,
} from '../support/kargo-objects.ts';
import { SECRET, secretsOf, startRouteTestbed } from '../support/route-testbed.ts';
import { startTestbed, type Testbed } from '../support/testbed.ts';
import { useTestbed } from '../support/use-testbed.ts';

// Settings that limit what a reconciler reads and writes.

let testbed: Testbed;

useTestbed(() => testbed);

const run = (reconciler: ReconcilerHandler) => reconciler({}, lambdaContext());
/** Paths of the writes besides those of the index, of which each run writes the time. */
const writes = (): string[] =>
  testbed.cluster.requests
    .filter(({ method, path }) => method !== 'GET' && !path.includes('/configmaps'))
    .map(({ path }) => path);

describe('PROJECTS', () => {
  const CLUSTER = clusterConfig([bitbucket('bb')]);
  const objects = [
    ...project('demo'),
    ...project('team-a'),
    ...project('team-b'),
    namespace('kargo-system-resources'),
    CLUSTER,
  ];
  const secrets = secretsOf('demo', 'team-a', 'team-b', 'kargo-system-resources');

  test.each([
    ['', ['/clusterconfigs/cluster', '/demo', '/team-a', '/team-b']],
    ['demo', ['/demo']],
    ['team-*,(cluster)', ['/clusterconfigs/cluster', '/team-a', '/team-b']],
    ['*', ['/demo', '/team-a', '/team-b']],
    ['(cluster)', ['/clusterconfigs/cluster']],
    ['other', []],
  ])('"%s" writes to nothing else', async (PROJECTS, written) => {
    testbed = await startTestbed({ objects, secrets, settings: { PROJECTS } });
    await testbed.reconcile();
    expect(
      writes()
        .map((path) => String(/(\/clusterconfigs\/cluster|\/[^/]+)\/status$/.exec(path)?.[1]))
        .toSorted(),
    ).toEqual(written);
  });

  test('excludes the secrets of other projects, and their unreadable configs', async () => {
    testbed = await startTestbed({ objects, secrets, settings: { PROJECTS: 'demo' } });
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
    testbed = await startTestbed({
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
    const settings = { DRY_RUN: 'true' };
    const started = await startRouteTestbed({
      objects: project('demo'),
      secrets: secretsOf('demo'),
      settings,
    });
    testbed = started;
    const { gateway, lines } = started;
    const stale = gateway.add(`POST /bitbucket/${'c'.repeat(64)}`);
    const path = receiverPath('demo', 'bb', SECRET);
    const kargos = { name: 'bb', path, url: `https://kargo.example.com${path}` };
    await testbed.objects.patchStatus(projectConfig('demo', []), { webhookReceivers: [kargos] });
    const reconciler = await coldReconciler();
    expect(await run(reconciler)).toEqual({ configs: 1, written: 0, planned: 3, failures: [] });
    const planned = lines.lines.filter(({ message }) => String(message).startsWith('dry run'));
    expect(planned).toMatchObject([
      { level: 'INFO', message: 'dry run: route not added', hash: path.slice(11) },
      {
        message: 'dry run: status not written',
        config: 'ProjectConfig demo/demo',
        published: [`https://hooks.example.com/kargo${path}`],
        withdrawn: [kargos.url],
        faults: [],
      },
      { message: 'dry run: route not removed', hash: 'c'.repeat(64) },
    ]);
    expect(writes()).toEqual([]);
    expect(gateway.changes).toEqual([]);
    expect(gateway.routes).toEqual([stale]);
    // A dry run publishes nothing, so the next one plans the same.
    expect(await run(reconciler)).toMatchObject({ planned: 3 });
  });
});
