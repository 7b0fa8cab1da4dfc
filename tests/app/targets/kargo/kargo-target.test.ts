import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { SecretsManager } from '../../../../lib/adapters/aws/secrets-manager.ts';
import { connectToCluster } from '../../../../lib/adapters/kubernetes/cluster-connection.ts';
import { KargoApi } from '../../../../lib/adapters/kubernetes/kargo-api.ts';
import { KargoRefreshableObjects } from '../../../../lib/adapters/kubernetes/refreshable-objects.ts';
import { IndexedCandidates } from '../../../../lib/app/lookup/indexed-candidates.ts';
import { KargoTarget, type KargoResult } from '../../../../lib/app/targets/kargo/kargo-target.ts';
import { RecentRefreshes } from '../../../../lib/app/targets/kargo/recent-refreshes.ts';
import type { BitbucketEvent } from '../../../../lib/core/bitbucket/event.ts';
import { project, promotion, warehouse } from '../../../support/kargo-objects.ts';
import type { PassingRequest, ProxyFault } from '../../../support/loopback-proxy.ts';
import { SILENT_LOG } from '../../../support/silent-log.ts';
import { startTestbed, type Testbed } from '../../../support/testbed.ts';

const PULL_REQUEST = 'https://bitbucket.org/acme/shop/pull-requests/7';
const push: BitbucketEvent = {
  kind: 'push',
  addresses: ['bitbucket.org/acme/shop'],
  refs: [{ kind: 'branch', name: 'main' }],
};
const closed: BitbucketEvent = { kind: 'pull-request-closed', url: PULL_REQUEST };

const unavailable: ProxyFault = { kind: 'answer', status: 503, headers: { 'retry-after': '60' } };
const forbidden: ProxyFault = { kind: 'answer', status: 403 };

let testbed: Testbed;
let target: KargoTarget;

beforeEach(async () => {
  testbed = await startTestbed({
    objects: [
      ...project('demo'),
      ...['w1', 'w2', 'w3'].map((name) => warehouse('demo', name)),
      ...project('other'),
      warehouse('other', 'w1', { branch: 'release' }),
      promotion('demo', 'p1', PULL_REQUEST),
    ],
  });
  const clock = (): Date => new Date();
  const settings = { kind: 'kubeconfig-file', path: testbed.kubeconfig } as const;
  const kargo = new KargoApi(connectToCluster(settings, new SecretsManager(), { attemptTimeoutMs: 3_000 }));
  const objects = new KargoRefreshableObjects(kargo);
  const noIndex = { warehousesOf: async () => undefined };
  target = new KargoTarget({
    candidates: new IndexedCandidates({ index: noIndex, objects, onFault: () => undefined }),
    objects,
    recent: new RecentRefreshes(clock),
    clock,
    log: SILENT_LOG,
  });
});

afterEach(() => testbed.close());

const isPatchOf = ({ method, path }: PassingRequest, names: readonly string[]): boolean =>
  method === 'PATCH' && names.some((name) => path.endsWith(`/${name}`));
const handle = (event: BitbucketEvent, only?: readonly string[]): Promise<KargoResult> =>
  target.handle(event, { project: '', deliveryIds: [], only }, AbortSignal.timeout(5_000));

describe('an attempt that is not finished', () => {
  test('says which objects are left, without those that were refreshed or refused', async () => {
    testbed.cluster.fault = (request) => {
      if (isPatchOf(request, ['w1'])) return forbidden;
      return isPatchOf(request, ['w2']) ? unavailable : undefined;
    };
    expect(await handle(push)).toMatchObject({
      refreshed: ['demo/w3'],
      refused: ['demo/w1'],
      error: { reason: 'refreshed 1 of 2 warehouse(s)' },
      remaining: ['demo/w2'],
    });
  });

  test('does not say what is left where not every object was listed', async () => {
    testbed.cluster.fault = ({ method }) => (method === 'GET' ? unavailable : undefined);
    const result = await handle(push);
    expect(result.error?.reason).toBe('cluster API unavailable');
    expect(result).not.toHaveProperty('remaining');
  });
});

describe('a later attempt at what is left', () => {
  test.each<[what: string, event: BitbucketEvent, only: string[], refreshed: string[]]>([
    ['the Warehouses of a push', push, ['demo/w2', 'demo/w1'], ['Warehouse demo/w1', 'Warehouse demo/w2']],
    ['the Promotions of a pull request', closed, ['demo/p1'], ['Promotion demo/p1']],
    ['objects that were judged before', push, ['other/w1'], ['Warehouse other/w1']],
    ['nothing', push, [], []],
  ])('refreshes %s, and lists nothing', async (_what, event, only, refreshed) => {
    expect(await handle(event, only)).toMatchObject({ refreshed: only.toSorted(), refused: [] });
    expect(testbed.cluster.requests.map(({ method }) => method)).toEqual(only.map(() => 'PATCH'));
    expect(await testbed.objects.takeRefreshed()).toEqual(refreshed);
  });

  test('leaves out an object that has been deleted', async () => {
    await testbed.objects.delete(warehouse('demo', 'w2'));
    expect(await handle(push, ['demo/w1', 'demo/w2'])).toEqual({
      target: 'kargo',
      kind: 'warehouse',
      refreshed: ['demo/w1'],
      refused: [],
      unaffected: {},
    });
  });

  test('says again what is left', async () => {
    testbed.cluster.fault = (request) => (isPatchOf(request, ['w2']) ? unavailable : undefined);
    expect(await handle(push, ['demo/w1', 'demo/w2'])).toMatchObject({
      refreshed: ['demo/w1'],
      error: { reason: 'refreshed 1 of 2 warehouse(s)' },
      remaining: ['demo/w2'],
    });
  });
});
