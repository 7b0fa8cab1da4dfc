import { expect, test } from '@jest/globals';
import { IndexReader } from '../../../lib/app/lookup/index-reader.ts';
import { indexNames } from '../../../lib/core/kargo/lookup-index/index-head.ts';
import { parseBaseUrl } from '../../../lib/core/kargo/receiver-path.ts';

test.each<
  [what: string, lookUp: (reader: IndexReader, budget: AbortSignal) => Promise<unknown>, all: boolean]
>([
  [
    'an authenticated push has the whole budget',
    (reader, budget) => reader.warehousesOf(['a'], budget),
    true,
  ],
  ['an unknown path has a shorter one', (reader, budget) => reader.receiversOf('a', budget), false],
])('reading the head again for %s', async (_what, lookUp, hasAll) => {
  let now = Date.parse('2026-05-04T10:11:12Z');
  const signals: AbortSignal[] = [];
  const reader = new IndexReader({
    pieces: {
      read: async (_name, _attempts, signal) => {
        signals.push(signal);
        return undefined;
      },
    },
    names: indexNames(parseBaseUrl('https://hooks.example.com')!),
    clock: () => new Date(now),
    onFault: () => undefined,
  });
  const budget = new AbortController().signal;
  await lookUp(reader, budget);
  now += 60_000;
  await lookUp(reader, budget);
  expect(signals.map((signal) => signal === budget)).toEqual([true, hasAll]);
});
