import {
  GetSecretValueCommand,
  ListSecretVersionIdsCommand,
  PutSecretValueCommand,
  UpdateSecretCommand,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { describe, expect, test } from '@jest/globals';

import { failureOf, startStore, token } from './fake.ts';

const SecretId = 'kargo/demo/bitbucket';

async function valueAt(client: SecretsManagerClient, VersionStage?: string): Promise<string | undefined> {
  return (await client.send(new GetSecretValueCommand({ SecretId, VersionStage }))).SecretString;
}

async function put(client: SecretsManagerClient, digit: number, VersionStages?: string[]): Promise<void> {
  const SecretString = `value ${digit}`;
  await client.send(
    new PutSecretValueCommand({ SecretId, SecretString, VersionStages, ClientRequestToken: token(digit) }),
  );
}

async function labels(client: SecretsManagerClient): Promise<Record<string, string[] | undefined>> {
  const listed = await client.send(new ListSecretVersionIdsCommand({ SecretId, IncludeDeprecated: true }));
  return Object.fromEntries(
    (listed.Versions ?? []).slice(1).map(({ VersionId, VersionStages }) => [VersionId?.[0], VersionStages]),
  );
}

describe('two rotations', () => {
  test('keep the current value and the one before it, each with its own date of creation', async () => {
    await using store = await startStore({ [SecretId]: 'value 1' });
    const { client } = store;
    const first = await client.send(new GetSecretValueCommand({ SecretId }));
    expect(first).toMatchObject({ SecretString: 'value 1', VersionStages: ['AWSCURRENT'] });
    expect(await failureOf(valueAt(client, 'AWSPREVIOUS'))).toBe(
      "ResourceNotFoundException: Secrets Manager can't find the specified secret value for staging label: AWSPREVIOUS",
    );

    await put(client, 2);
    const previous = await client.send(new GetSecretValueCommand({ SecretId, VersionStage: 'AWSPREVIOUS' }));
    expect(previous).toMatchObject({ SecretString: 'value 1', VersionStages: ['AWSPREVIOUS'] });
    expect(previous.CreatedDate).toEqual(first.CreatedDate);
    expect(await valueAt(client)).toBe('value 2');

    await client.send(new UpdateSecretCommand({ SecretId, SecretString: 'value 3' }));
    expect([await valueAt(client), await valueAt(client, 'AWSPREVIOUS')]).toEqual(['value 3', 'value 2']);
    const deprecated = await client.send(new GetSecretValueCommand({ SecretId, VersionId: first.VersionId }));
    expect(deprecated).toMatchObject({ SecretString: 'value 1', VersionId: first.VersionId });
    expect(deprecated.VersionStages).toBeUndefined();
    const listed = await client.send(new ListSecretVersionIdsCommand({ SecretId }));
    expect(listed.Versions?.map(({ VersionStages }) => VersionStages)).toEqual([
      ['AWSPREVIOUS'],
      ['AWSCURRENT'],
    ]);
  });
});

describe('labels', () => {
  const move = { SecretId, VersionStage: 'AWSCURRENT', MoveToVersionId: token(2) };
  const cases: { name: string; puts: [number, string[]?][]; moves: object[]; expected: object }[] = [
    {
      name: 'a version put with labels of its own leaves the current one alone',
      puts: [[2, ['two', 'one']]],
      moves: [],
      expected: { 2: ['one', 'two'] },
    },
    {
      name: 'a label is on one version only',
      puts: [
        [2, ['one', 'two']],
        [3, ['two', 'three']],
      ],
      moves: [],
      expected: { 2: ['one'], 3: ['three', 'two'] },
    },
    {
      name: 'a pending version is made the current one, and later the previous one',
      puts: [[2, ['AWSCURRENT', 'AWSPENDING', 'mine']], [3]],
      moves: [],
      expected: { 2: ['AWSPREVIOUS', 'mine'], 3: ['AWSCURRENT'] },
    },
    {
      name: 'a rotation is taken back',
      puts: [[2], [3]],
      moves: [{ ...move, RemoveFromVersionId: token(3) }],
      expected: { 2: ['AWSCURRENT'], 3: ['AWSPREVIOUS'] },
    },
    {
      name: 'a label is taken away, and its version is deprecated',
      puts: [[2, ['one']]],
      moves: [{ SecretId, VersionStage: 'one', RemoveFromVersionId: token(2) }],
      expected: { 2: undefined },
    },
  ];
  test.each(cases)('$name', async ({ puts, moves, expected }) => {
    await using store = await startStore({ [SecretId]: 'value 1' });
    for (const [digit, stages] of puts) await put(store.client, digit, stages);
    for (const input of moves)
      await store.client.send(new UpdateSecretVersionStageCommand(input as typeof move));
    expect(await labels(store.client)).toEqual(expected);
  });

  test.each([
    [
      { MoveToVersionId: token(2), VersionStage: 'AWSCURRENT' },
      `InvalidParameterException: The parameter RemoveFromVersionId can't be empty. Staging label AWSCURRENT is currently attached to version ${token(3)}, so you must explicitly reference that version in RemoveFromVersionId.`,
    ],
    [
      { RemoveFromVersionId: token(3), VersionStage: 'AWSCURRENT' },
      'InvalidParameterException: You can only move staging label AWSCURRENT to a different secret version. It can’t be completely removed.',
    ],
    [
      { MoveToVersionId: token(9), VersionStage: 'mine' },
      `ResourceNotFoundException: Secrets Manager can't find the specified secret value for VersionId: ${token(9)}`,
    ],
  ])('%j is refused', async (input, failure) => {
    await using store = await startStore({ [SecretId]: 'value 1' });
    await put(store.client, 2);
    await put(store.client, 3);
    const refused = store.client.send(new UpdateSecretVersionStageCommand({ SecretId, ...input }));
    expect(await failureOf(refused)).toBe(failure);
  });
});
