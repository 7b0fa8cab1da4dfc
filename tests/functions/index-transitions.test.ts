import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { passSeconds, stopClock } from '../support/clock.ts';
import { coldReconciler } from '../support/cold-functions.ts';
import { deliver, lambdaContext } from '../support/deliver.ts';
import { project, warehouse } from '../support/kargo-objects.ts';
import type { PassingRequest, ProxyFault } from '../support/loopback-proxy.ts';
import { startTestbed, type Testbed } from '../support/testbed.ts';
import { skipWaits } from '../support/waits.ts';

const HEAD = '/configmaps/index-054111dd';
const FORBIDDEN: ProxyFault = { kind: 'answer', status: 403 };

const isPatchOfHead = ({ method, path }: PassingRequest): boolean =>
  method === 'PATCH' && path.endsWith(HEAD);
const isListOfPieces = ({ method, path }: PassingRequest): boolean =>
  method === 'GET' && path.includes('/configmaps?');

/** A Warehouse with a row of nearly the largest size, so that few of them fill a chunk. */
const large = (name: string) => {
  const branches = Array.from({ length: 50 }, (_none, index) => ({ branch: `${'b'.repeat(180)}${index}` }));
  return warehouse('demo', name, { branch: 'main' }, ...branches);
};
const named = (...names: string[]): string[] => names.map((name) => `Warehouse demo/${name}`);

let testbed: Testbed;

beforeEach(async () => {
  stopClock();
  skipWaits();
  testbed = await startTestbed({
    objects: [...project('demo'), ...['a', 'b', 'c', 'd', 'y', 'z'].map(large)],
  });
  await testbed.reconcile();
});

afterEach(() => testbed.close());

/** Runs a reconciler, as after a cold start, whose requests of this kind are refused. */
async function runRefused(isRefused: (request: PassingRequest) => boolean): Promise<unknown> {
  passSeconds(60);
  testbed.cluster.fault = (request) => (isRefused(request) ? FORBIDDEN : undefined);
  const ended = (await coldReconciler())({}, lambdaContext()).catch((error: Error) => error.message);
  return ended.finally(() => testbed.cluster.reset());
}

test('while one chunk of the index becomes two, a push reaches all that the head before knows', async () => {
  const handler = await testbed.receiver();
  await testbed.objects.create(...['e', 'f', 'g', 'h', 'i', 'j'].map(large));
  expect(await runRefused(isPatchOfHead)).toContain('the lookup index could not be written');
  await testbed.objects.takeRefreshed();
  expect(await deliver(handler)).toEqual({ status: 200, body: { msg: 'refreshed 6 warehouse(s)' } });
  expect(await testbed.objects.takeRefreshed()).toEqual(named('a', 'b', 'c', 'd', 'y', 'z'));
  passSeconds(60);
  await testbed.reconcile();
  passSeconds(2);
  await testbed.objects.takeRefreshed();
  expect(await deliver(handler)).toEqual({ status: 200, body: { msg: 'refreshed 12 warehouse(s)' } });
});

describe('a reconciler that starts and', () => {
  test.each([
    ['cannot write the index', isPatchOfHead],
    ['cannot read the index', isListOfPieces],
  ])('%s publishes no URL that the receivers do not know, and keeps the others', async (_what, isRefused) => {
    await testbed.objects.create(...project('late'));
    await testbed.secrets.create('kargo/late/bitbucket', 's3cret');
    expect(await runRefused(isRefused)).toContain('the lookup index could not be written');
    expect((await testbed.objects.get('ProjectConfig', 'late', 'late')).status).toMatchObject({
      webhookReceivers: [],
      conditions: [{ status: 'False', reason: 'RouteMissing' }],
    });
    expect((await testbed.objects.get('ProjectConfig', 'demo', 'demo')).status).toMatchObject({
      webhookReceivers: [{ name: 'bb' }],
      conditions: [{ status: 'True' }],
    });
  });
});
