import { describe, expect, test } from '@jest/globals';
import { judgeObject, kindAffectedBy } from '../../../lib/core/kargo/affected-objects.ts';
import { finish } from '../../support/steps.ts';

const url = 'https://bitbucket.org/acme/shop/pull-requests/7';
const closed = { kind: 'pull-request-closed', url } as const;
const open = { uses: 'git-open-pr', as: 'open' };
const wait = { uses: 'git-wait-for-pr', as: 'wait' };
const waiting = { phase: 'Running', currentStep: 1, state: { wait: { pr: { id: 7, url } } } };

const judge = (steps: unknown, status: unknown) => finish(judgeObject(closed, { spec: { steps }, status }));

test('a closed pull request can affect Promotions', () => {
  expect(kindAffectedBy(closed)).toBe('promotion');
});

describe('a Promotion waits for the pull request', () => {
  test.each<[what: string, steps: unknown, status: unknown]>([
    ['at its current step', [open, wait], waiting],
    ['at an earlier step', [open, wait, open], { ...waiting, currentStep: 2 }],
    ['at the first step', [wait], { ...waiting, currentStep: 0 }],
    ['at the first step, which Kargo leaves out', [wait], { ...waiting, currentStep: undefined }],
    [
      'at the second of two such steps',
      [wait, { ...wait, as: 'b' }],
      { ...waiting, state: { b: { pr: { url } } } },
    ],
    ['next to steps without names', [{}, { uses: 'x' }, wait], { ...waiting, currentStep: 2 }],
    [
      'next to state of any kind',
      [open, wait],
      { ...waiting, state: { ...waiting.state, open: 7, x: null } },
    ],
  ])('%s', (_what, steps, status) => {
    expect(judge(steps, status)).toEqual({ kind: 'affected' });
  });
});

describe('a Promotion does not wait for the pull request', () => {
  test.each<[what: string, steps: unknown, status: unknown, mismatch: string]>([
    ['after it has ended', [open, wait], { ...waiting, phase: 'Succeeded' }, 'not-running'],
    ['after it has failed', [open, wait], { ...waiting, phase: 'Errored' }, 'not-running'],
    ['while it is pending', [open, wait], { ...waiting, phase: 'Pending' }, 'not-running'],
    ['before it has a status', [open, wait], undefined, 'not-running'],
    ['before it has a phase', [open, wait], {}, 'not-running'],
    ['before the step', [open, wait], { ...waiting, currentStep: 0 }, 'not-waiting'],
    [
      'without an alias',
      [open, { uses: 'git-wait-for-pr' }],
      { ...waiting, state: { '': { pr: { url } } } },
      'not-waiting',
    ],
    [
      'with an empty alias',
      [open, { ...wait, as: '' }],
      { ...waiting, state: { '': { pr: { url } } } },
      'not-waiting',
    ],
    ['under another alias', [open, wait], { ...waiting, state: { open: { pr: { url } } } }, 'not-waiting'],
    [
      'but opened it',
      [open],
      { ...waiting, currentStep: 0, state: { open: { pr: { url } } } },
      'not-waiting',
    ],
    [
      'but for another one',
      [open, wait],
      { ...waiting, state: { wait: { pr: { url: `${url}0` } } } },
      'other-pull-request',
    ],
    [
      'with a slash more',
      [open, wait],
      { ...waiting, state: { wait: { pr: { url: `${url}/` } } } },
      'other-pull-request',
    ],
    [
      'in other letters',
      [open, wait],
      { ...waiting, state: { wait: { pr: { url: url.toUpperCase() } } } },
      'other-pull-request',
    ],
    ['without state', [open, wait], { ...waiting, state: undefined }, 'not-waiting'],
    ['with state: null', [open, wait], { ...waiting, state: null }, 'not-waiting'],
    [
      'with output of another form',
      [open, wait],
      { ...waiting, state: { wait: { pr: url } } },
      'not-waiting',
    ],
    ['with an output that is null', [open, wait], { ...waiting, state: { wait: null } }, 'not-waiting'],
    [
      'with a URL that is none',
      [open, wait],
      { ...waiting, state: { wait: { pr: { url: 7 } } } },
      'not-waiting',
    ],
    [
      'with an alias that is a property of all objects',
      [{ ...wait, as: '__proto__' }],
      { ...waiting, state: {} },
      'not-waiting',
    ],
    ['without steps', null, waiting, 'not-waiting'],
    ['with a broken spec, but has ended', 7, { phase: 'Succeeded' }, 'not-running'],
  ])('%s', (_what, steps, status, mismatch) => {
    expect(judge(steps, status)).toEqual({ kind: 'unaffected', mismatch });
  });

  test('where neither has a URL', () => {
    const status = { ...waiting, state: { wait: { pr: { url: '' } } } };
    expect(finish(judgeObject({ ...closed, url: '' }, { spec: { steps: [open, wait] }, status }))).toEqual({
      kind: 'unaffected',
      mismatch: 'not-waiting',
    });
  });

  test.each([null, undefined, 7, 'x', [], {}])('where it is %j', (object) => {
    expect(finish(judgeObject(closed, object))).toEqual({ kind: 'unaffected', mismatch: 'not-running' });
  });
});

describe('a running Promotion is broken', () => {
  test.each<[object: unknown, reason: string]>([
    [{ status: waiting }, 'spec cannot be read'],
    [{ spec: { steps: {} }, status: waiting }, 'spec.steps cannot be read'],
    [{ spec: { steps: [7] }, status: waiting }, 'spec.steps.0 cannot be read'],
    [{ spec: { steps: [{ uses: 7 }] }, status: waiting }, 'spec.steps.0.uses cannot be read'],
    [
      { spec: { steps: [open] }, status: { ...waiting, currentStep: '1' } },
      'status.currentStep cannot be read',
    ],
    [{ spec: { steps: [open] }, status: { ...waiting, state: 'x' } }, 'status.state cannot be read'],
  ])('%j', (object, reason) => {
    expect(finish(judgeObject(closed, object))).toEqual({ kind: 'broken', reason });
  });
});
