import { describe, expect, test } from '@jest/globals';
import { answerTo, type Outcome } from '../../../lib/core/delivery/answer.ts';
import {
  isSignedWith,
  judgeProven,
  judgeUnproven,
  type Delivery,
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
  test.each<[what: string, changes: Partial<Delivery>, outcome: Outcome | undefined]>([
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
    expect(judgeUnproven(delivery(changes))).toEqual(outcome);
  });

  test('nothing is signed without a signature', () => {
    expect(isSignedWith(delivery(), ['s3cret'])).toBe(true);
    expect(isSignedWith(delivery({ signature: undefined }), ['s3cret', ''])).toBe(false);
  });
});

describe('after the signature was verified', () => {
  test.each<[what: string, changes: Partial<Delivery>, outcome: Outcome]>([
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
    expect(judgeProven(delivery(changes))).toEqual({ kind: 'answer', outcome });
  });

  test('an event is acted on', () => {
    expect(judgeProven(delivery())).toMatchObject({ kind: 'act', event: { kind: 'push' } });
  });
});

describe('an outcome is answered', () => {
  test.each<[outcome: Outcome, status: number, body: object]>([
    [{ kind: 'unknown-receiver' }, 404, {}],
    [{ kind: 'body-too-large' }, 413, { error: 'content exceeds limit of 2097152 bytes' }],
    [{ kind: 'pong' }, 200, { msg: 'pong' }],
    [{ kind: 'missing-signature' }, 401, { error: 'missing signature' }],
    [{ kind: 'unauthorized' }, 401, { error: 'unauthorized' }],
    [{ kind: 'missing-event-key' }, 400, { error: 'missing event key' }],
    [{ kind: 'ignored', eventKey: 'repo:fork' }, 200, { msg: 'ignored: event type repo:fork' }],
    [{ kind: 'invalid-body' }, 400, { error: 'invalid request body' }],
    [
      { kind: 'invalid-body', detail: 'a is missing' },
      400,
      { error: 'invalid request body', detail: 'a is missing' },
    ],
    [{ kind: 'refreshed', target: 'warehouse', count: 0 }, 200, { msg: 'refreshed 0 warehouse(s)' }],
    [{ kind: 'refreshed', target: 'promotion', count: 2 }, 200, { msg: 'refreshed 2 promotion(s)' }],
    [{ kind: 'unavailable', reason: 'cluster API unreachable' }, 503, { error: 'cluster API unreachable' }],
    [{ kind: 'internal-error', requestId: 'r-1' }, 500, { error: 'internal error', requestId: 'r-1' }],
  ])('%j', (outcome, status, answer) => {
    expect(answerTo(outcome)).toEqual({ status, body: answer });
  });
});
