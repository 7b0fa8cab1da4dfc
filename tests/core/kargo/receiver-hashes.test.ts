import { describe, expect, test } from '@jest/globals';
import {
  liveHashes,
  orderMissingRoutes,
  receiverHashes,
  type ReceiverHashes,
} from '../../../lib/core/kargo/receiver-hashes.ts';
import { receiverHash } from '../../../lib/core/kargo/receiver-path.ts';
import type { SecretContent, SecretReading } from '../../../lib/core/kargo/receiver-secret.ts';
import type { ReceiverConfig } from '../../../lib/core/kargo/receiver.ts';

const since = new Date('2026-05-04T10:00:00Z');
const secret = (value: string): SecretContent => ({ kind: 'secret', value });
const empty: SecretContent = { kind: 'unusable', fault: 'empty', reason: 'is empty' };
const found = (current: SecretContent, previous?: SecretContent): SecretReading => ({
  kind: 'found',
  secretId: 's',
  versions: { current, previous, currentSince: since },
});
const receiver = { project: 'demo', name: 'bb', secretName: 's' };
const config: ReceiverConfig = {
  kind: 'ProjectConfig',
  namespace: 'demo',
  name: 'demo',
  resourceVersion: '1',
  generation: 1,
  declared: [
    { kind: 'bitbucket', name: 'bb', receiver },
    { kind: 'over-limit', name: 'more' },
    { kind: 'other', name: 'gh' },
  ],
  status: { webhookReceivers: [], conditions: [] },
};
const hashOf = (text: string): string => receiverHash('demo', 'bb', text);

describe('computes the hashes of a receiver within the limit', () => {
  test.each<
    [what: string, reading: SecretReading, current: string | undefined, previous: string | undefined]
  >([
    ['current secret', found(secret('a')), hashOf('a'), undefined],
    ['rotation', found(secret('b'), secret('a')), hashOf('b'), hashOf('a')],
    ['rotation to the same', found(secret('a'), secret('a')), hashOf('a'), undefined],
    ['current one that cannot be used', found(empty, secret('a')), undefined, hashOf('a')],
    [
      'secret that cannot be read',
      { kind: 'fault', fault: 'unreadable', secretId: 's', reason: '' },
      undefined,
      undefined,
    ],
  ])('%s', (_what, reading, current, previous) => {
    expect(receiverHashes([config], () => reading, since, 1000)).toEqual([{ receiver, current, previous }]);
  });
});

test('collects the live hashes', () => {
  const hashes = receiverHashes([config], () => found(secret('b'), secret('a')), since, 1000);
  expect(liveHashes(hashes)).toEqual(new Set([hashOf('a'), hashOf('b')]));
});

describe('orders the routes that are missing', () => {
  /** `a1:new,old` is receiver 1 of project a with these hashes. */
  const read = (...texts: string[]): ReceiverHashes[] =>
    texts.map((text) => {
      const [, project = '', name = '', current, previous] = /^([a-z])(\d+):(\w*),?(\w*)$/.exec(text) ?? [];
      return {
        receiver: { project, name, secretName: 's' },
        current: current || undefined,
        previous: previous || undefined,
      };
    });

  test.each<[what: string, hashes: string[], routed: string[], order: string[]]>([
    ['none where all exist', ['a1:x', 'b1:y'], ['x', 'y', 'z'], []],
    ['project by project in turn', ['a1:u', 'a2:v', 'a3:w', 'b1:x', 'b2:y'], [], ['u', 'x', 'v', 'y', 'w']],
    [
      'the project with the fewest routes first',
      ['a1:r', 'a2:s', 'a3:t', 'b1:x', 'b2:y'],
      ['r', 's'],
      ['x', 'y', 't'],
    ],
    ['rotations before new receivers', ['a1:x', 'b1:new,old'], ['old'], ['new', 'x']],
    [
      'rotations of the project with the fewest routes first',
      ['a1:n1,o1', 'a2:n2,o2', 'b1:n3,o3'],
      ['o1', 'o2', 'o3'],
      ['n3', 'n1', 'n2'],
    ],
    ['previous secrets last', ['a1:new,old', 'b1:x'], ['new'], ['x', 'old']],
    ['both of a receiver without any', ['a1:new,old'], [], ['new', 'old']],
    ['the previous one alone where the current cannot be used', ['a1:,old'], [], ['old']],
    ['each hash once', ['a1:x', 'a1:x'], [], ['x']],
  ])('%s', (_what, hashes, routed, order) => {
    expect(orderMissingRoutes(read(...hashes), new Set(routed))).toEqual(order);
  });
});
