import { expect, test } from '@jest/globals';
import { answerTo } from '../../../lib/adapters/gateway/answer.ts';
import type { Outcome } from '../../../lib/app/delivery/outcome.ts';

const handled = (kind: 'warehouse' | 'promotion', refreshed: string[], refused: string[]): Outcome => ({
  kind: 'handled',
  results: [{ target: 'kargo', kind, refreshed, refused, unaffected: {} }],
});

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
  [handled('warehouse', [], []), 200, { msg: 'refreshed 0 warehouse(s)' }],
  [handled('promotion', ['demo/a', 'demo/b'], []), 200, { msg: 'refreshed 2 promotion(s)' }],
  [
    handled('warehouse', ['demo/a'], ['demo/b']),
    200,
    { msg: 'refreshed 1 warehouse(s), 1 refused by the cluster' },
  ],
  [
    handled('promotion', [], ['demo/a', 'demo/b']),
    200,
    { msg: 'refreshed 0 promotion(s), 2 refused by the cluster' },
  ],
  [
    { kind: 'unavailable', reason: 'cluster API unreachable', results: [] },
    503,
    { error: 'cluster API unreachable' },
  ],
  [{ kind: 'internal-error', requestId: 'r-1' }, 500, { error: 'internal error', requestId: 'r-1' }],
])('answers %j', (outcome, status, answer) => {
  expect(answerTo(outcome)).toEqual({ status, body: answer });
});
