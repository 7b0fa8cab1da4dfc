import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { until } from '../cluster/functions/until.ts';
import {
  createDemo,
  deleteSecrets,
  demoOf,
  deployFrontDoor,
  namesOf,
  queuedPush,
  REFRESHED,
  rotateDemo,
  type FrontDoor,
} from './deployed-front-door.ts';
import { remove, TOOLS } from './deployments.ts';
import { inventory } from './inventory.ts';
import { postDelivery } from './post-delivery.ts';
import { redrive } from './redrive.ts';
import { runDoctor } from './run-doctor.ts';
import { startStage, type Stage } from './stage.ts';

/** Routes of another owner on the same API, one of them with a key of the reconciler's form. */
const FOREIGN = ['GET /health', `POST /bitbucket/${'f'.repeat(64)}`];

/** The gateway's own answer, without a function. */
const NOT_FOUND = { status: 404, body: { message: 'Not Found' } };

let stage: Stage;

beforeAll(async () => {
  stage = await startStage({ auth: true });
});

afterAll(() => stage?.close());

describe.each(TOOLS)('deployed with %s', (tool) => {
  const { name, receiver, reconciler, redelivery } = namesOf(tool);
  const demo = demoOf(tool);
  const { project, main, config, withoutReceiver, secretNames, first, second, other } = demo;
  let frontDoor: FrontDoor;
  let api: FrontDoor['api'];
  let post: FrontDoor['post'];
  let reconcile: FrontDoor['reconcile'];

  beforeAll(async () => {
    frontDoor = await deployFrontDoor(tool, stage);
    ({ api, post, reconcile } = frontDoor);
    await stage.account.addForeignRoutes(api.id, FOREIGN);
    await createDemo(stage, demo);
  });

  afterAll(async () => {
    await stage.objects.delete(config);
    await stage.objects.delete(main);
  });

  const statusOf = async () => (await stage.objects.get('ProjectConfig', project, project)).status;
  const routes = () => stage.account.routes(api.id);

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
    expect(await stage.objects.takeRefreshed()).toEqual([`Warehouse ${project}/main`]);
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
    await rotateDemo(stage, demo);
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
        `${project}/bb: Secret "${secretNames[0]}" has 6 bytes, fewer than 16`,
        `${project}/other: Secret "${secretNames[1]}" has 4 bytes, fewer than 16`,
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
  const isRefreshed = async (): Promise<boolean> =>
    (await stage.objects.takeRefreshed()).includes(`Warehouse ${project}/main`);

  test.each<[what: string, send: () => Promise<unknown>]>([
    ['has read its configuration', () => frontDoor.postWhileDown(second, 'second')],
    ['starts with it', () => frontDoor.postColdWhileDown(second, 'second')],
  ])(
    'a delivery while the cluster is down is queued by a receiver that %s, and done when it is back',
    async (_what, send) => {
      await stage.objects.takeRefreshed();
      expect(await send()).toEqual({ status: 202, body: { msg: 'queued: cluster API unreachable' } });
      await until(isRefreshed);
      await until(async () => (await stage.queues.count(frontDoor.retries)) === 0);
      expect(await stage.queues.count(frontDoor.deadLetters)).toBe(0);
    },
  );

  test('what cannot be read is moved to the dead-letter queue, and redrive shows it', async () => {
    await stage.queues.send(frontDoor.retries, 'hello');
    await until(async () => (await stage.queues.count(frontDoor.deadLetters)) === 1);
    expect(await stage.queues.read(frontDoor.deadLetters)).toEqual([
      { body: 'hello', reason: 'unreadable: it is not JSON' },
    ]);
    const shown = await redrive(name, stage.emulator);
    expect(shown).toContain('not a message of this version\n          why: unreadable: it is not JSON');
    expect(shown).toContain('1 message(s) in the dead-letter queue');
    await stage.queues.purge(frontDoor.deadLetters);
  });

  test('redrive sends a message of the dead-letter queue back, and it is done', async () => {
    await stage.queues.send(frontDoor.deadLetters, JSON.stringify(queuedPush(demo)));
    expect(await redrive(name, stage.emulator, '--all')).toContain('1 sent back, 0 message(s)');
    await until(isRefreshed);
  });

  test('removing it leaves its logs, and nothing else', async () => {
    await deleteSecrets(stage, demo);
    await remove(frontDoor.packaged, stage.emulator);
    const logs = [
      `/aws/apigateway/${name}`,
      ...[receiver, reconciler, redelivery].map((one) => `/aws/lambda/${one}`),
    ];
    const left = [...frontDoor.before, ...logs.map((group) => `log group ${group}`)];
    expect(await inventory(stage.emulator.clientConfig)).toEqual(left.toSorted());
  });
});
