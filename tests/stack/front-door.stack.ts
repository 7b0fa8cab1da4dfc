import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { until } from '../cluster/functions/until.ts';
import { receiverPath } from '../support/deliver.ts';
import { bitbucket, namespace, projectConfig, warehouse } from '../support/kargo-objects.ts';
import {
  DEPLOYED_NAMES,
  deploy,
  packageWith,
  prepareFor,
  remove,
  TOOLS,
  type Packaged,
} from './deployments.ts';
import { postDelivery } from './post-delivery.ts';
import { startStage, type Stage } from './stage.ts';

/** The bucket that `cdk bootstrap` makes. */
const CDK_BUCKET = 'cdk-hnb659fds-assets-000000000000-us-east-1';

/** Routes of somebody else on the same API, one of them with a key as ours have. */
const FOREIGN = ['GET /health', `POST /bitbucket/${'f'.repeat(64)}`];

const READY = { status: 200, body: { msg: 'refreshed 1 warehouse(s)' } };

/** Of the gateway, which asks no function. */
const NOT_FOUND = { status: 404, body: { message: 'Not Found' } };

let stage: Stage;

beforeAll(async () => {
  stage = await startStage({ auth: true });
});

afterAll(() => stage?.close());

describe.each(TOOLS)('deployed with %s', (tool) => {
  const name = DEPLOYED_NAMES[tool];
  const [receiver, reconciler] = [`${name}-receiver`, `${name}-reconciler`];
  // Nobody ends the deletion of a namespace where there is no controller, so that each deployment has its own.
  const demo = `demo-${tool}`;
  const config = projectConfig(demo, [bitbucket('bb')]);
  const main = warehouse(demo, 'main');
  const secretName = `kargo/${demo}/bitbucket`;
  const [first, second] = [receiverPath(demo, 'bb', 'first'), receiverPath(demo, 'bb', 'second')];
  let packaged: Packaged;
  let before: string[];
  let api: { id: string; endpoint: string };

  beforeAll(async () => {
    packaged = await packageWith(tool, stage.emulator.scratch, {});
    await prepareFor(packaged, stage.emulator);
    if (tool === 'cdk') await stage.account.allowPlainHttp(CDK_BUCKET);
    before = await stage.account.inventory();
    await deploy(packaged, stage.emulator);
    api = await stage.account.api(name);
    await stage.account.addForeignRoutes(api.id, FOREIGN);
    await stage.createKubeconfig();
    await stage.secrets.create(secretName, JSON.stringify({ secret: 'first' }));
    await stage.objects.create(namespace(demo), config, main);
  });

  afterAll(async () => {
    await stage.objects.delete(config);
    await stage.objects.delete(main);
  });

  const statusOf = async () => (await stage.objects.get('ProjectConfig', demo, demo)).status;
  const reconcile = () => stage.account.invoke(reconciler);
  const routes = () => stage.account.routes(api.id);

  test('the schedule brings the URL into the status and its route to the API', async () => {
    await until(async () => (await statusOf()) !== undefined);
    expect(await statusOf()).toMatchObject({
      webhookReceivers: [{ name: 'bb', path: first, url: `${api.endpoint}${first}` }],
      conditions: [{ type: 'BitbucketReceiversReady', status: 'True' }],
    });
    expect(await routes()).toEqual([...FOREIGN, `POST ${first}`].toSorted());
    // From here on the reconciler runs when a test says so.
    await stage.account.stopSchedules();
  });

  test('a push that is posted there refreshes the Warehouse', async () => {
    const { webhookReceivers } = (await statusOf()) as { webhookReceivers: [{ url: string }] };
    expect(await postDelivery(webhookReceivers[0].url, 'first')).toEqual(READY);
    expect(await stage.objects.takeRefreshed()).toEqual([`Warehouse ${demo}/main`]);
  });

  test.each([
    ['another secret', 'wrong', { error: 'unauthorized' }],
    ['nothing', '', { error: 'missing signature' }],
  ])('what is signed with %s is refused', async (_what, secret, body) => {
    expect(await postDelivery(`${api.endpoint}${first}`, secret)).toEqual({ status: 401, body });
  });

  test.each(['/', '/bitbucket', `/bitbucket/${'0'.repeat(64)}`, `${first}/more`])(
    'the gateway itself refuses %s, and asks no function',
    async (path) => {
      const runs = await stage.account.runs(receiver);
      expect(runs).toBeGreaterThan(0);
      expect(await postDelivery(`${api.endpoint}${path}`, 'first')).toEqual(NOT_FOUND);
      expect(await stage.account.runs(receiver)).toBe(runs);
    },
  );

  test('a rotated secret has a URL and a route of its own, and the one before stays good', async () => {
    await stage.secrets.rotate(secretName, JSON.stringify({ secret: 'second' }));
    expect(await reconcile()).toMatchObject({ failed: false, payload: { written: 1, failures: [] } });
    expect(await statusOf()).toMatchObject({ webhookReceivers: [{ url: `${api.endpoint}${second}` }] });
    expect(await routes()).toEqual([...FOREIGN, `POST ${first}`, `POST ${second}`].toSorted());
    expect(await postDelivery(`${api.endpoint}${first}`, 'first')).toEqual(READY);
    expect(await postDelivery(`${api.endpoint}${second}`, 'second')).toEqual(READY);
  });

  test('a second run changes nothing', async () => {
    expect(await reconcile()).toMatchObject({ failed: false, payload: { written: 0, failures: [] } });
  });

  test("a receiver that is gone takes its routes with it, and no one else's", async () => {
    await stage.objects.patch(config, { spec: { webhookReceivers: [] } });
    expect(await reconcile()).toMatchObject({ failed: false });
    expect(await routes()).toEqual(FOREIGN.toSorted());
    expect(await postDelivery(`${api.endpoint}${second}`, 'second')).toEqual(NOT_FOUND);
  });

  test('it comes back', async () => {
    await stage.objects.patch(config, { spec: { webhookReceivers: [bitbucket('bb')] } });
    expect(await reconcile()).toMatchObject({ failed: false });
    expect(await postDelivery(`${api.endpoint}${second}`, 'second')).toEqual(READY);
  });

  test('each role has these grants', async () => {
    const both = ['WriteLogs', 'ReadReceiverSecrets', 'BatchReceiverSecrets', 'ReadKubeconfig'];
    const routeGrants = ['ListAndAddRoutes', 'RemoveRoutes', 'FindIntegration'];
    expect(await stage.account.grants(receiver)).toEqual(both);
    expect(await stage.account.grants(reconciler)).toEqual([...both, ...routeGrants]);
  });

  test.each(['x'])('%s', async () => {
    for (const f of [receiver, reconciler])
      for (const sid of await stage.account.grants(f)) {
        const restore = await stage.account.withhold(f, sid);
        const r = f === receiver ? await postDelivery(`${api.endpoint}${second}`, 'second') : await reconcile();
        console.log(f, sid, JSON.stringify(r));
        await restore();
      }
  });

  test('removing it leaves nothing', async () => {
    await stage.secrets.delete(secretName);
    await stage.deleteKubeconfig();
    await remove(packaged, stage.emulator);
    expect(await stage.account.inventory()).toEqual(before);
  });
});
