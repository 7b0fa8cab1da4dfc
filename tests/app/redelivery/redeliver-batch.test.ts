import { expect, test } from '@jest/globals';
import { RetryableError } from '../../../lib/app/errors.ts';
import { redeliverBatch } from '../../../lib/app/redelivery/redeliver-batch.ts';
import { RegistryTarget } from '../../../lib/app/targets/registry/registry-target.ts';
import { KargoTarget } from '../../../lib/app/targets/kargo/kargo-target.ts';
import type { Target } from '../../../lib/app/targets/target.ts';
import { PUSH } from '../../support/redelivery-testbed.ts';
import { SILENT_LOG } from '../../support/silent-log.ts';

const ofKargo = (name: string): string => KargoTarget.prototype.ownerOf(name);
const ofRegistry = (name: string): string => RegistryTarget.prototype.ownerOf(name);
const queue = { send: async () => {}, postpone: async () => {}, sendToDeadLetters: async () => {} };

const demo = ['demo/a', 'demo/b', 'demo/c', 'works/d'];
const two = ['a/x', 'b/x', 'works/d'];

test.each<[what: string, name: 'kargo' | 'registry', names: string[], attempted: string[]]>([
  ['objects of one project fail: others of it are postponed', 'kargo', demo, ['demo/a', 'demo/b', 'works/d']],
  ['objects of two projects fail: others are done', 'kargo', two, two],
  [
    'objects of three projects fail: the target is unavailable',
    'kargo',
    ['c/x', ...two],
    ['c/x', 'a/x', 'b/x'],
  ],
  ['three packages of a vendor fail: so is the registry', 'registry', demo, ['demo/a', 'demo/b', 'demo/c']],
])('%s', async (_what, name, names, expected) => {
  const attempted: unknown[] = [];
  const target: Target = {
    name,
    origins: [],
    ownerOf: name === 'kargo' ? ofKargo : ofRegistry,
    handle: async (_event, { only = [] }) => {
      attempted.push(...only);
      const result = { target: 'registry', synced: [], refused: [] } as const;
      return only[0]?.startsWith('works/') === true
        ? result
        : { ...result, error: new RetryableError('unavailable'), remaining: only };
    },
  };
  const messages = names.map((only, index) => ({
    id: `${index}`,
    receiptHandle: '',
    text: JSON.stringify({ ...PUSH, target: name, only: [only] }),
    receiveCount: 1,
  }));
  const clock = (): Date => new Date(PUSH.queuedAt);
  const deps = { targets: [target], queue, maxAgeMs: 60_000, clock, random: () => 0.5, log: SILENT_LOG };
  const signal = new AbortController().signal;
  const redeliveries = await redeliverBatch(deps, 'batch', messages, { work: signal, queue: signal });
  expect(attempted).toEqual(expected);
  expect(redeliveries.map(({ kind }) => kind)).toEqual(
    names.map((one) => (expected.includes(one) && one.startsWith('works/') ? 'done' : 'postponed')),
  );
});
