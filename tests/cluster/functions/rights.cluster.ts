import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { deliver, lambdaContext, type DeliveryAnswer, type ReceiverHandler } from '../../support/deliver.ts';
import { project, promotion, warehouse } from '../../support/kargo-objects.ts';
import { callApi, type ApiAnswer, type ApiRequest, type ApiTarget } from '../api-client.ts';
import { allowedOf, mayGet } from './access-review.ts';
import { RECEIVER, RECONCILER, startClusterTestbed, type ClusterTestbed } from './cluster-testbed.ts';
import { bindRole, unbindRole } from './service-account.ts';
import { until } from './until.ts';

const REFRESH = 'kargo.akuity.io/refresh';
const NOW = '2026-05-04T10:11:12Z';
const MAIN = '/apis/kargo.akuity.io/v1alpha1/namespaces/demo/warehouses/main';
const WAITS = '/apis/kargo.akuity.io/v1alpha1/namespaces/demo/promotions/waits';

const refreshed = { status: 200, body: { msg: 'refreshed 1 warehouse(s)' } };
const SPEC = 'the receiver writes no spec';
const METADATA = 'the receiver writes no metadata but the refresh annotation';
const ANNOTATION = 'the receiver writes no annotation but kargo.akuity.io/refresh';

let testbed: ClusterTestbed;
let handler: ReceiverHandler;

beforeAll(async () => {
  testbed = await startClusterTestbed({ secrets: { 'kargo/demo/bitbucket': 's3cret' } });
  const main = warehouse('demo', 'main');
  const [kargos, refresh] = [{ 'kargo.akuity.io/other': 'as it was' }, { [REFRESH]: NOW }];
  await testbed.objects.create(
    ...project('demo'),
    {
      ...main,
      metadata: { ...main.metadata, labels: { team: 'a' }, annotations: { ...kargos, ...refresh } },
    },
    promotion('demo', 'waits', 'https://bitbucket.org/acme/shop/pull-requests/7'),
  );
  handler = await testbed.receiver();
  // A policy that was just created is not enforced at once.
  await until(async () => (await patch(receiver(), MAIN, { spec: { interval: '1m0s' } })).code === 422);
});

afterAll(() => testbed.close());

const receiver = (): ApiTarget => testbed.as(testbed.tokens[RECEIVER]);
const reconciler = (): ApiTarget => testbed.as(testbed.tokens[RECONCILER]);

function patch(
  target: ApiTarget,
  path: string,
  body: object,
  request: Partial<ApiRequest> = {},
): Promise<ApiAnswer> {
  return callApi(target, {
    method: 'PATCH',
    path,
    body,
    contentType: 'application/merge-patch+json',
    ...request,
  });
}

const annotate = (annotations: object): object => ({ metadata: { annotations } });

