import { describe, expect, test } from '@jest/globals';
import type { StatusFacts } from '../../../lib/core/kargo/receiver-readiness.ts';
import { readSecretContent, type SecretReading } from '../../../lib/core/kargo/receiver-secret.ts';
import { planStatus, type StatusPlan } from '../../../lib/core/kargo/receiver-status.ts';
import type {
  Condition,
  DeclaredReceiver,
  ReceiverConfig,
  StatusEntry,
} from '../../../lib/core/kargo/receiver.ts';

const HASH = '1907723f0dad3263464cb73611e7ba90b4d633c29c1603bd4750e8e37e11bea3';
const CLUSTER_HASH = '9d6bb3c77e07da0bc5b9e06880b615c41e035d21b08a93ee13d8903c5d156042';
const now = new Date('2026-05-04T10:11:12.345Z');
const before = '2026-05-01T00:00:00Z';

const ours: StatusEntry = {
  name: 'bb',
  path: `/kargo/bitbucket/${HASH}`,
  url: `https://hooks.example.com/kargo/bitbucket/${HASH}`,
};
const github: StatusEntry = {
  name: 'gh',
  path: '/kargo/github/abc',
  url: 'https://h/kargo/github/abc',
  later: 1,
};
const gitlab: StatusEntry = { name: 'gl', path: '/kargo/gitlab/abc', url: 'https://h/kargo/gitlab/abc' };
const old: StatusEntry = { ...ours, path: `/kargo/bitbucket/${'0'.repeat(64)}` };
const ready: Condition = {
  type: 'Ready',
  status: 'False',
  reason: 'Kargo',
  message: 'its own',
  lastTransitionTime: before,
};

const bb: DeclaredReceiver = {
  kind: 'bitbucket',
  name: 'bb',
  receiver: { project: 'demo', name: 'bb', secretName: 'bitbucket' },
};
const other = (name: string): DeclaredReceiver => ({ kind: 'other', name });
const found = (text: string): SecretReading => ({
  kind: 'found',
  versions: { current: readSecretContent(text), currentSince: now },
});
const fault = (kind: 'missing' | 'unreadable'): SecretReading => ({
  kind: 'fault',
  fault: kind,
  reason: `it is ${kind}`,
});

const condition = (fields: Partial<Condition> = {}): Condition => ({
  type: 'BitbucketReceiversReady',
  status: 'True',
  reason: 'ReceiversReady',
  message: '1 Bitbucket receiver(s) ready',
  observedGeneration: 2,
  lastTransitionTime: '2026-05-04T10:11:12Z',
  ...fields,
});
const notReady = (reason: string, message: string): Condition =>
  condition({ status: 'False', reason, message: `receiver "bb": ${message}` });

function plan(
  declared: DeclaredReceiver[],
  status: Partial<ReceiverConfig['status']> = {},
  facts: Partial<StatusFacts> = {},
): StatusPlan {
  const config: ReceiverConfig = {
    kind: 'ProjectConfig',
    namespace: 'demo',
    name: 'demo',
    resourceVersion: '7',
    generation: 2,
    declared,
    status: { webhookReceivers: [], conditions: [], ...status },
  };
  return planStatus(config, {
    secretOf: () => found('s3cret'),
    unrouted: new Map(),
    base: { origin: 'https://hooks.example.com', path: '/kargo' },
    now,
    ...facts,
  });
}

test('a receiver gets its address and the condition', () => {
  expect(plan([bb])).toEqual({
    changed: true,
    webhookReceivers: [ours],
    conditions: [condition()],
    faults: [],
  });
});

test('a receiver of the ClusterConfig has an empty project', () => {
  const receiver = { project: '', name: 'bb', secretName: 'bitbucket' };
  const base = { origin: 'https://hooks.example.com', path: '' };
  expect(plan([{ kind: 'bitbucket', name: 'bb', receiver }], {}, { base }).webhookReceivers).toEqual([
    {
      name: 'bb',
      path: `/bitbucket/${CLUSTER_HASH}`,
      url: `https://hooks.example.com/bitbucket/${CLUSTER_HASH}`,
    },
  ]);
});

test('the plan of a status that was planned changes nothing', () => {
  const declared = [other('gh'), bb];
  const first = plan(declared, { webhookReceivers: [gitlab, github, old], conditions: [ready] });
  const second = plan(declared, first, { now: new Date('2026-06-01T00:00:00Z') });
  expect(first.changed).toBe(true);
  expect(second).toEqual({ ...first, changed: false });
});

describe('the list', () => {
  test.each<[what: string, declared: DeclaredReceiver[], before: StatusEntry[], after: StatusEntry[]]>([
    ['gets an entry', [bb], [], [ours]],
    ['gets an entry mended', [bb], [old], [ours]],
    ['gets an entry without url mended', [bb], [{ name: 'bb', path: ours.path }], [ours]],
    ['loses a second entry of a name', [bb], [ours, old], [ours]],
    ['keeps an entry of another kind', [other('gh'), bb], [github], [github, ours]],
    ['keeps one whose receiver is gone: it is not ours to take', [bb], [github], [ours, github]],
    ['loses the entry of a receiver that is gone', [bb], [ours, { ...ours, name: 'gone' }], [ours]],
    ['loses the entry of the last receiver', [], [ours], []],
    ['loses the entry of a receiver that became another kind', [other('bb')], [ours], []],
    [
      'keeps the entry of a receiver that became another kind',
      [other('bb')],
      [{ ...github, name: 'bb' }],
      [{ ...github, name: 'bb' }],
    ],
    ['loses the entry of a receiver that was another kind', [bb], [{ ...github, name: 'bb' }], [ours]],
    [
      'is in the order of the spec',
      [other('gl'), bb, other('gh')],
      [github, ours, gitlab],
      [gitlab, ours, github],
    ],
    ['has entries without a receiver last', [bb, other('gh')], [gitlab, github], [ours, github, gitlab]],
    ['lacks what others have not written yet', [other('gh'), bb], [], [ours]],
    ['holds a name once', [bb, bb], [], [ours, ours].slice(1)],
  ])('%s', (_what, declared, webhookReceivers, after) => {
    expect(plan(declared, { webhookReceivers }).webhookReceivers).toEqual(after);
  });
});

