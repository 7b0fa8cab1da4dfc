import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { deliver, lambdaContext, type DeliveryAnswer, type ReceiverHandler } from '../../support/deliver.ts';
import { project, promotion, stage, warehouse } from '../../support/kargo-objects.ts';
import { callApi, type ApiRequest, type ApiTarget } from '../api-client.ts';
import { allowedOf, mayGet } from './access-review.ts';
import { RECEIVER, RECONCILER, startClusterTestbed, type ClusterTestbed } from './cluster-testbed.ts';
import { patchObject, pathOf } from './object-patch.ts';
import { bindRole, NAMESPACE, unbindRole } from './service-account.ts';
import { until } from './until.ts';

const IN_DEMO = '/apis/kargo.akuity.io/v1alpha1/namespaces/demo';
const MAIN = pathOf('warehouses', 'demo', 'main');

const refreshed = { status: 200, body: { msg: 'refreshed 1 warehouse(s)' } };

let testbed: ClusterTestbed;
let handler: ReceiverHandler;

beforeAll(async () => {
  testbed = await startClusterTestbed({ secrets: { 'kargo/demo/bitbucket': 's3cret' } });
  await testbed.objects.create(...project('demo'), warehouse('demo', 'main'), stage('demo', 'test'));
  handler = await testbed.receiver();
});

afterAll(() => testbed.close());

const receiver = (): ApiTarget => testbed.as(testbed.tokens[RECEIVER]);
const reconciler = (): ApiTarget => testbed.as(testbed.tokens[RECONCILER]);

describe('the rights', () => {
  test('of the receiver are to list configs, to read and refresh, and to promote', async () => {
    expect(await allowedOf(receiver())).toEqual([
      'list kargo.akuity.io/projectconfigs',
      'list kargo.akuity.io/clusterconfigs',
      'get kargo.akuity.io/warehouses',
      'list kargo.akuity.io/warehouses',
      'patch kargo.akuity.io/warehouses',
      'get kargo.akuity.io/promotions',
      'list kargo.akuity.io/promotions',
      'patch kargo.akuity.io/promotions',
      'promote kargo.akuity.io/stages',
    ]);
  });

  test('of the reconciler are to read configs, to write their statuses, and to read and refresh Warehouses', async () => {
    expect(await allowedOf(reconciler())).toEqual([
      'get kargo.akuity.io/projectconfigs',
      'list kargo.akuity.io/projectconfigs',
      'patch kargo.akuity.io/projectconfigs/status',
      'get kargo.akuity.io/clusterconfigs',
      'list kargo.akuity.io/clusterconfigs',
      'patch kargo.akuity.io/clusterconfigs/status',
      'get kargo.akuity.io/warehouses',
      'list kargo.akuity.io/warehouses',
      'patch kargo.akuity.io/warehouses',
    ]);
  });

  test('to ConfigMaps are those to the index: to read a piece, and for the reconciler to write it', async () => {
    const inIndex = async (target: ApiTarget): Promise<string[]> => {
      const everywhere = new Set(await allowedOf(target));
      return (await allowedOf(target, NAMESPACE)).filter((right) => !everywhere.has(right));
    };
    expect(await inIndex(receiver())).toEqual(['get /configmaps']);
    expect(await inIndex(reconciler())).toEqual([
      'get /configmaps',
      'list /configmaps',
      'create /configmaps',
      'patch /configmaps',
      'delete /configmaps',
    ]);
  });

  test('do not include paths outside resources', async () => {
    for (const path of ['/metrics', '/logs', '/debug/pprof']) {
      expect([path, await mayGet(receiver(), path), await mayGet(reconciler(), path)]).toEqual([
        path,
        false,
        false,
      ]);
    }
  });

  test('are enough for a delivery and for a run', async () => {
    expect(await deliver(handler)).toEqual(refreshed);
    const reconcile = await testbed.reconciler();
    expect(await reconcile({}, lambdaContext())).toEqual({ configs: 1, written: 1, failures: [] });
    const { status } = await testbed.objects.get('ProjectConfig', 'demo', 'demo');
    expect(status).toMatchObject({ webhookReceivers: [{ name: 'bb' }] });
  });

  test.each<[what: string, request: ApiRequest]>([
    ['reading a ConfigMap of a project', { path: '/api/v1/namespaces/demo/configmaps/kube-root-ca.crt' }],
    ['reading a Secret', { path: '/api/v1/namespaces/demo/secrets/bitbucket' }],
    ['deleting', { method: 'DELETE', path: MAIN }],
    ['creating', { method: 'POST', path: `${IN_DEMO}/warehouses`, body: warehouse('demo', 'new') }],
    [
      'creating a Promotion for a Stage that it may promote to',
      {
        method: 'POST',
        path: `${IN_DEMO}/promotions`,
        body: promotion('demo', 'p', 'https://bitbucket.org/acme/shop/pull-requests/7'),
      },
    ],
    [
      'requesting a Promotion for a Stage that it may promote to',
      { method: 'POST', path: `${IN_DEMO}/promotionrequests`, body: {} },
    ],
    ['reading a Stage', { path: pathOf('stages', 'demo', 'test') }],
    [
      'writing a Stage',
      {
        method: 'PATCH',
        path: pathOf('stages', 'demo', 'test'),
        body: { spec: { shard: 'x' } },
        contentType: 'application/merge-patch+json',
      },
    ],
    [
      'creating by an apply',
      {
        method: 'PATCH',
        path: `${MAIN}-new?fieldManager=test`,
        body: warehouse('demo', 'main-new'),
        contentType: 'application/apply-patch+yaml',
      },
    ],
    ['replacing', { method: 'PUT', path: MAIN, body: warehouse('demo', 'main') }],
    [
      'writing a status of another kind',
      { method: 'PATCH', path: `${MAIN}/status`, body: {}, contentType: 'application/merge-patch+json' },
    ],
    [
      "writing a config's spec",
      {
        method: 'PATCH',
        path: '/apis/kargo.akuity.io/v1alpha1/namespaces/demo/projectconfigs/demo',
        body: { spec: {} },
        contentType: 'application/merge-patch+json',
      },
    ],
  ])('do not suffice for %s', async (_what, request) => {
    expect(await callApi(receiver(), request)).toMatchObject({ code: 403, body: { reason: 'Forbidden' } });
    expect(await callApi(reconciler(), request)).toMatchObject({ code: 403, body: { reason: 'Forbidden' } });
  });

  test('to a status do not include the other fields of the object', async () => {
    const path = '/apis/kargo.akuity.io/v1alpha1/namespaces/demo/projectconfigs/demo/status';
    const body = { spec: { webhookReceivers: [] }, metadata: { labels: { changed: 'yes' } } };
    expect(await patchObject(reconciler(), path, body)).toMatchObject({ code: 200 });
    const { metadata, spec } = await testbed.objects.get('ProjectConfig', 'demo', 'demo');
    expect({ metadata, spec }).toMatchObject({ spec: { webhookReceivers: [{ name: 'bb' }] } });
    expect(metadata).not.toHaveProperty('labels');
  });
});

