import {
  CreateSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  UpdateSecretCommand,
} from '@aws-sdk/client-secrets-manager';
import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { describe, expect, test } from '@jest/globals';

import { startFakeSecretsManager } from '../../../../local/fakes/secrets-manager/fake-secrets-manager.ts';
import { failureOf, startStore, token } from './fake.ts';

const Name = 'kargo/demo/bitbucket';

test('a secret answers to its name, its ARN and its ARN without the suffix', async () => {
  await using store = await startStore({ [Name]: 's3cret', 'kargo/demo/my-secret': 'other' });
  const get = (SecretId: string) => store.client.send(new GetSecretValueCommand({ SecretId }));
  const { ARN = '' } = await get(Name);
  expect(ARN).toMatch(
    /^arn:aws:secretsmanager:us-east-1:000000000000:secret:kargo\/demo\/bitbucket-[A-Za-z0-9]{6}$/,
  );
  expect((await get(ARN)).SecretString).toBe('s3cret');
  expect((await get(ARN.slice(0, -7))).SecretString).toBe('s3cret');
  const hyphenated = await get('kargo/demo/my-secret');
  expect((await get(hyphenated.ARN ?? '')).SecretString).toBe('other');
  // What follows the last hyphen of this name is taken for the ARN's suffix, as on AWS.
  expect(await failureOf(get(hyphenated.ARN?.slice(0, -7) ?? ''))).toBe(
    "ResourceNotFoundException: Secrets Manager can't find the specified secret.",
  );
});

test('a binary secret comes back byte for byte', async () => {
  await using store = await startStore();
  const SecretBinary = Uint8Array.of(0, 1, 127, 128, 255);
  await store.client.send(new CreateSecretCommand({ Name, SecretBinary }));
  const got = await store.client.send(new GetSecretValueCommand({ SecretId: Name }));
  expect([...(got.SecretBinary ?? [])]).toEqual([0, 1, 127, 128, 255]);
  expect(got.SecretString).toBeUndefined();
});

test('a secret made without a value has none until one is put, which is then the current one', async () => {
  await using store = await startStore();
  const made = await store.client.send(new CreateSecretCommand({ Name }));
  expect(made.VersionId).toBeUndefined();
  const get = () => store.client.send(new GetSecretValueCommand({ SecretId: Name }));
  expect(await failureOf(get())).toBe(
    "ResourceNotFoundException: Secrets Manager can't find the specified secret value for staging label: AWSCURRENT",
  );
  const put = { SecretId: Name, SecretString: 's3cret', VersionStages: ['mine'] };
  await store.client.send(new PutSecretValueCommand(put));
  expect(await get()).toMatchObject({ SecretString: 's3cret', VersionStages: ['AWSCURRENT', 'mine'] });
});

describe('a ClientRequestToken', () => {
  type Send = (
    client: SecretsManagerClient,
    SecretString: string,
  ) => Promise<{ VersionId?: string | undefined }>;
  const ClientRequestToken = token(1);
  const create = (client: SecretsManagerClient, SecretString: string) =>
    client.send(new CreateSecretCommand({ Name, SecretString, ClientRequestToken }));
  const put: Send = (client, SecretString) =>
    client.send(new PutSecretValueCommand({ SecretId: Name, SecretString, ClientRequestToken }));
  const update: Send = (client, SecretString) =>
    client.send(new UpdateSecretCommand({ SecretId: Name, SecretString, ClientRequestToken }));
  const taken = `You can't use ClientRequestToken ${token(1)} because that value is already in use for a version of secret ARN.`;
  test.each<[string, Send, string]>([
    ['CreateSecret', create, 'The operation failed because the secret kargo/demo/bitbucket already exists.'],
    ['PutSecretValue', put, taken],
    ['UpdateSecret', update, taken],
  ])('sent again to %s changes nothing, with another value is refused', async (_name, send, message) => {
    await using store = await startStore();
    const { client } = store;
    const made = await create(client, 'one');
    expect(made.VersionId).toBe(token(1));
    expect((await send(client, 'one')).VersionId).toBe(token(1));
    expect((await failureOf(send(client, 'two'))).replace(made.ARN ?? '', 'ARN')).toBe(
      `ResourceExistsException: ${message}`,
    );
    const got = await client.send(new GetSecretValueCommand({ SecretId: Name }));
    expect(got).toMatchObject({ SecretString: 'one', VersionId: token(1), VersionStages: ['AWSCURRENT'] });
  });
});

test('a version asked for by an id and a label has both', async () => {
  await using store = await startStore({ [Name]: 'one' });
  const put = { SecretId: Name, SecretString: 'two', ClientRequestToken: token(2) };
  await store.client.send(new PutSecretValueCommand(put));
  const get = (VersionId: string, VersionStage: string) =>
    store.client.send(new GetSecretValueCommand({ SecretId: Name, VersionId, VersionStage }));
  expect((await get(token(2), 'AWSCURRENT')).SecretString).toBe('two');
  expect(await failureOf(get(token(2), 'AWSPREVIOUS'))).toBe(
    'InvalidRequestException: You provided a VersionStage that is not associated to the provided VersionId.',
  );
  expect(await failureOf(get(token(7), 'AWSCURRENT'))).toBe(
    `ResourceNotFoundException: Secrets Manager can't find the specified secret value for VersionId: ${token(7)}`,
  );
});

test('a port in use, or a name that AWS would not take, is a rejection', async () => {
  const { url, close } = await startFakeSecretsManager({ port: 0 });
  const port = Number(new URL(url).port);
  await expect(startFakeSecretsManager({ port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  await close();
  await expect(startFakeSecretsManager({ port: 0, secrets: { 'a b': 'c' } })).rejects.toMatchObject({
    type: 'ValidationException',
  });
});
