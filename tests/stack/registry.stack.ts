import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { startFakeRegistry, type FakeRegistry } from '../../local/fakes/registry/fake-registry.ts';
import { until } from '../cluster/functions/until.ts';
import type { DeliveryOptions } from '../support/deliver.ts';
import { LoopbackProxy } from '../support/loopback-proxy.ts';
import { cloudPush, refsChanged } from '../support/payloads.ts';
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
import { startStage, type Stage } from './stage.ts';

const TOKEN_ID = 'kargo-front-door/registry-token';
const WEBHOOK_ID = 'kargo-front-door/registry-webhook';
const PATH = '/api/webhooks/bitbucket';

const synced = (count: number) => ({ status: 200, body: { msg: `synced ${count} package(s)` } });
const queued = (reason: string) => ({ status: 202, body: { msg: `queued: ${reason}` } });

let stage: Stage;
let registry: FakeRegistry;
/** Injects faults between the registry and the functions. */
let proxy: LoopbackProxy;

beforeAll(async () => {
  registry = await startFakeRegistry({
    port: 0,
    token: 't0ken',
    requestsPerMinute: 1_000,
    packages: [
      { name: 'acme/shop', repository_url: 'git@bitbucket.org:acme/shop.git', type: 'bitbucket' },
      { name: 'acme/web', repository_url: 'shop/web', type: 'monorepo' },
    ],
  });
  proxy = new LoopbackProxy(registry.url);
  await proxy.start();
  stage = await startStage({ auth: true });
  await stage.secrets.create(TOKEN_ID, JSON.stringify({ token: 't0ken' }));
  await stage.secrets.create(WEBHOOK_ID, JSON.stringify({ secret: 's3cret' }));
});

afterAll(async () => {
  await stage?.close();
  await proxy.stop();
  await registry.close();
});

describe.each(TOOLS)('a package registry alone, deployed with %s', (tool) => {
  const name = DEPLOYED_NAMES[tool];
  const [receiver, redelivery] = [`${name}-receiver`, `${name}-redelivery`];
  let packaged: Packaged;
  let before: string[];
  let api: { id: string; endpoint: string };

  beforeAll(async () => {
    packaged = await packageWith(tool, stage.emulator.scratch, {
      CARGOMAN_URL: proxy.url,
      CARGOMAN_TOKEN_SECRET_ID: TOKEN_ID,
      BITBUCKET_WEBHOOK_SECRET_ID: WEBHOOK_ID,
      BITBUCKET_URL: 'https://git.acme.example',
    });
    await prepareFor(packaged, stage);
    before = await inventory(stage.emulator.clientConfig);
    await deploy(packaged, stage.emulator);
    api = await stage.account.api(name);
  });

  beforeEach(() => void (registry.requests.length = 0));

  const syncs = () => registry.requests.filter((one) => one.startsWith('POST'));

  const post = (delivery: DeliveryOptions, path = PATH) =>
    postDelivery(`${api.endpoint}${path}`, { secret: 's3cret', ...delivery });

  test('there is no reconciler, and the path of the registry is the only route', async () => {
    expect(await stage.account.functions()).toEqual([receiver, redelivery]);
    expect(await stage.account.routes(api.id)).toEqual([`POST ${PATH}`]);
  });

  test.each<[what: string, delivery: DeliveryOptions, synced: string]>([
    ['Cloud', { payload: cloudPush() }, 'POST /api/v1/packages/acme/shop/sync'],
    [
      'Cloud that deletes a branch',
      { payload: cloudPush('acme/shop', 'deleted x') },
      'POST /api/v1/packages/acme/shop/sync',
    ],
    [
      'Data Center',
      { event: 'repo:refs_changed', payload: refsChanged('refs/tags/v1') },
      'POST /api/v1/packages/acme/web/monorepo/sync',
    ],
  ])('a push of %s syncs its package', async (_what, delivery, request) => {
    expect(await post(delivery)).toEqual(synced(1));
    expect(syncs()).toEqual([request]);
  });

  test('a push to a repository with no package syncs nothing', async () => {
    expect(await post({ payload: cloudPush('acme/blog') })).toEqual(synced(0));
  });

  test.each<[what: string, delivery: DeliveryOptions, error: string]>([
    ['unsigned', { signature: null }, 'missing signature'],
    ['signed with another secret', { signedWith: 'wrong' }, 'unauthorized'],
  ])('a delivery that is %s is rejected', async (_what, delivery, error) => {
    expect(await post(delivery)).toEqual({ status: 401, body: { error } });
    expect(registry.requests).toEqual([]);
  });

  test("the gateway itself rejects a receiver's path", async () => {
    expect(await post({}, `/bitbucket/${'0'.repeat(64)}`)).toEqual({
      status: 404,
      body: { message: 'Not Found' },
    });
  });

  test('a delivery while the registry is down is queued, and its package synced when it is back', async () => {
    proxy.fault = () => ({ kind: 'cut' });
    expect(await post({})).toEqual(queued('package registry unreachable'));
    proxy.reset();
    await until(async () => syncs().length === 1);
  });

  test.each([
    ['ReadRegistryToken', queued('package registry not configured')],
    ['ReadRegistryWebhookSecret', { status: 503, body: { error: 'temporarily unavailable' } }],
  ])('the receiver needs %s', async (sid, becomes) => {
    expect(await stage.grants.without(receiver, sid, () => post({}))).toEqual(becomes);
    expect(await post({})).toEqual(synced(1));
  });

  test('the functions have no other rights', async () => {
    expect(await stage.grants.of(receiver)).toEqual([
      'WriteLogs',
      'ReadRegistryToken',
      'ReadRegistryWebhookSecret',
      'QueueUnfinished',
    ]);
    expect(await stage.grants.of(redelivery)).toEqual([
      'WriteLogs',
      'ReadRegistryToken',
      'ReceiveUnfinished',
      'QueueUnfinished',
      'BuryMessages',
    ]);
  });

  test('removing it leaves its logs, and nothing else', async () => {
    await remove(packaged, stage.emulator);
    const logs = [`/aws/apigateway/${name}`, `/aws/lambda/${receiver}`, `/aws/lambda/${redelivery}`];
    const left = [...before, ...logs.map((group) => `log group ${group}`)];
    expect(await inventory(stage.emulator.clientConfig)).toEqual(left.toSorted());
  });
});
