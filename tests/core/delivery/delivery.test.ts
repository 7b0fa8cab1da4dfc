import { describe, expect, test } from '@jest/globals';
import {
  checkUnverified,
  isSignedWith,
  parseDelivery,
  type Delivery,
  type ParsedDelivery,
  type UnverifiedOutcome,
} from '../../../lib/core/delivery/delivery.ts';
import { signatureOf } from '../../support/deliver.ts';
import { cloudPush } from '../../support/payloads.ts';

const body = Buffer.from(JSON.stringify(cloudPush()));
const delivery = (changes: Partial<Delivery> = {}): Delivery => ({
  eventKey: 'repo:push',
  signature: signatureOf(body),
  body,
  ...changes,
});
const huge = Buffer.alloc(2_097_153);

describe('before the signature is looked at', () => {
  test.each<[what: string, changes: Partial<Delivery>, outcome: UnverifiedOutcome | undefined]>([
    ['nothing is wrong', {}, undefined],
    ['the limit itself', { body: Buffer.alloc(2_097_152) }, undefined],
    ['too large', { body: huge }, { kind: 'body-too-large' }],
    ['too large before a ping', { body: huge, eventKey: 'diagnostics:ping' }, { kind: 'body-too-large' }],
    ['a ping before no signature', { eventKey: 'diagnostics:ping', signature: undefined }, { kind: 'pong' }],
    [
      'no signature before no event key',
      { eventKey: undefined, signature: undefined },
      { kind: 'missing-signature' },
    ],
    ['an empty signature', { signature: '' }, { kind: 'missing-signature' }],
    ['a signature that is none', { signature: 'x' }, undefined],
  ])('%s', (_what, changes, outcome) => {
    expect(checkUnverified(delivery(changes))).toEqual(outcome);
  });

  test('nothing is signed without a signature', () => {
    expect(isSignedWith(delivery(), ['s3cret'])).toBe(true);
    expect(isSignedWith(delivery({ signature: undefined }), ['s3cret', ''])).toBe(false);
  });
});

describe('after the signature was verified', () => {
  test.each<[what: string, changes: Partial<Delivery>, outcome: ParsedDelivery]>([
    [
      'no event key before a bad body',
      { eventKey: undefined, body: Buffer.from('{') },
      { kind: 'missing-event-key' },
    ],
    ['an empty event key', { eventKey: '' }, { kind: 'missing-event-key' }],
    [
      'an ignored event before a bad body',
      { eventKey: 'a', body: Buffer.from('{') },
      { kind: 'ignored', eventKey: 'a' },
    ],
    ['no JSON', { body: Buffer.from('{') }, { kind: 'invalid-body' }],
    ['a byte order mark', { body: Buffer.from('\ufeff{}') }, { kind: 'invalid-body' }],
    ['nothing', { body: Buffer.alloc(0) }, { kind: 'invalid-body' }],
    ['a field missing', { body: Buffer.from('{}') }, { kind: 'invalid-body', detail: 'push is missing' }],
  ])('%s', (_what, changes, outcome) => {
    expect(parseDelivery(delivery(changes))).toEqual(outcome);
  });

  test('an event is acted on', () => {
    expect(parseDelivery(delivery())).toMatchObject({ kind: 'event', event: { kind: 'push' } });
  });
});
