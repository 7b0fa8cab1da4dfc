import { describe, expect, test } from '@jest/globals';
import { readReceiverConfig, usableReceivers } from '../../../lib/core/kargo/receiver.ts';

const metadata = { name: 'demo', namespace: 'demo', resourceVersion: '7', generation: 2 };
const read = (webhookReceivers: unknown, status?: unknown) =>
  readReceiverConfig('ProjectConfig', { metadata, spec: { webhookReceivers }, status });

test('reads of a ProjectConfig what a status needs', () => {
  const github = { name: 'gh', github: { secretRef: { name: 'gh' } } };
  const entry = { name: 'gh', path: '/github/x', url: 'https://h/github/x', later: true };
  const condition = { type: 'Ready', status: 'True', later: { a: 1 } };
  const config = read([github, { name: 'bb', bitbucket: { secretRef: { name: 'bitbucket' } } }], {
    webhookReceivers: [entry],
    conditions: [condition],
    later: 1,
  });
  expect(config).toEqual({
    kind: 'ProjectConfig',
    namespace: 'demo',
    name: 'demo',
    resourceVersion: '7',
    generation: 2,
    declared: [
      { kind: 'other', name: 'gh' },
      { kind: 'bitbucket', name: 'bb', receiver: { project: 'demo', name: 'bb', secretName: 'bitbucket' } },
    ],
    status: { webhookReceivers: [entry], conditions: [condition] },
  });
});

test('reads a receiver of the ClusterConfig as one of no project', () => {
  const config = readReceiverConfig('ClusterConfig', {
    metadata: { name: 'cluster', resourceVersion: '7' },
    spec: { webhookReceivers: [{ name: 'bb', bitbucket: { secretRef: { name: 'bitbucket' } } }] },
  });
  if (typeof config === 'string') throw new Error(config);
  expect(usableReceivers(config)).toEqual([{ project: '', name: 'bb', secretName: 'bitbucket' }]);
});

test.each([undefined, null, []])('reads no receivers from %j', (webhookReceivers) => {
  expect(read(webhookReceivers)).toMatchObject({
    declared: [],
    status: { webhookReceivers: [], conditions: [] },
  });
});

test('reads no receivers without spec and status', () => {
  expect(readReceiverConfig('ProjectConfig', { metadata, spec: null, status: null })).toMatchObject({
    declared: [],
    status: { webhookReceivers: [], conditions: [] },
  });
});

describe('accepts the name of a secret', () => {
  test.each<[secretRef: unknown, usable: boolean]>([
    [{ name: 'bitbucket' }, true],
    [{ name: 'b' }, true],
    [{ name: 'bit.bucket-2', later: 1 }, true],
    [{ name: 'a'.repeat(253) }, true],
    [{ name: 'a'.repeat(254) }, false],
    [{ name: '' }, false],
    [{ name: 'other/bitbucket' }, false],
    [{ name: '../other' }, false],
    [{ name: '-a' }, false],
    [{ name: 'a.' }, false],
    [{ name: 'Bitbucket' }, false],
    [{ name: '{namespace}' }, false],
    [{ name: 'bitbucket\n' }, false],
    [{ name: 7 }, false],
    [{}, false],
    [null, false],
    ['bitbucket', false],
  ])('%j: %p', (secretRef, usable) => {
    const config = read([
      { name: 'bb', bitbucket: { secretRef } },
      { name: 'good', bitbucket: { secretRef: { name: 's' } } },
    ]);
    if (typeof config === 'string') throw new Error(config);
    const reason = 'bitbucket.secretRef.name is not the name of a Secret';
    expect(usableReceivers(config).map(({ name }) => name)).toEqual(usable ? ['bb', 'good'] : ['good']);
    expect(config.declared[0]).toMatchObject(
      usable ? { kind: 'bitbucket' } : { kind: 'unusable', name: 'bb', reason },
    );
  });
});

describe('names the field that cannot be read', () => {
  test.each<[object: unknown, reason: string]>([
    [null, 'the object cannot be read'],
    [{}, 'metadata cannot be read'],
    [{ metadata: {} }, 'metadata.name cannot be read'],
    [{ metadata, spec: 7 }, 'spec cannot be read'],
    [{ metadata, spec: { webhookReceivers: {} } }, 'spec.webhookReceivers cannot be read'],
    [{ metadata, spec: { webhookReceivers: [{}] } }, 'spec.webhookReceivers.0.name cannot be read'],
    [{ metadata, status: 7 }, 'status cannot be read'],
    [
      { metadata, status: { webhookReceivers: [{ name: 7 }] } },
      'status.webhookReceivers.0.name cannot be read',
    ],
    [{ metadata, status: { conditions: [{}] } }, 'status.conditions.0.type cannot be read'],
  ])('%j', (object, reason) => {
    expect(readReceiverConfig('ProjectConfig', object)).toBe(reason);
  });
});

describe('limits the receivers of a project', () => {
  const declare = (...names: string[]) =>
    names.map((name) => {
      if (name.startsWith('gh')) return { name, github: {} };
      return { name, bitbucket: { secretRef: { name: name.startsWith('bad') ? '' : 's' } } };
    });
  const readKind = (kind: 'ProjectConfig' | 'ClusterConfig', names: string[], max?: number): string[] => {
    const config = readReceiverConfig(kind, { metadata, spec: { webhookReceivers: declare(...names) } }, max);
    if (typeof config === 'string') throw new Error(config);
    return config.declared.map((entry) => `${entry.name} ${entry.kind}`);
  };

  test.each<[names: string[], max: number | undefined, declared: string[]]>([
    [['a', 'b', 'c'], 3, ['a bitbucket', 'b bitbucket', 'c bitbucket']],
    [['a', 'b', 'c'], 1, ['a bitbucket', 'b over-limit', 'c over-limit']],
    [['a', 'b', 'c'], undefined, ['a bitbucket', 'b bitbucket', 'c bitbucket']],
    // Other kinds and declarations that cannot be used do not count.
    [
      ['gh', 'bad', 'a', 'gh2', 'b', 'bad2'],
      1,
      ['gh other', 'bad unusable', 'a bitbucket', 'gh2 other', 'b over-limit', 'bad2 unusable'],
    ],
  ])('%j, at most %p', (names, max, declared) => {
    expect(readKind('ProjectConfig', names, max)).toEqual(declared);
  });

  test('does not limit the ClusterConfig', () => {
    expect(readKind('ClusterConfig', ['a', 'b'], 1)).toEqual(['a bitbucket', 'b bitbucket']);
  });

  test('lists as usable only those within the limit', () => {
    const spec = { webhookReceivers: declare('a', 'b', 'c') };
    const config = readReceiverConfig('ProjectConfig', { metadata, spec }, 2);
    if (typeof config === 'string') throw new Error(config);
    expect(usableReceivers(config).map(({ name }) => name)).toEqual(['a', 'b']);
  });
});
