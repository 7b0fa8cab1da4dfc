import { describe, expect, test } from '@jest/globals';
import { readGatewayDelivery, toGatewayResult } from '../../../lib/adapters/gateway/gateway-delivery.ts';
import { gatewayEvent, receiverPath } from '../../support/deliver.ts';

const read = (headers: Record<string, string | undefined>) =>
  readGatewayDelivery(
    gatewayEvent({ event: null, signature: null, headers: headers as Record<string, string> }),
  );

test.each([
  [{ 'x-event-key': 'repo:push', 'x-hub-signature': 'sha256=00' }, 'repo:push', 'sha256=00'],
  [{}, undefined, undefined],
])('reads event key and signature of %j', (headers, eventKey, signature) => {
  expect(read(headers).delivery).toMatchObject({ eventKey, signature });
});

test.each([
  [{ 'x-request-uuid': 'cloud' }, 'cloud'],
  [{ 'x-request-id': 'server' }, 'server'],
  [{ 'x-request-uuid': 'cloud', 'x-request-id': 'gateway' }, 'cloud'],
  [{}, undefined],
])('reads the request id of %j', (headers, uuid) => {
  expect(read(headers).requestUuid).toBe(uuid);
});

describe('the body is the bytes that were signed', () => {
  test.each<[what: string, body: Buffer, base64: boolean]>([
    ['text', Buffer.from('{"a": "é✓"}\n'), false],
    ['text in base64', Buffer.from('{"a": "é✓"}\n'), true],
    ['bytes in base64', Buffer.from([0, 255, 254, 10, 13]), true],
    ['nothing', Buffer.alloc(0), false],
    ['nothing in base64', Buffer.alloc(0), true],
    ['text that looks like base64', Buffer.from('eyJhIjoxfQ=='), false],
  ])('%s', (_what, body, base64) => {
    expect(Buffer.from(readGatewayDelivery(gatewayEvent({ body, base64 })).delivery.body).equals(body)).toBe(
      true,
    );
  });
});

const hash = '1907723f0dad3263464cb73611e7ba90b4d633c29c1603bd4750e8e37e11bea3';

test.each([
  [receiverPath(), { kind: 'receiver', hash }],
  [`/kargo${receiverPath()}`, { kind: 'receiver', hash }],
  ['/api/webhooks/bitbucket', { kind: 'registry' }],
  ['/kargo/api/webhooks/bitbucket', { kind: 'registry' }],
  ['/api/webhooks/bitbucket/', undefined],
  ['/my-api/webhooks/bitbucket', undefined],
  ['/bitbucket', undefined],
  ['/', undefined],
])('reads the endpoint of %s', (path, endpoint) => {
  expect(readGatewayDelivery(gatewayEvent({ path })).endpoint).toEqual(endpoint);
});

test('formats an answer as JSON', () => {
  expect(toGatewayResult({ status: 400, body: { error: 'a "b"' } })).toEqual({
    statusCode: 400,
    headers: { 'content-type': 'application/json' },
    body: '{"error":"a \\"b\\""}',
  });
});
