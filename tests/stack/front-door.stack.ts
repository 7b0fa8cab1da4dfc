import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { until } from '../cluster/functions/until.ts';
import { receiverPath } from '../support/deliver.ts';
import { bitbucket, namespace, projectConfig, warehouse } from '../support/kargo-objects.ts';
import { removeIndex } from '../support/testbed.ts';
import type { Invoked } from './account.ts';
import {
  DEPLOYED_NAMES,
  deploy,
  packageWith,
  prepareFor,
  remove,
  TOOLS,
  type Packaged,
} from './deployments.ts';
import { inventory } from './inventory.ts';
import { postDelivery } from './post-delivery.ts';
import { redrive } from './redrive.ts';
import { runDoctor } from './run-doctor.ts';
import { startStage, type Stage } from './stage.ts';

/** Routes of another owner on the same API, one of them with a key of the reconciler's form. */
const FOREIGN = ['GET /health', `POST /bitbucket/${'f'.repeat(64)}`];

const REFRESHED = { status: 200, body: { msg: 'refreshed 1 warehouse(s)' } };
const UNAVAILABLE = { status: 503, body: { error: 'temporarily unavailable' } };

/** The gateway's own answer, without a function. */
const NOT_FOUND = { status: 404, body: { message: 'Not Found' } };

let stage: Stage;

beforeAll(async () => {
  stage = await startStage({ auth: true });
});

afterAll(() => stage?.close());

