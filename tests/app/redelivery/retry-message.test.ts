import { describe, expect, test } from '@jest/globals';
import {
  readRetryMessage,
  splitUnfinished,
  writeRetryMessage,
  type RetryMessage,
} from '../../../lib/app/redelivery/retry-message.ts';
import { payloadReaderOf } from '../../../lib/core/bitbucket/event-readers.ts';
import { cloudPullRequest, cloudPush, dataCenterPullRequest, refsChanged } from '../../support/payloads.ts';

const message: RetryMessage = {
  target: 'kargo',
  event: {
    kind: 'push',
    addresses: ['bitbucket.org/acme/shop'],
    refs: [
      { kind: 'branch', name: 'main' },
      { kind: 'tag', name: 'v1' },
    ],
  },
  project: 'demo',
  receiver: 'bb',
  reason: 'cluster API unreachable',
  since: new Date('2026-05-04T10:11:12.345Z'),
  queuedAt: new Date('2026-05-04T10:11:13Z'),
};

describe('a message that was written is read again', () => {
  test.each<[what: string, key: string, payload: object]>([
    ['a push to Cloud', 'repo:push', cloudPush('acme/shop', 'main', 'tag v1', 'deleted old')],
    ['a pull request of Cloud', 'pullrequest:fulfilled', cloudPullRequest()],
    ['a push to Data Center', 'repo:refs_changed', refsChanged('refs/heads/main', 'refs/tags/v1')],
    ['a pull request of Data Center', 'pr:merged', dataCenterPullRequest()],
  ])('with every field of its event: %s', (_what, key, payload) => {
    const reading = payloadReaderOf(key)?.(payload);
    if (reading?.kind !== 'event') throw new Error('the payload is no event');
    const written = { ...message, event: reading.event, only: ['demo/a'], requestUuid: 'a1b2' };
    expect(readRetryMessage(writeRetryMessage(written))).toEqual({ kind: 'read', message: written });
  });

  test('without characters that SQS rejects', () => {
    const written = { ...message, receiver: 'a\uFFFEb\uFFFF\u0000\uD800c' };
    const text = writeRetryMessage(written);
    expect(text).toMatch(/^[\x20-\x7E]*$/);
    expect(readRetryMessage(text)).toEqual({ kind: 'read', message: written });
  });
});

describe('what is left is split', () => {
  const names = (count: number): string[] =>
    Array.from({ length: count }, (_none, index) => `demo/w${index}`);

  test.each([
    [1, [1]],
    [100, [100]],
    [101, [100, 1]],
    [1_000, Array.from({ length: 10 }, () => 100)],
  ])('by its names: %i', (count, sizes) => {
    const messages = splitUnfinished({ ...message, only: names(count) });
    expect(messages.map(({ only }) => only?.length)).toEqual(sizes);
    expect(messages.flatMap(({ only }) => only)).toEqual(names(count));
  });

  test('into nothing where no name is left', () => {
    expect(splitUnfinished({ ...message, only: [] })).toEqual([]);
  });

  test('by its refs where they are too long for one message, and only then', () => {
    const refs = Array.from({ length: 5 }, (_none, index) => ({
      kind: 'branch' as const,
      name: `${index}${'x'.repeat(50_000)}`,
    }));
    const event = { ...message.event, kind: 'push' as const, addresses: [], refs };
    const parts = splitUnfinished({ ...message, event });
    expect(parts.map((part) => (part.event.kind === 'push' ? part.event.refs.length : 0))).toEqual([2, 2, 1]);
    expect(splitUnfinished(message)).toEqual([message]);
    // The refs are for people only where the names are known.
    expect(splitUnfinished({ ...message, event, only: names(101) }).map(({ event: kept }) => kept)).toEqual([
      { ...event, refs: refs.slice(0, 2) },
      { ...event, refs: refs.slice(0, 2) },
    ]);
  });
});

describe('is not read', () => {
  const stored = JSON.parse(writeRetryMessage(message)) as object;
  test.each<[what: string, change: object, field: string]>([
    ['without a version', { version: undefined }, 'version'],
    ['without a target', { target: undefined }, 'target'],
    ['with an event of another form', { event: { kind: 'push', addresses: 'x', refs: [] } }, 'event'],
    [
      'with a ref of another kind',
      { event: { kind: 'push', addresses: [], refs: [{ kind: 'x', name: 'y' }] } },
      'event',
    ],
    ['without a project', { project: null }, 'project'],
    ['with names that are none', { only: [1] }, 'only.0'],
    ['with a time that is none', { queuedAt: 'yesterday' }, 'queuedAt'],
  ])('a message %s', (_what, change, field) => {
    expect(readRetryMessage(JSON.stringify({ ...stored, ...change }))).toEqual({
      kind: 'unreadable',
      reason: `${field} is missing or of another kind`,
    });
  });
});
