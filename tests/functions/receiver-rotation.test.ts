import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { passSeconds, stopClock } from '../support/clock.ts';
import {
  deliver,
  type DeliveryAnswer,
  type DeliveryOptions,
  type ReceiverHandler,
} from '../support/deliver.ts';
import { project, projectConfig, warehouse } from '../support/kargo-objects.ts';
import { startTestbed, type Testbed } from '../support/testbed.ts';
import { skipWaits } from '../support/waits.ts';

const NAME = 'kargo/demo/bitbucket';
const refreshed = { status: 200, body: { msg: 'refreshed 1 warehouse(s)' } };
const unknown = { status: 404, body: {} };
const old: DeliveryOptions = { secret: 'old' };
const fresh: DeliveryOptions = { secret: 'new' };

let testbed: Testbed;
let handler: ReceiverHandler;

beforeAll(async () => {
  stopClock();
  skipWaits();
  testbed = await startTestbed({
    objects: [...project('demo'), ...project('other'), warehouse('demo', 'main'), warehouse('other', 'main')],
    secrets: { [NAME]: JSON.stringify({ secret: 'old' }), 'kargo/other/bitbucket': 'one' },
    settings: { ROTATION_GRACE_HOURS: '0.5' },
  });
  handler = await testbed.receiver();
  await testbed.reconcile();
});

afterEach(() => {
  testbed.store.fault = () => undefined;
});

afterAll(() => testbed.close());

/** Sends one delivery a second and returns the answers that are not 200. */
async function load(delivery: DeliveryOptions, seconds: number): Promise<DeliveryAnswer[]> {
  const others: DeliveryAnswer[] = [];
  for (let second = 0; second < seconds; second += 1) {
    const answer = await deliver(handler, delivery);
    if (answer.status !== 200) others.push(answer);
    passSeconds(1);
  }
  return others;
}

test('the URL of a new secret is known at once, also just after a forged signature', async () => {
  expect(await deliver(handler, { project: 'other', secret: 'one', signedWith: 'forged' })).toMatchObject({
    status: 401,
  });
  await testbed.secrets.rotate('kargo/other/bitbucket', 'two');
  await testbed.reconcile();
  passSeconds(1);
  expect(await deliver(handler, { project: 'other', secret: 'two' })).toEqual(refreshed);
});

test.each<[what: string, next: string, delivery: DeliveryOptions]>([
  ['signed with the new secret', 'three', { secret: 'two', signedWith: 'three' }],
  ['to the new URL', 'four', { secret: 'four' }],
])('a delivery %s is answered 503 while the secret cannot be read, never 4xx', async (_, next, options) => {
  const delivery = { project: 'other', ...options };
  passSeconds(60);
  expect(await deliver(handler, { project: 'other', secret: 'two' })).toEqual(refreshed);
  await testbed.secrets.rotate('kargo/other/bitbucket', next);
  await testbed.reconcile();
  passSeconds(1);
  testbed.store.fault = () => ({ kind: 'answer', status: 400, body: { __type: 'ThrottlingException' } });
  const answers: unknown[] = [];
  for (let attempts = 0; attempts < 3; attempts += 1) {
    answers.push((await deliver(handler, delivery)).status);
    passSeconds(0.5);
  }
  expect(answers).toEqual([503, 503, 503]);
  testbed.store.fault = () => undefined;
  passSeconds(2);
  expect(await deliver(handler, delivery)).toEqual(refreshed);
});

// The tests below follow one rotation, in this order.
test('every delivery with the previous or the current secret is accepted while the secret is replaced', async () => {
  const rejected = await load(old, 5);
  await testbed.secrets.rotate(NAME, JSON.stringify({ secret: 'new' }));
  rejected.push(...(await load(old, 40)));
  await testbed.reconcile();
  for (let round = 0; round < 20; round += 1)
    rejected.push(...(await load(fresh, 1)), ...(await load(old, 1)));
  expect(rejected).toEqual([]);
});

test('the status has only the URL of the current secret', async () => {
  const { status } = await testbed.objects.get('ProjectConfig', 'demo', 'demo');
  expect(status).toMatchObject({
    webhookReceivers: [
      {
        name: 'bb',
        path: '/kargo/bitbucket/f06b285f021c29c30a72afa7b2523dbd29cae2a59725ffe37638f44924670df0',
      },
    ],
  });
});

test('either secret verifies deliveries to either URL', async () => {
  expect(await deliver(handler, { secret: 'old', signedWith: 'new' })).toEqual(refreshed);
  expect(await deliver(handler, { secret: 'new', signedWith: 'old' })).toEqual(refreshed);
});

test('a cold receiver finds both URLs', async () => {
  const cold = await testbed.receiver();
  expect(await deliver(cold, old)).toEqual(refreshed);
  expect(await deliver(cold, fresh)).toEqual(refreshed);
});

test('the previous secret is accepted until the last moment of the grace', async () => {
  // 80 seconds have passed since the rotation.
  passSeconds(1719);
  expect(await deliver(handler, old)).toEqual(refreshed);
  expect(await deliver(await testbed.receiver(), old)).toEqual(refreshed);
});

test('the previous URL and secret are rejected after the grace', async () => {
  passSeconds(1);
  expect(await deliver(handler, old)).toEqual(unknown);
  expect(await deliver(await testbed.receiver(), old)).toEqual(unknown);
  expect(await deliver(handler, { secret: 'new', signedWith: 'old' })).toEqual({
    status: 401,
    body: { error: 'unauthorized' },
  });
  expect(await deliver(handler, fresh)).toEqual(refreshed);
});

test('the previous secret stays valid for the grace where the current one is empty', async () => {
  await testbed.secrets.rotate(NAME, '{"secret":""}');
  passSeconds(30);
  expect(await deliver(handler, fresh)).toEqual(refreshed);
  await testbed.reconcile();
  const { status } = await testbed.objects.get('ProjectConfig', 'demo', 'demo');
  expect(status).toMatchObject({ webhookReceivers: [], conditions: [{ reason: 'SecretEmpty' }] });
  await testbed.objects.delete(projectConfig('demo', []));
});
