import { describe, expect, test } from '@jest/globals';
import {
  acceptedSecrets,
  describeWeakness,
  inGrace,
  readSecretContent,
  type SecretContent,
} from '../../../lib/core/kargo/receiver-secret.ts';

const secret = (value: string): SecretContent => ({ kind: 'secret', value });
const empty = { kind: 'unusable', fault: 'empty', reason: 'is empty' } as const;
const malformed = {
  kind: 'unusable',
  fault: 'malformed',
  reason: 'is neither a bare string nor JSON with the key "secret"',
} as const;

describe('reads the text of a secret', () => {
  test.each<[text: string | undefined, content: SecretContent]>([
    ['s3cret', secret('s3cret')],
    ['{"secret":"s3cret"}', secret('s3cret')],
    [' \n{"secret": "s3cret", "other": 1}\n', secret('s3cret')],
    ['{"secret":"{}"}', secret('{}')],
    ['{"secret":" s3cret\\n"}', secret(' s3cret\n')],
    ['s3cret\n', secret('s3cret\n')],
    [' ', secret(' ')],
    ['"s3cret"', secret('"s3cret"')],
    ['["s3cret"]', secret('["s3cret"]')],
    ['null', secret('null')],
    ['é✓', secret('é✓')],
    ['', empty],
    ['{"secret":""}', empty],
    ['{}', malformed],
    ['{', malformed],
    ['{"secret":"s3cret"', malformed],
    ['{"secret":7}', malformed],
    ['{"secret":null}', malformed],
    ['{"secret":{"secret":"s3cret"}}', malformed],
    ['{"Secret":"s3cret"}', malformed],
    ['{s3cret}', malformed],
    [undefined, { kind: 'unusable', fault: 'malformed', reason: 'is binary, not text' }],
  ])('%j', (text, content) => {
    expect(readSecretContent(text)).toEqual(content);
  });
});

describe('during a rotation', () => {
  const since = new Date('2026-05-04T10:00:00.000Z');
  const graceMs = 1000;
  const inTime = new Date('2026-05-04T10:00:00.999Z');
  const late = new Date('2026-05-04T10:00:01.000Z');

  test.each<[current: SecretContent, previous: SecretContent | undefined, now: Date, accepted: string[]]>([
    [secret('new'), undefined, inTime, ['new']],
    [secret('new'), secret('old'), inTime, ['new', 'old']],
    [secret('new'), secret('old'), late, ['new']],
    [secret('same'), secret('same'), inTime, ['same']],
    [secret('new'), empty, inTime, ['new']],
    [secret('new'), malformed, inTime, ['new']],
    // Where the current secret cannot be used, the previous one is still valid.
    [empty, secret('old'), inTime, ['old']],
    [malformed, secret('old'), inTime, ['old']],
    [malformed, secret('old'), late, []],
    [empty, empty, inTime, []],
  ])('%j after %j at %p accepts %j', (current, previous, now, accepted) => {
    const secrets = acceptedSecrets({ current, previous, currentSince: since }, now, graceMs);
    expect(secrets.map(({ value }) => value)).toEqual(accepted);
  });

  test('the previous secret is valid until the end of the grace, and the current one has no end', () => {
    const versions = { current: secret('new'), previous: secret('old'), currentSince: since };
    expect(acceptedSecrets(versions, inTime, graceMs)).toEqual([
      { value: 'new' },
      { value: 'old', validUntil: new Date('2026-05-04T10:00:01.000Z') },
    ]);
  });

  test.each([
    [since, 0, false],
    [since, 1, true],
    [inTime, graceMs, true],
    [late, graceMs, false],
    // The store's clock may be ahead of the function's.
    [new Date(since.getTime() - 1), 0, true],
  ])('at %p a grace of %d ms lasts: %p', (now, grace, lasts) => {
    expect(inGrace(since, now, grace)).toBe(lasts);
  });
});

describe('describes the weakness of a secret', () => {
  const spaces = 'begins or ends with whitespace, which is part of the secret';

  test.each([
    ['0123456789abcdef', undefined],
    ['0123456789abcde', 'has 15 bytes, fewer than 16'],
    ['x', 'has 1 bytes, fewer than 16'],
    // The limit is in bytes, not in characters.
    ['ééééééé', 'has 14 bytes, fewer than 16'],
    ['éééééééé', undefined],
    ['0123456789abcdef\n', spaces],
    [' 0123456789abcdef', spaces],
    ['\u00a00123456789abcdef', spaces],
    ['0123 456789 abcdef', undefined],
    ['short\n', `has 6 bytes, fewer than 16 and ${spaces}`],
  ])('%j: %p', (text, weakness) => {
    expect(describeWeakness(text)).toBe(weakness);
  });
});
