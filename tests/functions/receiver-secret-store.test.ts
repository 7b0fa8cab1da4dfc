import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { passSeconds, stopClock } from '../support/clock.ts';
import { deliver, type ReceiverHandler } from '../support/deliver.ts';
import { project, warehouse } from '../support/kargo-objects.ts';
import type { PassingRequest, ProxyFault } from '../support/loopback-proxy.ts';
import { startTestbed, type Testbed } from '../support/testbed.ts';
import { skipWaits } from '../support/waits.ts';

const refreshed = (count: number) => ({ status: 200, body: { msg: `refreshed ${count} warehouse(s)` } });
/** The answer to an unauthenticated caller, which does not name the dependency. */
const temporarilyUnavailable = { status: 503, body: { error: 'temporarily unavailable' } };
const rejection = (name: string): ProxyFault => ({ kind: 'answer', status: 400, body: { __type: name } });

let testbed: Testbed;
let handler: ReceiverHandler;

beforeEach(async () => {
  stopClock();
  skipWaits();
  testbed = await startTestbed({
    objects: [...project('demo'), warehouse('demo', 'one'), warehouse('demo', 'two')],
  });
  handler = await testbed.receiver();
});

afterEach(() => testbed.close());

describe('the secret store', () => {
  test('is not needed while its secrets are cached', async () => {
    expect(await deliver(handler)).toEqual(refreshed(2));
    await testbed.store.stop();
    expect(await deliver(handler)).toEqual(refreshed(2));
    passSeconds(30);
    expect(await deliver(handler)).toEqual(temporarilyUnavailable);
    await testbed.store.start();
    expect(await deliver(handler)).toEqual(refreshed(2));
  });

  test.each<[what: string, fault: ProxyFault]>([
    ['throttles', rejection('ThrottlingException')],
    ['has an internal error', { kind: 'answer', status: 500, body: { __type: 'InternalServiceError' } }],
    ['breaks connections', { kind: 'cut' }],
    ['does not answer', { kind: 'hang' }],
    ['rejects the credentials', rejection('UnrecognizedClientException')],
  ])('that %s causes 503 in a cold receiver', async (_what, fault) => {
    testbed.store.fault = () => fault;
    expect(await deliver(handler, { remainingMs: 900 })).toEqual(temporarilyUnavailable);
    testbed.store.reset();
    passSeconds(3);
    expect(await deliver(handler)).toEqual(refreshed(2));
  });

  describe.each<[what: string, fault: (request: PassingRequest) => ProxyFault]>([
    ['denies one secret', withoutOther('AccessDeniedException')],
    ['fails for one secret', withoutOther('InternalServiceError')],
    [
      'fails for the previous version of one secret',
      ({ body }) =>
        body.includes('AWSPREVIOUS')
          ? { kind: 'answer', status: 500, body: { __type: 'InternalServiceError' } }
          : { kind: 'rewrite', rewrite: (answer) => answer },
    ],
  ])('that %s', (_what, fault) => {
    beforeEach(async () => {
      await testbed.objects.create(...project('other'), warehouse('other', 'main'));
      await testbed.secrets.create('kargo/other/bitbucket', 's3cret');
      testbed.store.fault = (request) => (request.body.includes('other') ? fault(request) : undefined);
    });

    test('does not affect the other receivers', async () => {
      expect(await deliver(handler)).toEqual(refreshed(2));
    });

    test('causes 503 for the receiver of the secret', async () => {
      testbed.store.reset();
      await testbed.reconcile();
      testbed.store.fault = (request) => (request.body.includes('other') ? fault(request) : undefined);
      expect(await deliver(handler, { project: 'other' })).toEqual(temporarilyUnavailable);
      testbed.store.reset();
      passSeconds(2);
      expect(await deliver(handler, { project: 'other' })).toEqual(refreshed(1));
    });
  });
});

/** Makes the store return this error for the secret of `other`, and all other secrets. */
function withoutOther(code: string): (request: PassingRequest) => ProxyFault {
  const SecretId = 'kargo/other/bitbucket';
  const rewrite = (answer: string): string => {
    const { SecretValues } = JSON.parse(answer) as { SecretValues: { Name: string }[] };
    return JSON.stringify({
      SecretValues: SecretValues.filter(({ Name }) => Name !== SecretId),
      Errors: [{ SecretId, ErrorCode: code, Message: 'no' }],
    });
  };
  return ({ operation }) =>
    operation === 'GetSecretValue'
      ? { kind: 'answer', status: code === 'AccessDeniedException' ? 400 : 500, body: { __type: code } }
      : { kind: 'rewrite', rewrite };
}
