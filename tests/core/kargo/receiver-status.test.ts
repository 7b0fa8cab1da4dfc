import { describe, expect, test } from '@jest/globals';
import type { StatusFacts } from '../../../lib/core/kargo/receiver-readiness.ts';
import type { SecretReading } from '../../../lib/core/kargo/receiver-secret.ts';
import { planStatus } from '../../../lib/core/kargo/receiver-status.ts';
import type { Condition, DeclaredReceiver, StatusEntry } from '../../../lib/core/kargo/receiver.ts';
import {
  BEFORE,
  BASE,
  FIELD,
  HASH,
  MISSING,
  READY_FACTS,
  SECRET,
  bb,
  condition,
  demoConfig,
  fault,
  found,
  kargos,
  notReady,
  ours,
  planDemo,
  ready,
} from '../../support/status-plan.ts';

const CLUSTER_HASH = '691a064862b6700139377c0d9e98637c7f2f624481fc6023413b36c1639b8a25';
const github: StatusEntry = {
  name: 'gh',
  path: '/kargo/github/abc',
  url: `${BASE}/github/abc`,
  later: 1,
};
const gitlab: StatusEntry = { name: 'gl', path: '/kargo/gitlab/abc', url: `${BASE}/gitlab/abc` };
const old: StatusEntry = {
  name: 'bb',
  path: `/kargo/bitbucket/${'0'.repeat(64)}`,
  url: `${BASE}/bitbucket/${'0'.repeat(64)}`,
};
const unusable: DeclaredReceiver = { kind: 'unusable', name: 'bb', reason: 'it has no secret' };
const other = (name: string): DeclaredReceiver => ({ kind: 'other', name });
const overLimit = (name: string): DeclaredReceiver => ({ kind: 'over-limit', name });

test('publishes the address of a receiver and writes the condition', () => {
  expect(planDemo([bb])).toMatchObject({
    changed: true,
    webhookReceivers: [ours],
    conditions: [condition()],
    faults: [],
  });
});

test('publishes a receiver of the ClusterConfig with an empty project', () => {
  const receiver = { project: '', name: 'bb', secretName: 'bitbucket' };
  const base = { origin: 'https://hooks.example.com', path: '' };
  expect(planDemo([{ kind: 'bitbucket', name: 'bb', receiver }], {}, { base }).webhookReceivers).toEqual([
    {
      name: 'bb',
      path: `/bitbucket/${CLUSTER_HASH}`,
      url: `https://hooks.example.com/bitbucket/${CLUSTER_HASH}`,
    },
  ]);
});

test('changes nothing in a status that is as planned', () => {
  const declared = [other('gh'), bb];
  const first = planDemo(declared, { webhookReceivers: [gitlab, github, old], conditions: [ready] });
  const second = planDemo(declared, first, { now: new Date('2026-06-01T00:00:00Z') });
  expect(first.changed).toBe(true);
  expect(second).toEqual({ ...first, changed: false });
});

describe('the list', () => {
  test.each<[what: string, declared: DeclaredReceiver[], before: StatusEntry[], after: StatusEntry[]]>([
    ['gets an entry', [bb], [], [ours]],
    ['replaces the entry of the previous secret', [bb], [old], [ours]],
    ['replaces an entry without url', [bb], [{ name: 'bb', path: ours.path }], [ours]],
    ['drops a second entry of a name', [bb], [ours, old], [ours]],
    ['takes over the entry of another base', [bb], [kargos], [ours]],
    ['keeps an entry of another kind', [other('gh'), bb], [github], [github, ours]],
    ['keeps an entry of another kind whose receiver is gone', [bb], [github], [ours, github]],
    ['drops the entry of a receiver that is gone', [bb], [ours, { ...ours, name: 'gone' }], [ours]],
    ['drops the entry of the last receiver', [], [ours], []],
    ['keeps the entry of another base whose receiver is gone', [], [kargos, ours], [kargos]],
    ['drops the entry of a receiver that became another kind', [other('bb')], [ours], []],
    ['keeps its entry of another base', [other('bb')], [kargos], [kargos]],
    [
      'keeps the entry of the other kind that a receiver became',
      [other('bb')],
      [{ ...github, name: 'bb' }],
      [{ ...github, name: 'bb' }],
    ],
    ['replaces the entry of a receiver that was another kind', [bb], [{ ...github, name: 'bb' }], [ours]],
    [
      'is in the order of the spec',
      [other('gl'), bb, other('gh')],
      [github, ours, gitlab],
      [gitlab, ours, github],
    ],
    ['has entries without a receiver last', [bb, other('gh')], [gitlab, github], [ours, github, gitlab]],
    ['has no entry for a receiver of another kind', [other('gh'), bb], [], [ours]],
    ['has one entry for each name', [bb, bb], [], [ours]],
    ['drops the entry of a receiver over the limit', [bb, overLimit('x')], [{ ...ours, name: 'x' }], [ours]],
    ['keeps its entry of another base too', [overLimit('bb')], [kargos], [kargos]],
  ])('%s', (_what, declared, webhookReceivers, after) => {
    expect(planDemo(declared, { webhookReceivers }).webhookReceivers).toEqual(after);
  });
});

