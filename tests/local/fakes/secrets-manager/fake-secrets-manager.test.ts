import {
  BatchGetSecretValueCommand,
  CreateSecretCommand,
  DeleteSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { RunningFake } from '../../../../local/fakes/loopback-server.ts';
import { startFakeSecretsManager } from '../../../../local/fakes/secrets-manager/fake-secrets-manager.ts';

const SecretId = 'kargo/demo/bitbucket';
const MARKED = "You can't perform this operation on the secret because it was marked for deletion.";
const NOT_FOUND = "Secrets Manager can't find the specified secret.";

/** What no error may quote. */
const SECRET = 'the secret value';

/** Returns a ClientRequestToken, which is a version's id. */
function token(digit: number): string {
  return String(digit).repeat(32);
}

describe('the fake Secrets Manager', () => {
  let fake: RunningFake;
  let client: SecretsManagerClient;

  beforeEach(async () => {
    fake = await startFakeSecretsManager({ port: 0, secrets: { [SecretId]: SECRET } });
    client = new SecretsManagerClient({
      endpoint: fake.url,
      region: 'eu-central-1',
      credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
      maxAttempts: 1,
    });
  });
  afterEach(async () => {
    client.destroy();
    await fake.close();
  });

  test('returns a secret by name and by ARN', async () => {
    const { ARN } = await client.send(new GetSecretValueCommand({ SecretId }));
    expect(ARN).toMatch(
      /^arn:aws:secretsmanager:us-east-1:000000000000:secret:kargo\/demo\/bitbucket-[a-z0-9]{6}$/,
    );
    expect(await client.send(new GetSecretValueCommand({ SecretId: ARN }))).toMatchObject({
      Name: SecretId,
      SecretString: SECRET,
      VersionStages: ['AWSCURRENT'],
    });
  });

  test('keeps the current and the previous version of a rotation, each with its creation date', async () => {
    const first = await client.send(new GetSecretValueCommand({ SecretId }));
    const previous = new GetSecretValueCommand({ SecretId, VersionStage: 'AWSPREVIOUS' });
    await expect(client.send(previous)).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: "Secrets Manager can't find the specified secret value for staging label: AWSPREVIOUS",
    });

    await client.send(new PutSecretValueCommand({ SecretId, SecretString: 'second' }));
    expect(await client.send(previous)).toMatchObject({
      SecretString: SECRET,
      VersionStages: ['AWSPREVIOUS'],
      CreatedDate: first.CreatedDate,
    });
    await client.send(new PutSecretValueCommand({ SecretId, SecretString: 'third' }));
    expect(await client.send(previous)).toMatchObject({ SecretString: 'second' });
    expect(await client.send(new GetSecretValueCommand({ SecretId }))).toMatchObject({
      SecretString: 'third',
    });
  });

  test('accepts a version that is sent again, and rejects another value for its token', async () => {
    const put = (SecretString: string): PutSecretValueCommand =>
      new PutSecretValueCommand({ SecretId, SecretString, ClientRequestToken: token(2) });
    await client.send(put('second'));
    expect(await client.send(put('second'))).toMatchObject({ VersionId: token(2) });
    await expect(client.send(put('other'))).rejects.toMatchObject({ name: 'ResourceExistsException' });
    const previous = new GetSecretValueCommand({ SecretId, VersionStage: 'AWSPREVIOUS' });
    expect(await client.send(previous)).toMatchObject({ SecretString: SECRET });
  });

  test('stores bytes', async () => {
    const SecretBinary = Uint8Array.of(0, 1, 127, 128, 255);
    await client.send(new CreateSecretCommand({ Name: 'bytes', SecretBinary }));
    const { SecretBinary: stored, SecretString } = await client.send(
      new GetSecretValueCommand({ SecretId: 'bytes' }),
    );
    expect([...(stored ?? []), SecretString]).toEqual([0, 1, 127, 128, 255, undefined]);
  });

  test('returns the secrets of a batch, and names those that it cannot read', async () => {
    await client.send(new CreateSecretCommand({ Name: 'kargo/a', SecretString: 'a' }));
    await client.send(new DeleteSecretCommand({ SecretId }));
    const SecretIdList = ['kargo/missing', SecretId, 'kargo/a'];
    const { SecretValues, Errors } = await client.send(new BatchGetSecretValueCommand({ SecretIdList }));
    expect(SecretValues).toMatchObject([{ Name: 'kargo/a', SecretString: 'a' }]);
    expect(Errors).toEqual([
      { SecretId: 'kargo/missing', ErrorCode: 'ResourceNotFoundException', Message: NOT_FOUND },
      { SecretId, ErrorCode: 'InvalidRequestException', Message: MARKED },
    ]);
  });

  test('rejects every use of a secret that is marked for deletion', async () => {
    await client.send(new DeleteSecretCommand({ SecretId }));
    const failure = { name: 'InvalidRequestException' };
    await expect(client.send(new GetSecretValueCommand({ SecretId }))).rejects.toMatchObject(failure);
    const create = new CreateSecretCommand({ Name: SecretId, SecretString: 'new' });
    await expect(client.send(create)).rejects.toMatchObject(failure);
    const put = new PutSecretValueCommand({ SecretId, SecretString: 'new' });
    await expect(client.send(put)).rejects.toMatchObject(failure);
  });

  test('removes a secret at once when forced, and accepts a new one of the same name', async () => {
    const force = new DeleteSecretCommand({ SecretId, ForceDeleteWithoutRecovery: true });
    const { ARN } = await client.send(force);
    const get = new GetSecretValueCommand({ SecretId });
    await expect(client.send(get)).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: NOT_FOUND,
    });
    expect(await client.send(force)).toMatchObject({ Name: SecretId });
    const made = await client.send(new CreateSecretCommand({ Name: SecretId, SecretString: 'new' }));
    expect(made.ARN).not.toBe(ARN);
    expect(await client.send(get)).toMatchObject({ SecretString: 'new' });
  });

  const create = { Name: 'b', SecretString: SECRET, ClientRequestToken: token(1) };
  const cases: [name: string, operation: string, members: unknown, type: string, message: string][] = [
    [
      'an operation that it does not implement',
      'ListSecrets',
      {},
      'UnknownOperationException',
      'Unknown operation ListSecrets.',
    ],
    [
      'a body that is not JSON',
      'CreateSecret',
      `{"Name": ${SECRET}`,
      'SerializationException',
      'The request body is not valid JSON.',
    ],
    ['an array', 'CreateSecret', [], 'SerializationException', 'the request: must be object'],
    [
      'a number for a name',
      'GetSecretValue',
      { SecretId: 7 },
      'SerializationException',
      'SecretId: must be string',
    ],
    [
      'a request without a name',
      'GetSecretValue',
      {},
      'ValidationException',
      "the request: must have required property 'SecretId'",
    ],
    [
      'a member that it does not implement',
      'GetSecretValue',
      { SecretId, VersionId: token(1) },
      'ValidationException',
      'the request: must NOT have additional properties VersionId',
    ],
    [
      'a name that AWS does not allow',
      'CreateSecret',
      { ...create, Name: 'a b' },
      'ValidationException',
      'Name: must match pattern "^[A-Za-z0-9/_+=.@!-]+$"',
    ],
    [
      'a value over 64 KiB',
      'CreateSecret',
      { ...create, SecretString: 'x'.repeat(65_537) },
      'ValidationException',
      'SecretString: must NOT have more than 65536 characters',
    ],
    [
      'a batch of more than 20',
      'BatchGetSecretValue',
      { SecretIdList: Array.from({ length: 21 }, () => 'a') },
      'ValidationException',
      'SecretIdList: must NOT have more than 20 items',
    ],
    [
      'a second secret of the same name',
      'CreateSecret',
      { ...create, Name: SecretId },
      'ResourceExistsException',
      'The operation failed because the secret kargo/demo/bitbucket already exists.',
    ],
    [
      'a version without a value',
      'PutSecretValue',
      { SecretId, ClientRequestToken: token(1) },
      'InvalidRequestException',
      'You must provide either SecretString or SecretBinary.',
    ],
  ];

  test.each(cases)('rejects %s', async (_name, operation, members, type, message) => {
    const response = await fetch(fake.url, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': `secretsmanager.${operation}`,
      },
      body: typeof members === 'string' ? members : JSON.stringify(members),
    });
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({ __type: type, Message: message });
  });

  test('does not start with a name that AWS does not allow', async () => {
    await expect(startFakeSecretsManager({ port: 0, secrets: { 'a b': 'c' } })).rejects.toMatchObject({
      type: 'ValidationException',
    });
  });
});
