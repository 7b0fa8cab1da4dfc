import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { passSeconds, stopClock } from '../support/clock.ts';
import { deliver, type DeliveryOptions, type ReceiverHandler } from '../support/deliver.ts';
import { project, warehouse } from '../support/kargo-objects.ts';
import { cloudPush } from '../support/payloads.ts';
import { startTestbed, type Testbed } from '../support/testbed.ts';

const refreshed = { status: 200, body: { msg: 'refreshed 1 warehouse(s)' } };
const push = cloudPush();
const uuid = (value: string): DeliveryOptions => ({ headers: { 'x-request-uuid': value } });

let testbed: Testbed;
let handler: ReceiverHandler;

beforeEach(async () => {
  stopClock();
  testbed = await startTestbed({ objects: [...project('demo'), warehouse('demo', 'main')] });
  handler = await testbed.receiver();
});

afterEach(() => testbed.close());

const patches = (): number => testbed.cluster.requests.filter(({ method }) => method === 'PATCH').length;

test.each<[what: string, first: DeliveryOptions, second: DeliveryOptions, seconds: number, patched: number]>([
  ['the same body with another UUID', { payload: push, ...uuid('a') }, { payload: push, ...uuid('b') }, 1, 1],
  ['the same UUID', uuid('a'), uuid('a'), 1, 1],
  ['the same body after 2 s', { payload: push }, { payload: push }, 2, 2],
  ['another push to the same branch', uuid('a'), uuid('b'), 0, 2],
])('refreshes once or twice as expected after %s', async (_what, first, second, seconds, patched) => {
  expect(await deliver(handler, first)).toEqual(refreshed);
  passSeconds(seconds);
  expect(await deliver(handler, second)).toEqual(refreshed);
  expect(patches()).toBe(patched);
});

test('refreshes again after a refresh that failed', async () => {
  testbed.cluster.fault = ({ method }) =>
    method === 'PATCH' ? { kind: 'answer', status: 503, headers: { 'retry-after': '60' } } : undefined;
  expect((await deliver(handler, { payload: push })).status).toBe(503);
  testbed.cluster.reset();
  expect(await deliver(handler, { payload: push })).toEqual(refreshed);
  expect(patches()).toBe(1);
});

test('refreshes a Warehouse that was deleted and created again under the same name', async () => {
  expect(await deliver(handler, { payload: push })).toEqual(refreshed);
  await testbed.objects.delete(warehouse('demo', 'main'));
  await testbed.objects.create(warehouse('demo', 'main'));
  expect(await deliver(handler, { payload: push })).toEqual(refreshed);
  expect(patches()).toBe(2);
});
