import { describe, expect, test } from '@jest/globals';
import type { StatusFacts } from '../../../lib/core/kargo/receiver-readiness.ts';
import type { SecretReading } from '../../../lib/core/kargo/receiver-secret.ts';
import type { Condition } from '../../../lib/core/kargo/receiver.ts';
import {
  HASH,
  MISSING,
  SECRET,
  bb,
  condition,
  fault,
  found,
  kargos,
  notReady,
  ours,
  planDemo,
  ready,
} from '../../support/status-plan.ts';

describe('an entry that another server publishes', () => {
  const publishedHere = { wasPublishedHere: () => true };
  const words =
    'another server publishes it at https://kargo.example.com, where https://hooks.example.com/kargo was published before. ' +
    'Its entry is kept. Let only one of the two serve the project (setting PROJECTS).';
  const notServed = (what: string, advice: string): Condition =>
    notReady(
      'NotServedHere',
      `not served here. ${what}. ${advice} to serve the receiver here; https://kargo.example.com stays published by another server.`,
    );

  test.each<[what: string, reading: SecretReading, facts: Partial<StatusFacts>, expected: Condition]>([
    ['the secret is missing', fault('missing'), {}, notServed('It is missing', 'Create it')],
    [
      'the secret is empty',
      found(''),
      {},
      notServed('Secret "kargo/demo/bitbucket" is empty', 'Store the HMAC secret in it'),
    ],
    [
      'the URL was published here before',
      found(SECRET),
      publishedHere,
      notReady('PublishedElsewhere', words),
    ],
  ])('stays where %s', (_what, reading, facts, expected) => {
    const planned = planDemo(
      [bb],
      { webhookReceivers: [kargos, ours] },
      { secretOf: () => reading, ...facts },
    );
    expect(planned.webhookReceivers).toEqual([kargos]);
    expect(planned.conditions).toEqual([expected]);
  });

  test.each<[what: string, reading: SecretReading, facts: Partial<StatusFacts>]>([
    ['is missing', fault('missing'), {}],
    ['cannot be read', fault('unreadable'), {}],
    ['exists and the URL was published here before', found(SECRET), publishedHere],
    ['exists and there is no route', found(SECRET), { unrouted: new Map([[HASH, 'no room.']]) }],
  ])(
    'keeps the condition of the deployment that publishes it, where the secret %s',
    (_what, reading, facts) => {
      const theirs = condition({ message: '1 Bitbucket receiver(s) ready at https://kargo.example.com' });
      const status = { webhookReceivers: [kargos], conditions: [theirs, ready] };
      const planned = planDemo([bb], status, { secretOf: () => reading, ...facts });
      expect(planned).toMatchObject({ changed: false, conditions: [theirs, ready] });
    },
  );

  test.each([
    `1 Bitbucket receiver(s) ready at https://kargo.example.com. Warning: receiver "bb": weak.`,
    `1 of 2 Bitbucket receiver(s) ready at https://kargo.example.com. receiver "x": gone.`,
  ])('recognizes the condition "%s"', (message) => {
    const theirs = condition({ message });
    const status = { webhookReceivers: [kargos], conditions: [theirs] };
    expect(planDemo([bb], status, publishedHere).conditions).toEqual([theirs]);
  });

  test.each([
    '1 Bitbucket receiver(s) ready at https://kargo.example.com.evil',
    '1 Bitbucket receiver(s) ready at https://hooks.example.com/kargo',
    'receiver "bb": It is missing.',
  ])('replaces the condition "%s"', (message) => {
    const status = { webhookReceivers: [kargos], conditions: [condition({ message })] };
    expect(planDemo([bb], status, publishedHere).conditions).toEqual([notReady('PublishedElsewhere', words)]);
  });

  test('is replaced together with the condition where the URL was not published here before', () => {
    const theirs = condition({ message: '1 Bitbucket receiver(s) ready at https://kargo.example.com' });
    const planned = planDemo([bb], { webhookReceivers: [kargos], conditions: [theirs] });
    expect(planned).toMatchObject({ webhookReceivers: [ours], conditions: [condition()] });
  });

  test('is recognized by its base, whatever the letter case and with a default port', () => {
    const url = `https://HOOKS.example.com:443/kargo/bitbucket/${HASH}`;
    const planned = planDemo(
      [bb],
      { webhookReceivers: [{ ...ours, url }] },
      { secretOf: () => fault('missing') },
    );
    expect(planned.webhookReceivers).toEqual([]);
    expect(planned.conditions).toEqual([notReady('SecretMissing', MISSING)]);
  });
});
