import { expect, test } from '@jest/globals';
import { RetryableError } from '../../../lib/app/errors.ts';
import { redeliverBatch } from '../../../lib/app/redelivery/redeliver-batch.ts';
import { RegistryTarget } from '../../../lib/app/targets/registry/registry-target.ts';
import { KargoTarget } from '../../../lib/app/targets/kargo/kargo-target.ts';
import type { Target } from '../../../lib/app/targets/target.ts';
import { PUSH } from '../../support/redelivery-testbed.ts';

const ignore = (): void => undefined;
const log = {
  isDebugEnabled: false,
  addFields: ignore,
  debug: ignore,
  info: ignore,
  warn: ignore,
  error: ignore,
};
const ofKargo = (name: string): string => KargoTarget.prototype.ownerOf(name);
const ofRegistry = (name: string): string => RegistryTarget.prototype.ownerOf(name);
const queue = { send: async () => {}, postpone: async () => {}, sendToDeadLetters: async () => {} };

test.each<
  [what: string, name: 'kargo' | 'registry', ownerOf: Target['ownerOf'], names: string[], attempts: number]
>([
  ['objects of one project', 'kargo', ofKargo, ['demo/a', 'demo/b', 'demo/c'], 3],
  ['objects of two projects', 'kargo', ofKargo, ['demo/a', 'zoo/b', 'demo/c'], 2],
  ['packages of one vendor', 'registry', ofRegistry, ['acme/a', 'acme/b', 'acme/c'], 2],
])('%s that fail one after the other are attempted as far as they say nothing of others', async (...row) => {
  const [, name, ownerOf, names, attempts] = row;
  const attempted: unknown[] = [];
  const target: Target = {
    name,
    origins: [],
    ownerOf,
    handle: async (_event, { only = [] }) => {
      attempted.push(...only);
      const error = new RetryableError('unavailable');
      return { target: 'registry', synced: [], refused: [], error, remaining: only };
    },
  };
  const messages = names.map((only, index) => ({
    id: `${index}`,
    receiptHandle: '',
    text: JSON.stringify({ ...PUSH, target: name, only: [only] }),
    receiveCount: 1,
  }));
  const clock = (): Date => new Date(PUSH.queuedAt);
  const deps = { targets: [target], queue, maxAgeMs: 60_000, clock, random: () => 0.5, log };
  const signal = new AbortController().signal;
  const redeliveries = await redeliverBatch(deps, 'batch', messages, { work: signal, queue: signal });
  expect(attempted).toEqual(names.slice(0, attempts));
  expect(redeliveries.map(({ kind }) => kind)).toEqual(['postponed', 'postponed', 'postponed']);
});
