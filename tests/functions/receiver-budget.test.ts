import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { passSeconds, stopClock } from '../support/clock.ts';
import { ConsoleLines } from '../support/console-lines.ts';
import { deliver } from '../support/deliver.ts';
import { DroppingProxy } from '../support/dropping-proxy.ts';
import { bitbucket, project, warehouse } from '../support/kargo-objects.ts';
import { startTestbed, type Testbed } from '../support/testbed.ts';

const refreshed = { status: 200, body: { msg: 'refreshed 1 warehouse(s)' } };
const unavailable = { status: 503, body: { error: 'temporarily unavailable' } };
const unknownPath = (digit: string) => ({ path: `/bitbucket/${digit.repeat(64)}` });

let testbed: Testbed;

beforeEach(() => stopClock());

afterEach(async () => {
  await testbed.close();
  jest.restoreAllMocks();
});

test('a delivery after a long freeze uses no connection to Secrets Manager from before it', async () => {
  const receivers = Array.from({ length: 6 }, (_none, index) => bitbucket(`bb${index}`, `s${index}`));
  testbed = await startTestbed({
    objects: [...project('demo', receivers), warehouse('demo', 'main')],
    secrets: Object.fromEntries(receivers.map((_one, index) => [`kargo/demo/s${index}`, 's3cret'])),
  });
  const proxy = new DroppingProxy(testbed.store.url);
  process.env['AWS_ENDPOINT_URL'] = await proxy.start();
  const handler = await testbed.receiver();
  const delivery = { receiver: 'bb0' };
  expect(await deliver(handler, delivery)).toEqual(refreshed);
  proxy.dropConnections();
  passSeconds(600);
  // A request over a dropped connection would wait for its timeout of 3 s.
  expect(await deliver(handler, { ...delivery, remainingMs: 3_000 })).toEqual(refreshed);
  proxy.stop();
});

test('unknown paths are answered without another attempt for a moment after index and list could not be read', async () => {
  testbed = await startTestbed({ objects: [...project('demo'), warehouse('demo', 'main')] });
  const handler = await testbed.receiver();
  expect(await deliver(handler)).toEqual(refreshed);
  passSeconds(10);
  testbed.cluster.fault = () => ({ kind: 'hang' });
  for (const digit of ['0', '4'])
    expect(await deliver(handler, { ...unknownPath(digit), remainingMs: 900 })).toEqual(unavailable);
  const requests = testbed.cluster.requests.length;
  for (const digit of ['1', '2', '3'])
    expect(await deliver(handler, unknownPath(digit))).toEqual(unavailable);
  expect(testbed.cluster.requests).toHaveLength(requests);
  testbed.cluster.reset();
  passSeconds(1);
  expect(await deliver(handler)).toEqual(refreshed);
});

test('nothing is sent after the time budget, and what was refused before is counted', async () => {
  const names = Array.from({ length: 40 }, (_none, index) => `w${index}`);
  testbed = await startTestbed({
    objects: [...project('demo'), ...names.map((name) => warehouse('demo', name))],
    settings: { POWERTOOLS_METRICS_DISABLED: 'false' },
  });
  const handler = await testbed.receiver();
  const isPatch = ({ method }: { method: string }): boolean => method === 'PATCH';
  testbed.cluster.fault = ({ method, path }) => {
    if (method !== 'PATCH') return undefined;
    return path.endsWith('/w0') ? { kind: 'answer', status: 403 } : { kind: 'hang' };
  };
  const lines = new ConsoleLines();
  expect(await deliver(handler, { remainingMs: 1_500 })).toEqual({
    status: 503,
    body: { error: 'refreshed 0 of 39 warehouse(s)' },
  });
  // Sixteen at a time; the one that was refused made room for another.
  expect(testbed.cluster.requests.filter(isPatch)).toHaveLength(17);
  expect(lines.takeMetrics('Refreshed', 'RefusedRefreshes')).toEqual([{ Refreshed: 0, RefusedRefreshes: 1 }]);
});
