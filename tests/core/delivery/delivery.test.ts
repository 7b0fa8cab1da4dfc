import { describe, expect, test } from '@jest/globals';
import {
  checkUnverified,
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

describe('the check before verification', () => {
  test.each<[what: string, changes: Partial<Delivery>, outcome: UnverifiedOutcome | undefined]>([
    ['accepts a valid delivery', {}, undefined],
    ['accepts the limit itself', { body: Buffer.alloc(2_097_152) }, undefined],
    ['rejects a body over the limit', { body: huge }, { kind: 'body-too-large' }],
    ['rejects a too large ping', { body: huge, eventKey: 'diagnostics:ping' }, { kind: 'body-too-large' }],
    ['answers an unsigned ping', { eventKey: 'diagnostics:ping', signature: undefined }, { kind: 'pong' }],
    [
      'rejects a missing signature before a missing event key',
      { eventKey: undefined, signature: undefined },
      { kind: 'missing-signature' },
    ],
    ['rejects an empty signature', { signature: '' }, { kind: 'missing-signature' }],
    ['leaves a malformed signature to verification', { signature: 'x' }, undefined],
  ])('%s', (_what, changes, outcome) => {
    expect(checkUnverified(delivery(changes), true)).toEqual(outcome);
  });
});

describe('parsing a verified delivery', () => {
  test.each<[what: string, changes: Partial<Delivery>, outcome: ParsedDelivery]>([
    [
      'rejects a missing event key before an invalid body',
      { eventKey: undefined, body: Buffer.from('{') },
      { kind: 'missing-event-key' },
    ],
    ['rejects an empty event key', { eventKey: '' }, { kind: 'missing-event-key' }],
    [
      'ignores an unhandled event whatever its body',
      { eventKey: 'a', body: Buffer.from('{') },
      { kind: 'ignored', eventKey: 'a' },
    ],
    ['rejects a body that is not JSON', { body: Buffer.from('{') }, { kind: 'invalid-body' }],
    ['rejects a byte order mark', { body: Buffer.from('\ufeff{}') }, { kind: 'invalid-body' }],
    ['rejects an empty body', { body: Buffer.alloc(0) }, { kind: 'invalid-body' }],
    ['rejects empty JSON', { body: Buffer.from('{}') }, { kind: 'invalid-body', detail: 'push is missing' }],
  ])('%s', (_what, changes, outcome) => {
    expect(parseDelivery(delivery(changes), 'receiver')).toEqual(outcome);
  });

  test('ignores pull requests for the package registry', () => {
    const pullRequest = delivery({ eventKey: 'pr:merged', body: Buffer.from('{') });
    expect(parseDelivery(pullRequest, 'registry')).toEqual({ kind: 'ignored', eventKey: 'pr:merged' });
    expect(parseDelivery(pullRequest, 'receiver')).toEqual({ kind: 'invalid-body' });
  });

  test('returns the event', () => {
    expect(parseDelivery(delivery(), 'receiver')).toMatchObject({ kind: 'event', event: { kind: 'push' } });
  });
});