describe.each(TOOLS)('deployed with %s', (tool) => {
  const name = DEPLOYED_NAMES[tool];
  const [receiver, reconciler, redelivery] = [`${name}-receiver`, `${name}-reconciler`, `${name}-redelivery`];
  // Without a controller the deletion of a namespace never ends: each deployment has its own.
  const demo = `demo-${tool}`;
  const main = warehouse(demo, 'main');
  const config = projectConfig(demo, [bitbucket('bb'), bitbucket('other', 'other')]);
  const withoutReceiver = { spec: { webhookReceivers: [bitbucket('other', 'other')] } };
  const secretNames = [`kargo/${demo}/bitbucket`, `kargo/${demo}/other`] as const;
  const first = receiverPath(demo, 'bb', 'first');
  const second = receiverPath(demo, 'bb', 'second');
  const other = receiverPath(demo, 'other', 'else');
  let packaged: Packaged;
  let before: string[];
  let api: { id: string; endpoint: string };
  let retries: string;
  let deadLetters: string;

  beforeAll(async () => {
    packaged = await packageWith(tool, stage.emulator.scratch, {
      KUBECONFIG_SECRET_ID: 'kargo-front-door/kubeconfig',
    });
    await prepareFor(packaged, stage);
    before = await inventory(stage.emulator.clientConfig);
    await deploy(packaged, stage.emulator);
    api = await stage.account.api(name);
    retries = await stage.queues.urlOf(`${name}-retries`);
    deadLetters = await stage.queues.urlOf(`${name}-retries-dead`);
    await stage.account.addForeignRoutes(api.id, FOREIGN);
    await stage.createKubeconfig();
    await stage.secrets.create(secretNames[0], JSON.stringify({ secret: 'first' }));
    await stage.secrets.create(secretNames[1], 'else');
    await stage.objects.create(namespace(demo), config, main);
  });

  afterAll(async () => {
    await stage.objects.delete(config);
    await stage.objects.delete(main);
  });

  const statusOf = async () => (await stage.objects.get('ProjectConfig', demo, demo)).status;
  const routes = () => stage.account.routes(api.id);
  const post = (path: string, secret: string) => postDelivery(`${api.endpoint}${path}`, { secret });
  const reconcile = () => stage.account.invoke(reconciler);

  test('the scheduled reconciler writes the URLs to the status and adds their routes to the API', async () => {
    await until(async () => (await statusOf()) !== undefined);
    expect(await statusOf()).toMatchObject({
      webhookReceivers: [
        { name: 'bb', path: first, url: `${api.endpoint}${first}` },
        { name: 'other', path: other, url: `${api.endpoint}${other}` },
      ],
      conditions: [{ type: 'BitbucketReceiversReady', status: 'True' }],
    });
    expect(await routes()).toEqual([...FOREIGN, `POST ${first}`, `POST ${other}`].toSorted());
    // From here on the tests run the reconciler.
    await stage.account.stopSchedules();
  });

  test('a push to the published URL refreshes the Warehouse', async () => {
    const { webhookReceivers } = (await statusOf()) as { webhookReceivers: [{ url: string }] };
    expect(await postDelivery(webhookReceivers[0].url, { secret: 'first' })).toEqual(REFRESHED);
    expect(await stage.objects.takeRefreshed()).toEqual([`Warehouse ${demo}/main`]);
  });

  test.each([
    ['another secret', { signedWith: 'wrong' }, { error: 'unauthorized' }],
    ['nothing', { signature: null }, { error: 'missing signature' }],
  ])('rejects a delivery signed with %s', async (_what, delivery, body) => {
    expect(await postDelivery(`${api.endpoint}${first}`, delivery)).toEqual({ status: 401, body });
    expect(await stage.objects.takeRefreshed()).toEqual([]);
  });

  test.each([['/'], ['/bitbucket'], [`/bitbucket/${'0'.repeat(64)}`], [`${first}/more`]])(
    'the gateway itself rejects %s, without invoking a function',
    async (path) => {
      const runs = await stage.account.runs(receiver);
      expect(runs).toBeGreaterThan(0);
      expect(await post(path, 'first')).toEqual(NOT_FOUND);
      expect(await stage.account.runs(receiver)).toBe(runs);
    },
  );

  test('a rotated secret has a URL and a route of its own, and the previous one stays valid', async () => {
    await stage.secrets.rotate(secretNames[0], JSON.stringify({ secret: 'second' }));
    expect(await reconcile()).toEqual({ failed: false, payload: { configs: 1, written: 1, failures: [] } });
    expect(await statusOf()).toMatchObject({ webhookReceivers: [{ url: `${api.endpoint}${second}` }, {}] });
    expect(await routes()).toEqual(
      [...FOREIGN, `POST ${first}`, `POST ${second}`, `POST ${other}`].toSorted(),
    );
    expect(await post(first, 'first')).toEqual(REFRESHED);
    expect(await post(second, 'second')).toEqual(REFRESHED);
  });

  test('a second run changes nothing', async () => {
    expect(await reconcile()).toEqual({ failed: false, payload: { configs: 1, written: 0, failures: [] } });
  });

  test('doctor finds what these deployments lack, and that the rest is right', async () => {
    const rows = await runDoctor(name, stage.emulator);
    expect(rows).toMatchObject({
      settings: 'ok',
      cluster: 'ok',
      kargo: 'ok',
      receivers: 'ok',
      secrets: [
        `${demo}/bb: Secret "${secretNames[0]}" has 6 bytes, fewer than 16`,
        `${demo}/other: Secret "${secretNames[1]}" has 4 bytes, fewer than 16`,
      ],
      'status URLs': 'ok',
      routes: 'ok',
      // The emulator's alarms ignore dimensions: errors of the other deployment count here too.
      alarms: expect.arrayContaining(['no alarm has an action, so that nobody is notified']),
      'other deployments': 'ok',
      leftovers: 'ok',
    });
  }, 60_000);

  test('the routes of a removed receiver are removed, and no others', async () => {
    await stage.objects.patch(config, withoutReceiver);
    expect(await reconcile()).toMatchObject({ failed: false });
    expect(await routes()).toEqual([...FOREIGN, `POST ${other}`].toSorted());
    expect(await post(second, 'second')).toEqual(NOT_FOUND);
    expect(await post(other, 'else')).toEqual(REFRESHED);
  });

  test('a receiver that is declared again has its URL and routes again', async () => {
    await stage.objects.patch(config, { spec: config.spec });
    expect(await reconcile()).toMatchObject({ failed: false });
    expect(await post(first, 'first')).toEqual(REFRESHED);
    expect(await post(second, 'second')).toEqual(REFRESHED);
  });

  /** Sends a delivery while the cluster API is unreachable, to a receiver that has read its configuration before. */
  const postWhileDown = async (): Promise<unknown> => {
    expect(await post(second, 'second')).toEqual(REFRESHED);
    await stage.objects.takeRefreshed();
    const resume = await stage.cluster.interrupt();
    // After a second the receiver reads the index again.
    await sleep(1_100);
    const answer = await post(second, 'second');
    await resume();
    return answer;
  };
  const isRefreshed = async (): Promise<boolean> =>
    (await stage.objects.takeRefreshed()).includes(`Warehouse ${demo}/main`);

  test('a delivery while the cluster is down is queued, and done when it is back', async () => {
    expect(await postWhileDown()).toEqual({ status: 202, body: { msg: 'queued: cluster API unreachable' } });
    await until(isRefreshed);
    await until(async () => (await stage.queues.count(retries)) === 0);
    expect(await stage.queues.count(deadLetters)).toBe(0);
  });

  test('what cannot be read is moved to the dead-letter queue, and redrive shows it', async () => {
    await stage.queues.send(retries, 'hello');
    await until(async () => (await stage.queues.count(deadLetters)) === 1);
    expect(await stage.queues.read(deadLetters)).toEqual([
      { body: 'hello', reason: 'unreadable: it is not JSON' },
    ]);
    const shown = await redrive(name, stage.emulator);
    expect(shown).toContain('not a message of this version\n          why: unreadable: it is not JSON');
    expect(shown).toContain('1 message(s) in the dead-letter queue');
    await stage.queues.purge(deadLetters);
  });

  test('redrive sends a message of the dead-letter queue back, and it is done', async () => {
    await stage.queues.send(deadLetters, JSON.stringify(queuedPush(demo)));
    expect(await redrive(name, stage.emulator, '--all')).toContain('1 sent back, 0 message(s)');
    await until(isRefreshed);
  });

  /** Sends a message to the retry queue, and returns whether it is still there after the function has run. */
  const isKept = async (message: object | string): Promise<boolean> => {
    const runs = await stage.account.runs(redelivery);
    await stage.queues.send(retries, typeof message === 'string' ? message : JSON.stringify(message));
    await until(async () => (await stage.account.runs(redelivery)) > runs);
    const left = await stage.queues.count(retries);
    await stage.queues.purge(retries);
    return left === 1;
  };

  const run = async (): Promise<unknown> => errorOf(await reconcile());
  const runWithoutReceiver = async (): Promise<unknown> => {
    await stage.objects.patch(config, withoutReceiver);
    return run();
  };
  const current = () => post(second, 'second');
  /** Without the index, and with a URL that is no longer in the status, the receiver searches all secrets for it. */
  const previous = async () => {
    await removeIndex(stage.objects);
    return post(first, 'first');
  };
  /** The second run is warm: it reads what was changed, where it can list that. */
  const runAfterRotation = async (): Promise<unknown> => {
    await run();
    await stage.secrets.rotate(secretNames[1], 'something else');
    return run();
  };
  const unnoticed = { configs: 1, written: 0, failures: [] };
  const noRoutes = (verb: string): string =>
    `1 failed: routes could not be ${verb}: API Gateway unavailable: AccessDeniedException`;
  const noKubeconfig =
    'cluster API not configured: Secret "kargo-front-door/kubeconfig" cannot be read: AccessDeniedException';
  const noStore = 'secret store unavailable: AccessDeniedException';

  /** Runs the reconciler and returns the reason of the condition that it writes. */
  const runForReason = async (): Promise<unknown> => {
    await run();
    const { status } = await stage.objects.get('ProjectConfig', demo, demo);
    return (status as { conditions: { reason: string }[] }).conditions[0]?.reason;
  };

  const GRANTS: readonly {
    readonly role: string;
    readonly sid: string;
    /** Whose policy allows the same, and is removed too. */
    readonly queue?: () => string;
    readonly act: () => Promise<unknown>;
    readonly becomes: unknown;
  }[] = [
    { role: receiver, sid: 'ReadReceiverSecrets', act: current, becomes: UNAVAILABLE },
    { role: receiver, sid: 'BatchReceiverSecrets', act: previous, becomes: UNAVAILABLE },
    { role: receiver, sid: 'ReadKubeconfig', act: current, becomes: UNAVAILABLE },
    {
      role: receiver,
      sid: 'QueueUnfinished',
      queue: () => retries,
      act: postWhileDown,
      becomes: { status: 503, body: { error: 'cluster API unreachable' } },
    },
    { role: redelivery, sid: 'ReadKubeconfig', act: () => isKept(queuedPush(demo)), becomes: true },
    {
      role: redelivery,
      sid: 'ReceiveUnfinished',
      queue: () => retries,
      act: () => isKept('hello'),
      becomes: true,
    },
    {
      role: redelivery,
      sid: 'BuryMessages',
      queue: () => deadLetters,
      act: () => isKept('hello'),
      becomes: true,
    },
    { role: reconciler, sid: 'ReadReceiverSecrets', act: runForReason, becomes: 'SecretUnreadable' },
    { role: reconciler, sid: 'BatchReceiverSecrets', act: run, becomes: noStore },
    { role: reconciler, sid: 'ListSecretChanges', act: runAfterRotation, becomes: unnoticed },
    { role: reconciler, sid: 'ReadKubeconfig', act: run, becomes: noKubeconfig },
    { role: reconciler, sid: 'ListAndAddRoutes', act: run, becomes: noRoutes('added') },
    { role: reconciler, sid: 'RemoveRoutes', act: runWithoutReceiver, becomes: noRoutes('removed') },
    { role: reconciler, sid: 'FindIntegration', act: run, becomes: noRoutes('added') },
  ];

  test.each(GRANTS)('$role needs $sid', async ({ role, sid, queue, act, becomes }) => {
    const giveBack = await stage.grants.withhold(role, sid);
    const setPolicyAgain = queue === undefined ? undefined : await stage.queues.withholdPolicy(queue());
    const became = await settle(act());
    await giveBack();
    await setPolicyAgain?.();
    if (became instanceof Error) throw became;
    await stage.objects.patch(config, { spec: config.spec });
    expect(became).toEqual(becomes);
    expect(await reconcile()).toMatchObject({ failed: false });
    expect(await current()).toEqual(REFRESHED);
  });

  test('each role has no other rights', async () => {
    const shown = (ofRole: string): string[] =>
      GRANTS.flatMap(({ role, sid }) => (role === ofRole ? sid : []));
    // The emulator writes the logs itself.
    expect(await stage.grants.of(receiver)).toEqual(['WriteLogs', ...shown(receiver)]);
    expect(await stage.grants.of(reconciler)).toEqual(['WriteLogs', ...shown(reconciler)]);
    // A message of which a part is done is shown on the fakes: tests/functions/redelivery.test.ts.
    expect((await stage.grants.of(redelivery)).toSorted()).toEqual(
      ['WriteLogs', 'QueueUnfinished', ...shown(redelivery)].toSorted(),
    );
  });

  test('removing it leaves its logs, and nothing else', async () => {
    for (const secretName of secretNames) await stage.secrets.delete(secretName);
    await stage.deleteKubeconfig();
    await remove(packaged, stage.emulator);
    const logs = [
      `/aws/apigateway/${name}`,
      ...[receiver, reconciler, redelivery].map((one) => `/aws/lambda/${one}`),
    ];
    const left = [...before, ...logs.map((group) => `log group ${group}`)];
    expect(await inventory(stage.emulator.clientConfig)).toEqual(left.toSorted());
  });
});

/** A message of the retry queue: a push of which the Warehouse `main` is left. */
function queuedPush(project: string): object {
  const now = new Date().toISOString();
  return {
    version: 1,
    target: 'kargo',
    event: { kind: 'push', addresses: ['bitbucket.org/acme/shop'], refs: [{ kind: 'branch', name: 'main' }] },
    project,
    receiver: 'bb',
    only: [`${project}/main`],
    reason: 'cluster API unreachable',
    since: now,
    queuedAt: now,
  };
}

/** Resolves with the error where it fails, so that what was withheld is given back. */
function settle(acting: Promise<unknown>): Promise<unknown> {
  return acting.catch((error: unknown) => error);
}

function errorOf({ failed, payload }: Invoked): unknown {
  return failed ? (payload as { errorMessage: string }).errorMessage : payload;
}
