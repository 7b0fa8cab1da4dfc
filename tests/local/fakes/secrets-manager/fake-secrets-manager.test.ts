import {
  BatchGetSecretValueCommand,
  CreateSecretCommand,
  DeleteSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { LoopbackServer } from '../../../../local/fakes/loopback-server.ts';
import { startFakeSecretsManager } from '../../../../local/fakes/secrets-manager/fake-secrets-manager.ts';

const SecretId = 'kargo/demo/bitbucket';
const NOT_FOUND = "Secrets Manager can't find the specified secret.";

/** A secret value, which no error may contain. */
const SECRET = 'the secret value';

/** Returns a ClientRequestToken, which is a version's id. */
function token(digit: number): string {
  return String(digit).repeat(32);
}

describe('the fake Secrets Manager', () => {
  let fake: LoopbackServer;
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

  test('returns the secrets of a batch, and names those that it cannot read', async () => {
    await client.send(new CreateSecretCommand({ Name: 'kargo/a', SecretString: 'a' }));
    const SecretIdList = ['kargo/missing', SecretId, 'kargo/a'];
    const { SecretValues, Errors } = await client.send(new BatchGetSecretValueCommand({ SecretIdList }));
    expect(SecretValues).toMatchObject([
      { Name: SecretId, SecretString: SECRET, VersionStages: ['AWSCURRENT'] },
      { Name: 'kargo/a', SecretString: 'a' },
    ]);
    expect(Errors).toEqual([
      { SecretId: 'kargo/missing', ErrorCode: 'ResourceNotFoundException', Message: NOT_FOUND },
    ]);
  });

  test('removes a secret at once, and accepts a new one of the same name', async () => {
    const force = new DeleteSecretCommand({ SecretId, ForceDeleteWithoutRecovery: true });
    const { ARN } = await client.send(force);
    const get = new GetSecretValueCommand({ SecretId });
    await expect(client.send(get)).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: NOT_FOUND,
    });
    const made = await client.send(new CreateSecretCommand({ Name: SecretId, SecretString: 'new' }));
    expect(made.ARN).not.toBe(ARN);
    expect(await client.send(get)).toMatchObject({ SecretString: 'new' });
  });

  const create = { Name: 'b', SecretString: SECRET, ClientRequestToken: token(1) };
  const INVALID = 'is not valid, or not implemented by this fake';
  test.each([
    [
      'an operation that it does not implement',
      'RotateSecret',
      {},
      'UnknownOperationException',
      'Unknown operation RotateSecret.',
    ],
    ['a body that is not an object', 'CreateSecret', null, 'ValidationException', `the request ${INVALID}`],
    ['a number for a name', 'GetSecretValue', { SecretId: 7 }, 'ValidationException', `SecretId ${INVALID}`],
    ['a request without a name', 'GetSecretValue', {}, 'ValidationException', `SecretId ${INVALID}`],
    [
      'a member that it does not implement',
      'GetSecretValue',
      { SecretId, VersionId: token(1) },
      'ValidationException',
      `VersionId ${INVALID}`,
    ],
    [
      'a name that AWS does not allow',
      'CreateSecret',
      { ...create, Name: 'a b' },
      'ValidationException',
      `Name ${INVALID}`,
    ],
    [
      'a value over 64 KiB',
      'CreateSecret',
      { ...create, SecretString: 'x'.repeat(65_537) },
      'ValidationException',
      `SecretString ${INVALID}`,
    ],
    [
      'a batch of more than 20',
      'BatchGetSecretValue',
      { SecretIdList: Array.from({ length: 21 }, () => 'a') },
      'ValidationException',
      `SecretIdList ${INVALID}`,
    ],
    [
      'a deletion with a recovery window',
      'DeleteSecret',
      { SecretId },
      'ValidationException',
      `ForceDeleteWithoutRecovery ${INVALID}`,
    ],
    [
      'a second secret of the same name',
      'CreateSecret',
      { ...create, Name: SecretId },
      'ResourceExistsException',
      'The operation failed because the secret kargo/demo/bitbucket already exists.',
    ],
  ])('rejects %s', async (_name, operation, members, type, message) => {
    const response = await post(operation, JSON.stringify(members));
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({ __type: type, Message: message });
  });

  test('does not quote a body that is not JSON', async () => {
    const response = await post('CreateSecret', `{"SecretString": ${SECRET}`);
    expect(await response.json()).toEqual({ __type: 'InternalServiceError' });
  });

  function post(operation: string, body: string): Promise<Response> {
    const headers = {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': `secretsmanager.${operation}`,
    };
    return fetch(fake.url, { method: 'POST', headers, body });
  }

  test('does not start with a name that AWS does not allow', async () => {
    await expect(startFakeSecretsManager({ port: 0, secrets: { 'a b': 'c' } })).rejects.toMatchObject({
      type: 'ValidationException',
    });
  });
});
