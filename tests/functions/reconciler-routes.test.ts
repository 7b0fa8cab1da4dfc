import { afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { passSeconds, stopClock } from '../support/clock.ts';
import { receiverPath } from '../support/deliver.ts';
import { Gateway, NO_ROOM, type Refusal } from '../support/gateway.ts';
import { project, projectConfig } from '../support/kargo-objects.ts';
import type { ProxyFault } from '../support/loopback-proxy.ts';
import { loadReconciler, LOADING_TIMEOUT_MS } from '../support/load-reconciler.ts';
import { startTestbed, type Testbed } from '../support/testbed.ts';
import { skipWaits } from '../support/waits.ts';

const routeOf = (name: string, secret = 's3cret', receiver = 'bb'): string =>
  `POST ${receiverPath(name, receiver, secret)}`;
const demo = routeOf('demo');
const zoo = routeOf('zoo');
const TOO_FAST: Refusal = { status: 429, type: 'TooManyRequestsException', message: 'Rate exceeded' };
const DENIED: ProxyFault = { kind: 'answer', status: 400, body: { __type: 'AccessDeniedException' } };
const HOURS = 3_600;
const demoConfig = projectConfig('demo', []);
const zooConfig = projectConfig('zoo', []);

/** Replaces a secret in a batch's answer by an error. */
function denySecret(answer: string, name: string): string {
  const { SecretValues } = JSON.parse(answer) as { SecretValues: { Name: string }[] };
  return JSON.stringify({
    SecretValues: SecretValues.filter(({ Name }) => Name !== name),
    Errors: [{ SecretId: name, ErrorCode: 'AccessDeniedException' }],
  });
}

let testbed: Testbed;
let gateway: Gateway;

beforeAll(loadReconciler, LOADING_TIMEOUT_MS);

beforeEach(async () => {
  stopClock();
  skipWaits();
  gateway = new Gateway();
  await gateway.start();
  testbed = await startTestbed({
    objects: [...project('demo'), ...project('zoo')],
    secrets: { 'kargo/demo/bitbucket': 's3cret', 'kargo/zoo/bitbucket': 's3cret' },
    settings: { ROUTES_API_ID: 'api', AWS_ENDPOINT_URL_APIGATEWAYV2: gateway.url },
  });
});

afterEach(async () => {
  await testbed.close();
  await gateway.stop();
});

const routeKeys = (): string[] => gateway.routes.map(({ routeKey }) => routeKey).toSorted();
const pathsOf = async (name: string): Promise<string[]> => {
  const { status } = await testbed.objects.get('ProjectConfig', name, name);
  const { webhookReceivers = [] } = status as { webhookReceivers?: { path: string }[] };
  return webhookReceivers.map(({ path }) => path);
};
const conditionOf = async (name: string) => {
  const { status } = await testbed.objects.get('ProjectConfig', name, name);
  const { conditions } = status as { conditions: { status: string; reason: string; message: string }[] };
  return conditions[0];
};

describe('the routes of the gateway', () => {
  test('are added for live receivers, and not changed afterwards', async () => {
    expect(await testbed.reconcile()).toEqual({ configs: 2, written: 2, failures: [] });
    expect(routeKeys()).toEqual([demo, zoo].toSorted());
    expect(gateway.routes.map(({ target }) => target)).toEqual([
      'integrations/receiver',
      'integrations/receiver',
    ]);
    gateway.changes.length = 0;
    expect(await testbed.reconcile()).toEqual({ configs: 2, written: 0, failures: [] });
    expect(gateway.changes).toEqual([]);
  });

  test('of others are not changed', async () => {
    const foreign = [
      gateway.add('GET /health'),
      gateway.add('$default'),
      gateway.add('POST /bitbucket/{hash}'),
      gateway.add(`POST /bitbucket/${'a'.repeat(63)}`),
      gateway.add(`POST /bitbucket/${'b'.repeat(64)}`, 'integrations/theirs'),
    ].map(({ routeKey }) => routeKey);
    await testbed.reconcile();
    expect(routeKeys()).toEqual([...foreign, demo, zoo].toSorted());
  });

  test('of a deleted receiver are removed after those of new ones are added', async () => {
    gateway.pageSize = 1;
    gateway.add(`POST /bitbucket/${'c'.repeat(64)}`);
    await testbed.reconcile();
    expect(gateway.changes.map((change) => change.split(' ', 1)[0])).toEqual(['POST', 'POST', 'DELETE']);
    await testbed.objects.delete(zooConfig);
    await testbed.reconcile();
    expect(routeKeys()).toEqual([demo]);
  });

  test('of the previous secret stay for the grace of a rotation', async () => {
    await testbed.reconcile();
    await testbed.secrets.rotate('kargo/demo/bitbucket', 'new');
    await testbed.reconcile();
    expect(routeKeys()).toEqual([demo, routeOf('demo', 'new'), zoo].toSorted());
    passSeconds(168 * HOURS);
    await testbed.reconcile();
    expect(routeKeys()).toEqual([routeOf('demo', 'new'), zoo].toSorted());
  });

  test.each([
    ['', () => undefined],
    [
      ', and another writer blanked the status list',
      () => testbed.objects.patchStatus(demoConfig, { webhookReceivers: null }),
    ],
  ])('stay while the secret of their receiver cannot be read%s', async (_what, before) => {
    await testbed.reconcile();
    await testbed.secrets.rotate('kargo/demo/bitbucket', 'new');
    await testbed.reconcile();
    await before();
    testbed.store.fault = ({ operation, body }) =>
      operation === 'BatchGetSecretValue'
        ? { kind: 'rewrite', rewrite: (answer) => denySecret(answer, 'kargo/demo/bitbucket') }
        : body.includes('kargo/demo/')
          ? DENIED
          : undefined;
    expect(await testbed.reconcile()).toMatchObject({ failures: [] });
    expect(routeKeys()).toEqual([demo, routeOf('demo', 'new'), zoo].toSorted());
  });

  test('stay while their URL cannot be withdrawn', async () => {
    await testbed.reconcile();
    await testbed.objects.patch(zooConfig, { spec: { webhookReceivers: [] } });
    testbed.cluster.fault = ({ path }) =>
      path.endsWith('/projectconfigs/zoo/status')
        ? { kind: 'answer', status: 503, headers: { 'retry-after': '0' } }
        : undefined;
    await expect(testbed.reconcile()).rejects.toThrow(
      'ProjectConfig zoo/zoo: its status could not be written',
    );
    expect(routeKeys()).toEqual([demo, zoo].toSorted());
    testbed.cluster.reset();
    await testbed.reconcile();
    expect(routeKeys()).toEqual([demo]);
  });
});

describe('a gateway', () => {
  test('with a used-up quota is reported in the condition and does not affect the rest', async () => {
    gateway.add(`POST /bitbucket/${'d'.repeat(64)}`);
    gateway.refuse = (method) => (method === 'POST' ? NO_ROOM : undefined);
    expect(await testbed.reconcile()).toEqual({ configs: 2, written: 2, failures: [] });
    expect(await conditionOf('demo')).toMatchObject({
      status: 'False',
      reason: 'RouteMissing',
      message:
        'receiver "bb": the gateway has no room for its route: Maximum number of Routes for this API has been reached. ' +
        'Ask the platform team to raise the quota of routes or to use one route for all (ROUTES=shared).',
    });
    expect(routeKeys()).toEqual([]);
    gateway.refuse = () => undefined;
    await testbed.reconcile();
    expect(routeKeys()).toEqual([demo, zoo].toSorted());
    expect(await conditionOf('demo')).toMatchObject({ status: 'True', reason: 'ReceiversReady' });
  });

  test.each([
    ['that throttles', TOO_FAST],
    ['that forbids the request', { status: 403, type: 'AccessDeniedException', message: 'no' }],
  ])('%s fails the run, and no URL is published without a route', async (_what, refusal) => {
    gateway.refuse = (method) => (method === 'POST' && gateway.changes.length > 0 ? refusal : undefined);
    await expect(testbed.reconcile()).rejects.toThrow('routes could not be added: API Gateway unavailable');
    expect(routeKeys()).toEqual([demo]);
    expect(await pathsOf('demo')).toEqual([`/kargo${receiverPath('demo')}`]);
    expect(await pathsOf('zoo')).toEqual([]);
    expect(await conditionOf('demo')).toMatchObject({ status: 'True' });
    expect(await conditionOf('zoo')).toMatchObject({
      status: 'False',
      reason: 'RouteMissing',
      message: 'receiver "bb": its route could not be added yet. This is retried every minute.',
    });
    gateway.refuse = () => undefined;
    await testbed.reconcile();
    expect(await pathsOf('zoo')).toEqual([`/kargo${receiverPath('zoo')}`]);
  });

  test('that cannot be listed fails the run, and published URLs stay', async () => {
    await testbed.reconcile();
    gateway.refuse = () => TOO_FAST;
    await expect(testbed.reconcile()).rejects.toThrow('routes could not be added: API Gateway unavailable');
    expect(await pathsOf('demo')).toEqual([`/kargo${receiverPath('demo')}`]);
    expect(await conditionOf('demo')).toMatchObject({ status: 'True' });
    expect(routeKeys()).toEqual([demo, zoo].toSorted());
  });

  test('with the integration of another Lambda fails the run', async () => {
    gateway.integrations.push({ integrationId: 'other', integrationType: 'AWS_PROXY' });
    await expect(testbed.reconcile()).rejects.toThrow(
      'API api must have exactly one Lambda integration, that of the receiver; it has 2',
    );
    expect(gateway.changes).toEqual([]);
  });

  test('keeps the routes of a ProjectConfig that cannot be read', async () => {
    await testbed.reconcile();
    testbed.cluster.fault = ({ method, path }) =>
      method === 'GET' && path.includes('/projectconfigs')
        ? { kind: 'rewrite', rewrite: (answer) => answer.replace('"generation":1', '"generation":"one"') }
        : undefined;
    await expect(testbed.reconcile()).rejects.toThrow(
      'ProjectConfig demo/demo: metadata.generation cannot be read',
    );
    expect(routeKeys()).toEqual([demo, zoo].toSorted());
  });
});
