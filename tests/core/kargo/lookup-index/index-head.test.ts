import { describe, expect, test } from '@jest/globals';
import {
  indexNames,
  mayHoldReceiver,
  placeReceivers,
  receiverKeyOf,
  toReceiverRow,
} from '../../../../lib/core/kargo/lookup-index/index-head.ts';
import { receiverHash } from '../../../../lib/core/kargo/receiver-path.ts';

const receiversOf = (count: number) =>
  Array.from({ length: count }, (_, index) => {
    const receiver = { project: `project-${index}`, name: 'bitbucket', secretName: 'bitbucket' };
    const hash = receiverHash(receiver.project, receiver.name, 'secret');
    return { hash, row: toReceiverRow(hash, receiver) };
  });

describe('the receivers of an index', () => {
  test('are in its head where they are few', () => {
    const rows = receiversOf(500).map(({ row }) => row);
    const placed = placeReceivers(rows);
    expect(placed.receivers).toHaveLength(500);
    expect([placed.chunks, placed.receiverKeys]).toEqual([[], '']);
  });

  test('are in chunks where they are many, and the head tells the known paths from the unknown ones', () => {
    const receivers = receiversOf(5_000);
    const placed = placeReceivers(receivers.map(({ row }) => row));
    expect(placed.receivers).toEqual([]);
    expect(placed.chunks.length).toBeGreaterThan(1);
    expect(placed.receiverKeys).toHaveLength(5_000 * 12);
    for (const { hash } of receivers) expect(mayHoldReceiver(placed, receiverKeyOf(hash))).toBe(true);
    const others = Array.from({ length: 5_000 }, (_, index) => receiverHash('other', String(index), 'x'));
    expect(others.filter((hash) => mayHoldReceiver(placed, receiverKeyOf(hash)))).toEqual([]);
  });
});

test.each([
  ['https://hooks.example.com', '/kargo', 'index-054111dd'],
  ['https://hooks.example.com', '/kargo/', 'index-054111dd'],
  ['https://hooks.example.com', '', 'index-74858b59'],
])('deployments with different base URLs have indexes of their own: %s%s', (origin, path, head) => {
  const names = indexNames({ origin, path });
  expect(names.head).toBe(head);
  expect([names.entering, names.receiverChunk(1), names.warehouseChunk('07', 2)]).toEqual([
    `${head}-entering`,
    `${head}-receivers-1`,
    `${head}-warehouses-07-2`,
  ]);
});