describe('a role whose binding was deleted', () => {
  afterEach(() => void jest.restoreAllMocks());

  const user = (role: string): string => `User "system:serviceaccount:kargo-front-door:${role}"`;
  /** Returns the logged errors of deliveries since the last call. */
  function reasons(): unknown[] {
    const { calls } = jest.mocked(console.error).mock;
    return calls
      .splice(0)
      .map(([line]) => (JSON.parse(String(line)) as { error: { message: string } }).error.message);
  }

  const isRefused = ({ body }: DeliveryAnswer): boolean =>
    JSON.stringify(body).includes('cluster API forbids the request');

  test('is the reason in the log of the receiver, which works again after it is restored', async () => {
    jest.spyOn(console, 'error').mockImplementation(() => undefined);
    await unbindRole(testbed.as(), RECEIVER);
    // The right to patch may last a moment longer than the right to list.
    await until(async () => isRefused(await deliver(handler)));
    reasons();
    expect(await deliver(handler)).toEqual({
      status: 503,
      body: { error: 'cluster API forbids the request' },
    });
    expect(reasons()).toEqual([
      `cluster API forbids the request: HTTP 403: warehouses.kargo.akuity.io is forbidden: ${user(RECEIVER)} ` +
        'cannot list resource "warehouses" in API group "kargo.akuity.io" in the namespace "demo"',
    ]);
    const cold = await testbed.receiver();
    expect(await deliver(cold)).toEqual({ status: 503, body: { error: 'temporarily unavailable' } });
    expect(reasons()).toEqual([
      expect.stringMatching(
        `^cluster API forbids the request: HTTP 403: .+ is forbidden: ${user(RECEIVER)} cannot list resource`,
      ),
    ]);
    await bindRole(testbed.as(), RECEIVER);
    await until(async () => (await deliver(handler)).status === 200);
    // It remembers a failed listing for a second.
    await until(async () => (await deliver(cold)).status === 200);
    expect(await deliver(cold)).toEqual(refreshed);
  });

  test('fails the run of the reconciler', async () => {
    await unbindRole(testbed.as(), RECONCILER);
    const reconcile = await testbed.reconciler();
    const isRun = (): Promise<boolean> =>
      reconcile({}, lambdaContext()).then(
        () => true,
        () => false,
      );
    await until(async () => !(await isRun()));
    await expect(reconcile({}, lambdaContext())).rejects.toThrow(
      new RegExp(
        `^cluster API forbids the request: HTTP 403: .+ is forbidden: ${user(RECONCILER)} cannot list resource`,
      ),
    );
    await bindRole(testbed.as(), RECONCILER);
    await until(isRun);
  });
});
