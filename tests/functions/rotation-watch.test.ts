import { afterAll, beforeAll, beforeEach, expect, jest, test } from '@jest/globals';
import { passSeconds, stopClock } from '../support/clock.ts';
import { ConsoleLines } from '../support/console-lines.ts';
import { deliver, receiverPath, type DeliveryOptions, type ReceiverHandler } from '../support/deliver.ts';
import { project, warehouse } from '../support/kargo-objects.ts';
import { startTestbed, type Testbed } from '../support/testbed.ts';

const NAME = 'kargo/demo/bitbucket';
const OLD = 'the-previous-secret';
const NEW = 'the-current-secret';
const UNTIL = '2026-05-06T10:11:12.345Z';
const DAY_SECONDS = 86_400;

let testbed: Testbed;
let handler: ReceiverHandler;
let output: ConsoleLines;

beforeAll(async () => {
  stopClock('2026-05-04T10:11:12.345Z');
  output = new ConsoleLines();
  testbed = await startTestbed({
    objects: [...project('demo'), warehouse('demo', 'main')],
    secrets: { [NAME]: OLD },
    settings: { ROTATION_GRACE_HOURS: '48', LOG_LEVEL: 'INFO', POWERTOOLS_METRICS_DISABLED: 'false' },
  });
  await testbed.reconcile();
  // By listing, the URL of the new secret is known before the next run.
  await testbed.removeIndex();
  await testbed.secrets.rotate(NAME, NEW);
  handler = await testbed.receiver();
});

beforeEach(() => {
  output.lines.length = 0;
});

afterAll(async () => {
  jest.restoreAllMocks();
  await testbed.close();
});

const watch = async (delivery: DeliveryOptions) => {
  await deliver(handler, delivery);
  const lines = [...output.lines];
  const [metrics] = output.takeMetrics('PreviousSecretDeliveries', 'EndingSecretDeliveries');
  const log = lines.find(({ message }) => message === 'delivery');
  return { use: log?.['previousSecret'], metrics };
};
const readStatus = async () => {
  const { metadata, status } = await testbed.objects.get('ProjectConfig', 'demo', 'demo');
  const { conditions } = status as { conditions: { message: string }[] };
  return { resourceVersion: metadata.resourceVersion, message: conditions[0]?.message };
};

// The tests of this file follow one rotation, in this order.
test.each<[what: string, delivery: DeliveryOptions, use: object | undefined]>([
  ['URL and signature', { secret: OLD }, { for: ['url', 'signature'], validUntil: UNTIL }],
  ['URL alone', { secret: OLD, signedWith: NEW }, { for: ['url'], validUntil: UNTIL }],
  ['signature alone', { secret: NEW, signedWith: OLD }, { for: ['signature'], validUntil: UNTIL }],
  [
    'URL and signature, for an event that nothing is done for',
    { secret: OLD, event: 'repo:fork' },
    { for: ['url', 'signature'], validUntil: UNTIL },
  ],
])(
  'a delivery that uses the previous secret for its %s says so, and until when',
  async (_what, delivery, use) => {
    expect(await watch(delivery)).toEqual({
      use,
      metrics: { PreviousSecretDeliveries: 1, EndingSecretDeliveries: 0 },
    });
  },
);

test.each<[what: string, delivery: DeliveryOptions]>([
  ['that uses the current secret alone', { secret: NEW }],
  ['to the previous URL that is not verified', { secret: OLD, signedWith: 'forged' }],
  ['to an unknown URL', { path: receiverPath('demo', 'bb', 'unknown') }],
])('a delivery %s is not counted', async (_what, delivery) => {
  expect(await watch(delivery)).toEqual({
    use: undefined,
    metrics: { PreviousSecretDeliveries: 0, EndingSecretDeliveries: 0 },
  });
});

test('the condition says until when the previous secret is accepted, and is written once', async () => {
  await testbed.reconcile();
  expect(output.takeMetrics('PreviousSecrets')).toEqual([{ PreviousSecrets: 1 }]);
  const status = await readStatus();
  expect(status.message).toBe(
    '1 Bitbucket receiver(s) ready at https://hooks.example.com/kargo. ' +
      'receiver "bb": the previous secret and its URL are accepted until 2026-05-06T10:11:12Z. ' +
      'Enter the current ones in Bitbucket before.',
  );
  passSeconds(3_600);
  await testbed.reconcile();
  await testbed.reconcile();
  expect(await readStatus()).toEqual(status);
});

test('in the last day of the grace, a delivery that uses it starts the alarm', async () => {
  // An hour has passed.
  passSeconds(DAY_SECONDS - 3_600);
  expect((await watch({ secret: OLD })).metrics).toEqual({
    PreviousSecretDeliveries: 1,
    EndingSecretDeliveries: 0,
  });
  passSeconds(1);
  expect(await watch({ secret: OLD })).toEqual({
    use: { for: ['url', 'signature'], validUntil: UNTIL },
    metrics: { PreviousSecretDeliveries: 1, EndingSecretDeliveries: 1 },
  });
});

test('the condition says nothing of it after the grace', async () => {
  passSeconds(DAY_SECONDS);
  await testbed.reconcile();
  expect(output.takeMetrics('PreviousSecrets')).toEqual([{ PreviousSecrets: 0 }]);
  expect((await readStatus()).message).toBe(
    '1 Bitbucket receiver(s) ready at https://hooks.example.com/kargo',
  );
});
