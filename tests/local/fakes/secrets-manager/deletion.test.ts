import {
  CreateSecretCommand,
  DeleteSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  ListSecretsCommand,
  PutSecretValueCommand,
  RestoreSecretCommand,
} from '@aws-sdk/client-secrets-manager';
import { describe, expect, test } from '@jest/globals';

import { failureOf, startStore } from './fake.ts';

const SecretId = 'kargo/demo/bitbucket';
const get = new GetSecretValueCommand({ SecretId });
const create = new CreateSecretCommand({ Name: SecretId, SecretString: 'new' });
const marked = "You can't perform this operation on the secret because it was marked for deletion.";

describe('a secret marked for deletion', () => {
  test.each([
    ['GetSecretValue', get, marked],
    ['PutSecretValue', new PutSecretValueCommand({ SecretId, SecretString: 'new' }), marked],
    [
      'CreateSecret',
      create,
      "You can't create this secret because a secret with this name is already scheduled for deletion.",
    ],
    [
      'DeleteSecret',
      new DeleteSecretCommand({ SecretId }),
      "You can't perform this operation on the secret because it was already scheduled for deletion.",
    ],
  ])('refuses %s', async (_name, command, message) => {
    await using store = await startStore({ [SecretId]: 's3cret' });
    await store.client.send(new DeleteSecretCommand({ SecretId, RecoveryWindowInDays: 7 }));
    const refused = store.client.send(command as typeof get);
    expect(await failureOf(refused)).toBe(`InvalidRequestException: ${message}`);
  });

  test('is described with its date, listed where asked for, and restored as it was', async () => {
    await using store = await startStore({ [SecretId]: 's3cret' });
    const { client } = store;
    const deleted = await client.send(new DeleteSecretCommand({ SecretId }));
    const described = await client.send(new DescribeSecretCommand({ SecretId }));
    expect(described.DeletedDate).toEqual(deleted.DeletionDate);
    expect((await client.send(new ListSecretsCommand({}))).SecretList).toEqual([]);
    const listed = await client.send(new ListSecretsCommand({ IncludePlannedDeletion: true }));
    expect(listed.SecretList?.map(({ Name }) => Name)).toEqual([SecretId]);

    await client.send(new RestoreSecretCommand({ SecretId }));
    expect((await client.send(get)).SecretString).toBe('s3cret');
    expect((await client.send(new DescribeSecretCommand({ SecretId }))).DeletedDate).toBeUndefined();
  });
});

test('a secret deleted without recovery is gone at once, and one of its name is another secret', async () => {
  await using store = await startStore({ [SecretId]: 's3cret' });
  const force = new DeleteSecretCommand({ SecretId, ForceDeleteWithoutRecovery: true });
  const { ARN } = await store.client.send(force);
  expect(await failureOf(store.client.send(get))).toBe(
    "ResourceNotFoundException: Secrets Manager can't find the specified secret.",
  );
  await expect(store.client.send(force)).resolves.toMatchObject({ Name: SecretId });
  const made = await store.client.send(create);
  expect(made.ARN).not.toBe(ARN);
  expect((await store.client.send(get)).SecretString).toBe('new');
});

test.each([
  [
    { RecoveryWindowInDays: 6 },
    'InvalidParameterException: RecoveryWindowInDays value must be between 7 and 30 days (inclusive).',
  ],
  [
    { RecoveryWindowInDays: 7, ForceDeleteWithoutRecovery: true },
    "InvalidParameterException: You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.",
  ],
])('a deletion with %j is refused', async (input, failure) => {
  await using store = await startStore({ [SecretId]: 's3cret' });
  expect(await failureOf(store.client.send(new DeleteSecretCommand({ SecretId, ...input })))).toBe(failure);
});