describe('the rights', () => {
  test('of the receiver let it list configs and refresh', async () => {
    expect(await allowedOf(receiver())).toEqual([
      'list kargo.akuity.io/projectconfigs',
      'list kargo.akuity.io/clusterconfigs',
      'list kargo.akuity.io/warehouses',
      'patch kargo.akuity.io/warehouses',
      'list kargo.akuity.io/promotions',
      'patch kargo.akuity.io/promotions',
    ]);
  });

  test('of the reconciler let it read configs and write their statuses', async () => {
    expect(await allowedOf(reconciler())).toEqual([
      'get kargo.akuity.io/projectconfigs',
      'list kargo.akuity.io/projectconfigs',
      'patch kargo.akuity.io/projectconfigs/status',
      'get kargo.akuity.io/clusterconfigs',
      'list kargo.akuity.io/clusterconfigs',
      'patch kargo.akuity.io/clusterconfigs/status',
    ]);
  });

  test('are none outside the resources', async () => {
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
    ['reading a Secret', { path: '/api/v1/namespaces/demo/secrets/bitbucket' }],
    ['deleting', { method: 'DELETE', path: MAIN }],
    ['creating', { method: 'POST', path: MAIN.replace('/main', ''), body: warehouse('demo', 'new') }],
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

  test('to a status are none to what is beside it', async () => {
    const path = '/apis/kargo.akuity.io/v1alpha1/namespaces/demo/projectconfigs/demo/status';
    const body = { spec: { webhookReceivers: [] }, metadata: { labels: { changed: 'yes' } } };
    expect(await patch(reconciler(), path, body)).toMatchObject({ code: 200 });
    const { metadata, spec } = await testbed.objects.get('ProjectConfig', 'demo', 'demo');
    expect({ metadata, spec }).toMatchObject({ spec: { webhookReceivers: [{ name: 'bb' }] } });
    expect(metadata).not.toHaveProperty('labels');
  });
});

describe('the policy', () => {
  const applied = {
    apiVersion: 'kargo.akuity.io/v1alpha1',
    kind: 'Warehouse',
    metadata: { name: 'main', labels: { x: 'y' } },
  };

  test.each<[what: string, path: string, body: object, message: string]>([
    ['a spec', MAIN, { spec: { interval: '1m0s' } }, SPEC],
    ['a spec, beside the refresh', MAIN, { spec: { shard: 'x' }, ...annotate({ [REFRESH]: NOW }) }, SPEC],
    ["a Promotion's steps", WAITS, { spec: { steps: [{ uses: 'http' }] } }, SPEC],
    ['a new label', MAIN, { metadata: { labels: { team: 'a', more: 'b' } } }, METADATA],
    ['a label', MAIN, { metadata: { labels: { team: 'b' } } }, METADATA],
    ['no labels', MAIN, { metadata: { labels: null } }, METADATA],
    ['a finalizer', MAIN, { metadata: { finalizers: ['example.com/stay'] } }, METADATA],
    [
      'an owner',
      WAITS,
      {
        metadata: {
          ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'x', uid: 'a1b2' }],
        },
      },
      METADATA,
    ],
    ['another annotation', MAIN, annotate({ 'example.com/other': 'x' }), ANNOTATION],
    ["another of Kargo's annotations", WAITS, annotate({ 'kargo.akuity.io/abort': 'true' }), ANNOTATION],
    ['another value', MAIN, annotate({ 'kargo.akuity.io/other': 'x' }), ANNOTATION],
    ['no other annotation', MAIN, annotate({ 'kargo.akuity.io/other': null, [REFRESH]: NOW }), ANNOTATION],
    ['no refresh', MAIN, annotate({ [REFRESH]: null }), ANNOTATION],
    ['no annotations', MAIN, { metadata: { annotations: null } }, ANNOTATION],
  ])('keeps the receiver from writing %s', async (_what, path, body, message) => {
    expect(await patch(receiver(), path, body)).toMatchObject({
      code: 422,
      body: { message: expect.stringContaining(message) },
    });
  });

  test.each<[what: string, body: object, contentType: string]>([
    ['a JSON patch', [{ op: 'add', path: '/metadata/labels/x', value: 'y' }], 'application/json-patch+json'],
    ['an apply', applied, 'application/apply-patch+yaml'],
  ])('does so for %s too', async (_what, body, contentType) => {
    const answer = await patch(receiver(), `${MAIN}?fieldManager=test`, body, { contentType });
    expect(answer).toMatchObject({ code: 422, body: { message: expect.stringContaining(METADATA) } });
  });

  test.each([MAIN, WAITS])('lets the refresh of %s through', async (path) => {
    for (const time of [NOW, '2026-05-04T10:11:13.456Z']) {
      const body = annotate({ [REFRESH]: time });
      expect(await patch(receiver(), path, body)).toMatchObject({
        code: 200,
        body: { metadata: body && {} },
      });
    }
  });

  test('keeps whoever EKS puts into the group to the same', async () => {
    const headers = {
      'impersonate-user': 'arn:aws:sts::111122223333:assumed-role/receiver/session',
      'impersonate-group': 'kargo-front-door:receiver',
    };
    const admin = testbed.as();
    expect(await patch(admin, MAIN, { spec: { interval: '1m0s' } }, { headers })).toMatchObject({
      code: 422,
      body: { message: expect.stringContaining(SPEC) },
    });
    expect(await patch(admin, MAIN, annotate({ [REFRESH]: NOW }), { headers })).toMatchObject({ code: 200 });
  });

  test('does not concern others', async () => {
    const body = {
      spec: { interval: '7m0s' },
      metadata: { labels: { team: 'c' }, annotations: { more: 'x' } },
    };
    expect(await patch(testbed.as(), MAIN, body)).toMatchObject({ code: 200, body });
  });
});

describe('a role taken away', () => {
  afterEach(() => void jest.restoreAllMocks());

  const user = (role: string): string => `User "system:serviceaccount:kargo-front-door:${role}"`;
  /** What the deliveries since the last call have written into the log about why they failed. */
  function reasons(): unknown[] {
    const { calls } = jest.mocked(console.error).mock;
    return calls
      .splice(0)
      .map(([line]) => (JSON.parse(String(line)) as { error: { message: string } }).error.message);
  }

  const isRefused = ({ body }: DeliveryAnswer): boolean =>
    JSON.stringify(body).includes('cluster API forbids the request');

  test('is told by the receiver, which goes on when it has it again', async () => {
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
