import { beforeEach, describe, expect, test } from '@jest/globals';
import { ChangedReceiverSecrets } from '../../../lib/adapters/aws/changed-receiver-secrets.ts';
import { RetryableError } from '../../../lib/app/errors.ts';
import type { Receiver } from '../../../lib/core/kargo/receiver.ts';
import type { SecretReading } from '../../../lib/core/kargo/receiver-secret.ts';
import { SILENT_LOG } from '../../support/silent-log.ts';

const MINUTE = 60_000;
const live = new AbortController().signal;
const receiver = (secretName: string): Receiver => ({ project: 'demo', name: secretName, secretName });
const ALL = ['a', 'b', 'c'].map(receiver);

let now = 0;
/** Values of the secrets by name. */
let stored: Record<string, string>;
/** What the list of changes says, where it is allowed. */
let listed: Record<string, string> | RetryableError;
let reads: string[];
let failing: Set<string>;
/** Those that the store does not return at the moment. */
let throttled: Set<string>;
let warnings: number;
let secrets: ChangedReceiverSecrets;

beforeEach(() => {
  now = Date.parse('2026-05-04T10:00:00Z');
  stored = { a: '1', b: '1', c: '1' };
  listed = { a: '1', b: '1', c: '1', unrelated: '1' };
  reads = [];
  failing = new Set();
  throttled = new Set();
  warnings = 0;
  secrets = new ChangedReceiverSecrets({
    secrets: {
      read: async (receivers) => {
        reads.push(...receivers.map(({ secretName }) => secretName));
        if (receivers.every(({ secretName }) => failing.has(secretName)))
          throw new RetryableError('secret store unavailable');
        return receivers.map(({ secretName }) => readingOf(secretName));
      },
    },
    store: {
      listChanges: async () => {
        if (listed instanceof RetryableError) throw listed;
        return new Map(Object.entries(listed));
      },
    },
    secretIdOf: ({ secretName }) => secretName,
    namePrefix: 'kargo/',
    clock: () => new Date(now),
    log: { ...SILENT_LOG, warn: () => (warnings += 1) },
  });
});

function readingOf(secretId: string): SecretReading {
  const value = stored[secretId];
  const unreadable = { kind: 'fault', fault: 'unreadable', secretId, reason: 'no' } as const;
  if (throttled.has(secretId)) return { ...unreadable, isRetryable: true };
  if (failing.has(secretId)) return unreadable;
  if (value === undefined) return { kind: 'fault', fault: 'missing', secretId, reason: 'no' };
  const versions = { current: { kind: 'secret', value }, currentSince: new Date(0) } as const;
  return { kind: 'found', secretId, versions };
}

/** Reads all secrets as the runs of these minutes do. Returns which ones were read in each, and their values at the end. */
async function run(minutes = 1, receivers = ALL): Promise<[read: string[][], values: string[]]> {
  const read: string[][] = [];
  let readings: SecretReading[] = [];
  for (let minute = 0; minute < minutes; minute += 1) {
    reads.length = 0;
    readings = await secrets.read(receivers, 'store', live);
    read.push([...reads]);
    now += MINUTE;
  }
  const values = readings.map((reading) =>
    reading.kind === 'fault' ? reading.fault : (reading.versions.current as { value: string }).value,
  );
  return [read, values];
}

const denied = new RetryableError('secret store unavailable', { detail: 'AccessDeniedException' });

describe('secrets are read', () => {
  test('once, while the store reports no change', async () => {
    expect(await run(3)).toEqual([
      [['a', 'b', 'c'], [], []],
      ['1', '1', '1'],
    ]);
  });

  test('in the run after a change', async () => {
    await run();
    stored['b'] = '2';
    expect(await run()).toEqual([[[]], ['1', '1', '1']]);
    listed = { a: '1', b: '2', c: '1' };
    expect(await run(2)).toEqual([
      [['b'], []],
      ['1', '2', '1'],
    ]);
  });

  test('at once where their receiver is new, or names another one', async () => {
    await run(2, ALL.slice(0, 2));
    expect(await run(2)).toEqual([
      [['c'], []],
      ['1', '1', '1'],
    ]);
  });

  test('in the run after they were deleted or created', async () => {
    await run();
    stored = { b: '1', c: '1' };
    listed = { b: '1', c: '1' };
    expect(await run()).toEqual([[['a']], ['missing', '1', '1']]);
    stored['a'] = '3';
    listed = { a: '3', b: '1', c: '1' };
    expect(await run()).toEqual([[['a']], ['3', '1', '1']]);
  });

  test('in every run for ten minutes where they are missing, and then every five', async () => {
    stored = {};
    listed = {};
    const [read] = await run(22, ALL.slice(0, 1));
    expect(read.map((names) => names.length)).toEqual([
      1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0,
    ]);
  });

  test('every hour, because a change of a policy is not reported', async () => {
    const [read] = await run(122, ALL.slice(0, 1));
    expect(read.flatMap((names, minute) => (names.length > 0 ? [minute] : []))).toEqual([0, 60, 120]);
  });

  test('again in the next run where they could not be read', async () => {
    failing.add('b');
    expect(await run(2)).toEqual([
      [['a', 'b', 'c'], ['b']],
      ['1', 'unreadable', '1'],
    ]);
    failing.clear();
    expect(await run(2)).toEqual([
      [['b'], []],
      ['1', '1', '1'],
    ]);
  });
});

describe('where changes cannot be listed, secrets are read', () => {
  beforeEach(() => {
    listed = denied;
  });

  test('every five minutes, and it is logged once', async () => {
    const [read] = await run(12);
    expect(read.flatMap((names, minute) => (names.length > 0 ? [minute] : []))).toEqual([0, 5, 10]);
    expect(warnings).toBe(1);
  });

  test('at once where their receiver is new', async () => {
    await run(2, ALL.slice(0, 2));
    expect(await run()).toEqual([[['c']], ['1', '1', '1']]);
  });
});

describe('a store that is unavailable', () => {
  test('ends a run that knows no secret yet', async () => {
    failing = new Set(['a', 'b', 'c']);
    await expect(run()).rejects.toThrow('secret store unavailable');
  });

  test.each([
    ['for all that changed', () => (failing = new Set(['a', 'b']))],
    ['for one of those that changed', () => (throttled = new Set(['a']))],
  ])('%s leaves what is known as it is, and is asked again in the next run', async (_, fail) => {
    await run();
    stored = { a: '2', b: '2', c: '1' };
    listed = { a: '2', b: '2', c: '1' };
    fail();
    const [[read], values] = await run();
    expect(read).toEqual(['a', 'b']);
    expect(values[0]).toBe('1');
    expect(warnings).toBe(1);
    failing.clear();
    throttled.clear();
    expect((await run())[1]).toEqual(['2', '2', '1']);
  });
});

test('what was read in a run is used for the rest of it', async () => {
  await run();
  reads.length = 0;
  await secrets.read(ALL, 'cached', live);
  expect(reads).toEqual([]);
});
