import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { chunksOf, packRows, type IndexRow } from '../../../../lib/core/kargo/lookup-index/index-rows.ts';

const row = (key: string, bytes = 10): IndexRow => ({ key, text: JSON.stringify([key, 'x'.repeat(bytes)]) });
const CHUNK = 96 * 1024;

describe('rows', () => {
  test('are packed in the order of their keys, whatever their own order', () => {
    const one = packRows([row('b'), row('a'), row('c')]);
    expect(one.map(({ content }) => (JSON.parse(content) as [string][]).map(([key]) => key))).toEqual([
      ['a', 'b', 'c'],
    ]);
    expect(packRows([row('c'), row('b'), row('a')])).toEqual(one);
  });

  test('of none make no chunk', () => {
    expect(packRows([])).toEqual([]);
  });

  test('larger than a chunk continue in the next one, also those of one key', () => {
    const chunks = packRows([row('a', 50_000), row('b', 50_000), row('b', 50_001), row('c', 50_000)]);
    expect(chunks.map(({ entry: [firstKey] }) => firstKey)).toEqual(['a', 'b', 'b', 'c']);
  });

  test.each([
    ['a', [0]],
    ['aa', [0]],
    ['b', [0, 1, 2]],
    ['bb', [2]],
    ['c', [2, 3]],
    ['d', [3]],
    ['0', []],
  ])('with the key %s are looked for in the chunks %j', (key, positions) => {
    const entries = [
      ['a', '1'],
      ['b', '2'],
      ['b', '3'],
      ['c', '4'],
    ] as const;
    expect(chunksOf(entries, key)).toEqual(positions);
  });

  test('are all found by their keys, in chunks of bounded size', () => {
    const rows = fc.array(fc.tuple(fc.stringMatching(/^[0-9a-f]{2}$/), fc.integer({ min: 0, max: 40_000 })), {
      maxLength: 40,
    });
    fc.assert(
      fc.property(rows, (made) => {
        const all = made.map(([key, bytes], index) => ({
          key,
          text: JSON.stringify([key, index, 'x'.repeat(bytes)]),
        }));
        const chunks = packRows(all);
        const entries = chunks.map(({ entry }) => entry);
        for (const { content } of chunks) expect(content.length).toBeLessThan(CHUNK + 1_000);
        for (const { key, text } of all) {
          const found = chunksOf(entries, key).flatMap(
            (position) => JSON.parse(chunks[position]?.content ?? '[]') as unknown[],
          );
          expect(found.map((one) => JSON.stringify(one))).toContain(text);
        }
      }),
      { numRuns: 50 },
    );
  });
});
