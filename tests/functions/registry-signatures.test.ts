import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { passSeconds, stopClock } from '../support/clock.ts';
import { deliver, signatureOf, type DeliveryOptions, type ReceiverHandler } from '../support/deliver.ts';
import { cloudPush } from '../support/payloads.ts';
import {
  startRegistryTestbed,
  type RegistryTestbed,
  type RegistryTestbedOptions,
} from '../support/registry-testbed.ts';

const ID = 'kargo-front-door/registry-webhook';
const SYNCED = { status: 200, body: { msg: 'synced 1 package(s)' } };
const UNAUTHORIZED = { status: 401, body: { error: 'unauthorized' } };
const MISSING = { status: 401, body: { error: 'missing signature' } };
const UNAVAILABLE = { status: 503, body: { error: 'temporarily unavailable' } };

const body = JSON.stringify(cloudPush());
const signedWith = (secret: string): DeliveryOptions => ({ body, signature: signatureOf(body, secret) });
const unsigned: DeliveryOptions = { body, signature: null };

let testbed: RegistryTestbed;
let handler: ReceiverHandler;

async function start(options: RegistryTestbedOptions): Promise<void> {
  stopClock();
  testbed = await startRegistryTestbed(options);
  handler = await testbed.receiver();
}

const send = (delivery: DeliveryOptions) =>
  deliver(handler, { path: '/api/webhooks/bitbucket', remainingMs: 3_000, ...delivery });

describe.each<[where: string, options: RegistryTestbedOptions]>([
  [
    'JSON in Secrets Manager',
    { secrets: { [ID]: '{"secret":"t0p"}' }, settings: { BITBUCKET_WEBHOOK_SECRET_ID: ID } },
  ],
  [
    'the bare secret in Secrets Manager',
    { secrets: { [ID]: 't0p' }, settings: { BITBUCKET_WEBHOOK_SECRET_ID: ID } },
  ],
  ['in the environment', { settings: { BITBUCKET_WEBHOOK_SECRET: 't0p' } }],
])('with a secret, %s', (_where, options) => {
  beforeAll(() => start(options));

  beforeEach(() => {
    passSeconds(3);
    testbed.takeSyncs();
  });

  afterAll(() => testbed.close());

  test.each<[what: string, delivery: DeliveryOptions, answer: object]>([
    ['nothing', unsigned, MISSING],
    ['another secret', signedWith('other'), UNAUTHORIZED],
    ['an empty secret', signedWith(''), UNAUTHORIZED],
    ['it over other bytes', { ...signedWith('t0p'), body: `${body} ` }, UNAUTHORIZED],
    ['it with SHA-1', { body, signature: signatureOf(body, 't0p', 'sha1') }, UNAUTHORIZED],
  ])('a delivery signed with %s is rejected', async (_what, delivery, answer) => {
    expect(await send(delivery)).toEqual(answer);
    expect(testbed.registry.requests).toEqual([]);
  });

  test('a delivery signed with it is accepted', async () => {
    expect(await send(signedWith('t0p'))).toEqual(SYNCED);
  });

  test('the connection test is answered unsigned', async () => {
    const pong = { status: 200, body: { msg: 'pong' } };
    expect(await send({ event: 'diagnostics:ping', body: '', signature: null })).toEqual(pong);
  });
});

describe('without a secret', () => {
  beforeAll(() => start({}));

  afterAll(() => testbed.close());

  test.each<[what: string, delivery: DeliveryOptions]>([
    ['unsigned', unsigned],
    ['with any signature', signedWith('whatever')],
    ['with a malformed signature', { body, signature: 'sha256=zz' }],
  ])('a delivery %s is accepted', async (_what, delivery) => {
    expect(await send(delivery)).toEqual(SYNCED);
  });
});

test('a rotated secret and the previous one are accepted, until the grace ends', async () => {
  await start({
    secrets: { [ID]: 'first' },
    settings: { BITBUCKET_WEBHOOK_SECRET_ID: ID, ROTATION_GRACE_HOURS: '1' },
  });
  try {
    expect(await send(signedWith('first'))).toEqual(SYNCED);
    await testbed.secrets.rotate(ID, 'second');
    expect(await send(signedWith('second'))).toEqual(SYNCED);
    expect(await send(signedWith('first'))).toEqual(SYNCED);
    passSeconds(3_601);
    expect(await send(signedWith('second'))).toEqual(SYNCED);
    expect(await send(signedWith('first'))).toEqual(UNAUTHORIZED);
  } finally {
    await testbed.close();
  }
});

describe('nothing is accepted while the secret', () => {
  beforeEach(() =>
    start({
      secrets: { [ID]: 'first' },
      settings: { BITBUCKET_WEBHOOK_SECRET_ID: ID, ROTATION_GRACE_HOURS: '0' },
    }),
  );

  afterEach(() => testbed.close());

  test.each<[what: string, spoil: () => Promise<void> | void]>([
    ['is missing', () => testbed.secrets.delete(ID)],
    ['lacks its key', () => testbed.secrets.rotate(ID, '{"password":"first"}')],
    ['is empty', () => testbed.secrets.rotate(ID, '{"secret":""}')],
    [
      'cannot be read',
      () =>
        void (testbed.store.fault = () => ({
          kind: 'answer',
          status: 400,
          body: { __type: 'AccessDeniedException' },
        })),
    ],
    ['is in a store that does not answer', () => void (testbed.store.fault = () => ({ kind: 'hang' }))],
  ])('%s', async (_what, spoil) => {
    await spoil();
    expect(await send(signedWith('first'))).toEqual(UNAVAILABLE);
    expect(await send(unsigned)).toEqual(MISSING);
    expect(testbed.registry.requests).toEqual([]);
  });

  test('cannot be read after a rotation: none of the deliveries is answered 401', async () => {
    expect(await send(signedWith('first'))).toEqual(SYNCED);
    await testbed.secrets.rotate(ID, 'second');
    const throttled = { __type: 'ThrottlingException' };
    testbed.store.fault = () => ({ kind: 'answer', status: 400, body: throttled });
    expect(await send(signedWith('second'))).toEqual(UNAVAILABLE);
    passSeconds(0.5);
    expect(await send(signedWith('second'))).toEqual(UNAVAILABLE);
    testbed.store.fault = () => undefined;
    passSeconds(2);
    expect(await send(signedWith('second'))).toEqual(SYNCED);
  });
});