describe('a receiver that is not ready', () => {
  const unusable: DeclaredReceiver = { kind: 'unusable', name: 'bb', reason: 'it has no secret' };
  const empty = found('{"secret":""}');

  test.each<
    [
      what: string,
      declared: DeclaredReceiver,
      reading: SecretReading,
      list: StatusEntry[],
      condition: Condition,
    ]
  >([
    ['has no secret', bb, fault('missing'), [], notReady('SecretMissing', 'it is missing')],
    ['has an empty secret', bb, empty, [], notReady('SecretEmpty', 'its secret cannot be used: it is empty')],
    [
      'has a malformed secret',
      bb,
      found('{'),
      [],
      notReady(
        'SecretMalformed',
        'its secret cannot be used: it is neither a bare string nor JSON with the key "secret"',
      ),
    ],
    ['is badly declared', unusable, empty, [], notReady('ReceiverInvalid', 'it has no secret')],
    // Nothing is known against what stands there.
    [
      'has a secret that cannot be read',
      bb,
      fault('unreadable'),
      [ours],
      notReady('SecretUnreadable', 'it is unreadable'),
    ],
  ])('because it %s', (_what, declared, reading, list, expected) => {
    const given = { webhookReceivers: [github, ours], conditions: [ready] };
    expect(plan([declared], given, { secretOf: () => reading })).toEqual({
      changed: true,
      webhookReceivers: [...list, github],
      conditions: [ready, expected],
      faults: [expected['message']],
    });
  });

  test.each([
    ['is not published', {}, []],
    ['stays where it was published', { webhookReceivers: [ours] }, [ours]],
  ])('because the gateway has no route for it: its URL %s', (_what, status, entries) => {
    const planned = plan([bb], status, { unrouted: new Map([[HASH, 'quota of 300 reached']]) });
    expect(planned.webhookReceivers).toEqual(entries);
    expect(planned.conditions).toEqual([
      notReady('RouteMissing', 'the gateway has no route for it: quota of 300 reached'),
    ]);
  });

  test('does not cost its neighbours anything', () => {
    const broken = { ...bb, name: 'a', receiver: { project: 'demo', name: 'a', secretName: 'gone' } };
    const secretOf: StatusFacts['secretOf'] = ({ secretName }) =>
      secretName === 'gone' ? fault('missing') : found('s3cret');
    const planned = plan([broken, bb, { ...unusable, name: 'c' }], {}, { secretOf });
    expect(planned.webhookReceivers).toEqual([ours]);
    expect(planned.conditions).toEqual([
      condition({
        status: 'False',
        reason: 'SecretMissing',
        message: 'receiver "a": it is missing; receiver "c": it has no secret',
      }),
    ]);
  });

  test('has a message that Kubernetes takes, however much is wrong', () => {
    const reason = 'x'.repeat(40_000);
    const [written] = plan([{ ...unusable, reason }]).conditions;
    expect(String(written?.['message'])).toHaveLength(32_768);
  });
});

describe('the condition', () => {
  const settled = condition({ lastTransitionTime: before });
  const missing = { secretOf: () => fault('missing') };
  const faulty = notReady('SecretMissing', 'it is missing');

  test.each<
    [
      what: string,
      declared: DeclaredReceiver[],
      before: Condition[],
      facts: Partial<StatusFacts>,
      after: Condition[],
    ]
  >([
    ['keeps its time while all is well', [bb], [settled], {}, [settled]],
    ['keeps its time when the spec changes', [bb], [{ ...settled, observedGeneration: 1 }], {}, [settled]],
    ['changes its time with its status', [bb], [settled], missing, [faulty]],
    ['changes its time back', [bb], [{ ...faulty, lastTransitionTime: before }], {}, [condition()]],
    [
      'keeps its time while the reason changes',
      [bb],
      [{ ...faulty, reason: 'SecretEmpty', lastTransitionTime: before }],
      missing,
      [{ ...faulty, lastTransitionTime: before }],
    ],
    ['stays in its place', [bb], [settled, ready], missing, [faulty, ready]],
    ['leaves those of others alone', [bb], [ready], {}, [ready, condition()]],
    ['goes with the last receiver', [other('gh')], [ready, settled], {}, [ready]],
    ['does not come without a receiver', [other('gh')], [ready], {}, [ready]],
  ])('%s', (_what, declared, conditions, facts, after) => {
    expect(plan(declared, { conditions }, facts).conditions).toEqual(after);
  });

  test('says no generation where the cluster gives none', () => {
    const config = {
      declared: [bb],
      status: { webhookReceivers: [], conditions: [] },
      generation: undefined,
    };
    const facts = {
      secretOf: () => found('s3cret'),
      unrouted: new Map(),
      base: { origin: 'https://h', path: '' },
      now,
    };
    const named = { kind: 'ProjectConfig', namespace: 'demo', name: 'demo', resourceVersion: '7' } as const;
    expect(planStatus({ ...named, ...config }, facts).conditions[0]).not.toHaveProperty('observedGeneration');
  });
});