describe('a receiver that is not ready', () => {
  const empty = `Secret "kargo/demo/bitbucket" is empty. Store the HMAC secret in it or correct ${FIELD}.`;
  const malformed =
    'Secret "kargo/demo/bitbucket" is neither a bare string nor JSON with the key "secret". ' +
    `Store the HMAC secret in it or correct ${FIELD}.`;
  const policies =
    'It is unreadable. Check its resource policy and the policy of its KMS key; it is read again every minute.';
  const failing = { ...fault('unreadable'), isRetryable: true };
  const again = 'It is unreadable. It is read again every minute.';

  type Case = [what: string, DeclaredReceiver, SecretReading, StatusEntry[], reason: string, message: string];
  test.each<Case>([
    ['has no secret', bb, fault('missing'), [], 'SecretMissing', MISSING],
    ['has an empty secret', bb, found('{"secret":""}'), [], 'SecretEmpty', empty],
    ['has a malformed secret', bb, found('{'), [], 'SecretMalformed', malformed],
    [
      'has an invalid declaration',
      unusable,
      found(SECRET),
      [],
      'ReceiverInvalid',
      `it has no secret. Correct ${FIELD}.`,
    ],
    // The existing entry may still be right.
    ['has a secret that cannot be read', bb, fault('unreadable'), [ours], 'SecretUnreadable', policies],
    ['has a secret that the store fails to return', bb, failing, [ours], 'SecretUnreadable', again],
  ])('%s', (_what, declared, reading, list, reason, message) => {
    const expected = notReady(reason, message);
    const existing = { webhookReceivers: [github, ours], conditions: [ready] };
    expect(planDemo([declared], existing, { secretOf: () => reading })).toMatchObject({
      changed: true,
      webhookReceivers: [...list, github],
      conditions: [ready, expected],
      faults: [expected['message']],
    });
  });

  test.each([
    ['is not published', {}, []],
    ['keeps its existing entry', { webhookReceivers: [ours] }, [ours]],
  ])('has no route, and %s', (_what, status, entries) => {
    const planned = planDemo([bb], status, {
      unrouted: new Map([[HASH, 'the quota of routes is used up.']]),
    });
    expect(planned.webhookReceivers).toEqual(entries);
    expect(planned.conditions).toEqual([notReady('RouteMissing', 'the quota of routes is used up.')]);
  });

  test('does not affect the others', () => {
    const broken = { ...bb, name: 'a', receiver: { project: 'demo', name: 'a', secretName: 'gone' } };
    const secretOf: StatusFacts['secretOf'] = ({ secretName }) =>
      secretName === 'gone' ? fault('missing') : found(SECRET);
    const planned = planDemo([broken, bb, { ...unusable, name: 'c' }], {}, { secretOf });
    expect(planned.webhookReceivers).toEqual([ours]);
    expect(planned.conditions).toEqual([
      condition({
        status: 'False',
        reason: 'SecretMissing',
        message:
          `1 of 3 Bitbucket receiver(s) ready at ${BASE}. receiver "a": ${MISSING} ` +
          'receiver "c": it has no secret. Correct spec.webhookReceivers[2].bitbucket.secretRef.name.',
      }),
    ]);
  });
});

