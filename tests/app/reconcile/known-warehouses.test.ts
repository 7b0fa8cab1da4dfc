import { expect, test } from '@jest/globals';
import { KnownWarehouses } from '../../../lib/app/reconcile/known-warehouses.ts';
import type { IndexableWarehouses, WarehouseContent } from '../../../lib/app/ports.ts';

/** Makes a Warehouse whose row of the index has almost 16 KB. */
function largeWarehouse(name: string): WarehouseContent {
  const git = { repoURL: 'https://bitbucket.org/acme/shop', allowTags: 'x'.repeat(15_800) };
  const content = { spec: { subscriptions: [{ git }] } };
  return { namespace: 'demo', name, uid: name, generation: 1, isDiscovered: true, content };
}

test('Warehouses that are new as their project becomes too large for the index are refreshed once', async () => {
  const all = Array.from({ length: 540 }, (_, index) => largeWarehouse(`w${index}`));
  const known = new KnownWarehouses();
  const signal = new AbortController().signal;
  let present = all.slice(0, 520);
  const cluster: IndexableWarehouses = {
    versions: async function* () {
      yield present;
    },
    pages: async function* () {
      yield present;
    },
    read: async function* (names) {
      yield present.filter(({ name }) => names.some((wanted) => wanted.name === name));
    },
  };
  await known.update(cluster, () => true, undefined, signal);
  expect(known.listedProjects).toEqual([]);
  present = all;
  const earlier = { coverageOf: () => 'project' as const, listedProjects: new Set<string>() };
  await known.update(cluster, () => true, earlier, signal);
  expect(known.listedProjects).toEqual(['demo']);
  expect(known.entering.map(({ name }) => name)).toEqual(all.slice(520).map(({ name }) => name));
});