describe('the condition', () => {
  const settled = condition({ lastTransitionTime: BEFORE });
  const missing = { secretOf: () => fault('missing') };
  const faulty = notReady('SecretMissing', MISSING);

  type Case = [string, DeclaredReceiver[], before: Condition[], Partial<StatusFacts>, after: Condition[]];
  test.each<Case>([
    ['keeps its time while all is well', [bb], [settled], {}, [settled]],
    ['keeps its time when the spec changes', [bb], [{ ...settled, observedGeneration: 1 }], {}, [settled]],
    ['changes its time with its status', [bb], [settled], missing, [faulty]],
    ['changes its time back', [bb], [{ ...faulty, lastTransitionTime: BEFORE }], {}, [condition()]],
    [
      'keeps its time while the reason changes',
      [bb],
      [{ ...faulty, reason: 'SecretEmpty', lastTransitionTime: BEFORE }],
      missing,
      [{ ...faulty, lastTransitionTime: BEFORE }],
    ],
    ['stays in its place', [bb], [settled, ready], missing, [faulty, ready]],
    ['leaves those of others alone', [bb], [ready], {}, [ready, condition()]],
    ['goes with the last receiver', [other('gh')], [ready, settled], {}, [ready]],
    ['does not come without a receiver', [other('gh')], [ready], {}, [ready]],
  ])('%s', (_what, declared, conditions, facts, after) => {
    expect(planDemo(declared, { conditions }, facts).conditions).toEqual(after);
  });

  test.each([
    ['short', 'has 5 bytes, fewer than 16'],
    [`${SECRET}\n`, 'begins or ends with whitespace, which is part of the secret'],
  ])('stays true and warns of the secret %j', (text, weakness) => {
    expect(planDemo([bb], {}, { secretOf: () => found(text) }).conditions).toEqual([
      condition({
        message:
          `1 Bitbucket receiver(s) ready at ${BASE}. Warning: receiver "bb": Secret "kargo/demo/bitbucket" ${weakness}. ` +
          'Replace it with a random one of at least 32 characters.',
      }),
    ]);
  });

  test('names the receivers over the limit', () => {
    expect(planDemo([bb, other('gh'), overLimit('x'), overLimit('y')]).conditions).toEqual([
      condition({
        status: 'False',
        reason: 'TooManyReceivers',
        message:
          `1 of 1 Bitbucket receiver(s) ready at ${BASE}. receivers "x", "y": not served. ` +
          'The limit of 1 Bitbucket receiver(s) per project is reached by those declared before. ' +
          'Delete receivers, or ask the platform team to raise MAX_RECEIVERS_PER_PROJECT.',
      }),
    ]);
  });

  test('has a message within the limit of Kubernetes, however many faults there are', () => {
    const many = Array.from({ length: 2_000 }, (_, index) => ({ ...unusable, name: `bb-${index}` }));
    const over = Array.from({ length: 5_000 }, (_, index) => overLimit(`over-${index}`));
    const message = String(planDemo([...many, ...over]).conditions[0]?.['message']);
    expect(message.length).toBeLessThanOrEqual(32_768);
    expect(message).toMatch(/^receiver "bb-0": it has no secret\. .* and \d+ more$/);
    const names = String(planDemo([bb, ...over]).conditions[0]?.['message']);
    expect(names).toMatch(
      /receivers "over-0", .*, and \d+ more: not served\. .*MAX_RECEIVERS_PER_PROJECT\.$/,
    );
  });

  test('cuts one message that is too long by itself', () => {
    const [written] = planDemo([{ ...unusable, reason: 'x'.repeat(40_000) }]).conditions;
    expect(String(written?.['message'])).toHaveLength(32_768);
  });

  test('has no generation where the config has none', () => {
    const config = { ...demoConfig([bb]), generation: undefined };
    expect(planStatus(config, READY_FACTS).conditions[0]).not.toHaveProperty('observedGeneration');
  });
});
