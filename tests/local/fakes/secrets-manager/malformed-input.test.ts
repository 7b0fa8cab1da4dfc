import { expect, test } from '@jest/globals';

import { startStore, token } from './fake.ts';

const create = 'secretsmanager.CreateSecret';
const put = 'secretsmanager.PutSecretValue';
const get = 'secretsmanager.GetSecretValue';

/** What the test store holds, and what no answer below may quote. */
const SECRET = 'the secret value';

const constraint = (rule: string) => `1 validation error detected: ${rule}`;
const cases: [string, string | undefined, unknown, string, string][] = [
  [
    'an operation AWS has not',
    'secretsmanager.Nothing',
    {},
    'UnknownOperationException',
    'Unknown operation secretsmanager.Nothing.',
  ],
  [
    'a name every object has',
    'secretsmanager.constructor',
    {},
    'UnknownOperationException',
    'Unknown operation secretsmanager.constructor.',
  ],
  ['no operation', undefined, {}, 'UnknownOperationException', 'Unknown operation .'],
  ['no JSON', create, `{"Name": ${SECRET}`, 'SerializationException', 'The request body is not valid JSON.'],
  ['a list', create, [], 'SerializationException', 'Unexpected value type in payload'],
  [
    'a number for a name',
    get,
    { SecretId: 7 },
    'SerializationException',
    'NUMBER_VALUE can not be converted to a String',
  ],
  [
    'bytes that are not base64',
    put,
    { SecretId: 'a', SecretBinary: '???', ClientRequestToken: token(1) },
    'SerializationException',
    'Blob is not valid base64',
  ],
  [
    'no name',
    get,
    { SecretId: null },
    'ValidationException',
    constraint("Value null at 'secretId' failed to satisfy constraint: Member must not be null"),
  ],
  [
    'a name with a space',
    get,
    { SecretId: 'a b' },
    'ValidationException',
    'Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!',
  ],
  [
    'an empty value',
    put,
    { SecretId: 'a', SecretString: '', ClientRequestToken: token(1) },
    'ValidationException',
    constraint(
      "Value at 'secretString' failed to satisfy constraint: Member must have length greater than or equal to 1",
    ),
  ],
  [
    'a value over 64 KiB in bytes alone',
    put,
    { SecretId: 'a', SecretString: 'é'.repeat(32_769), ClientRequestToken: token(1) },
    'ValidationException',
    constraint(
      "Value at 'secretString' failed to satisfy constraint: Member must have length less than or equal to 65536",
    ),
  ],
  [
    'no token',
    create,
    { Name: 'b', SecretString: SECRET },
    'InvalidRequestException',
    'You must provide a ClientRequestToken value. We recommend a UUID-type value.',
  ],
  [
    'a short token',
    create,
    { Name: 'b', SecretString: SECRET, ClientRequestToken: 'short' },
    'InvalidParameterException',
    'ClientRequestToken must be 32-64 characters long.',
  ],
  [
    'no value',
    put,
    { SecretId: 'a', ClientRequestToken: token(1) },
    'InvalidRequestException',
    'You must provide either SecretString or SecretBinary.',
  ],
  [
    'two values',
    put,
    { SecretId: 'a', SecretString: SECRET, SecretBinary: 'AA==', ClientRequestToken: token(1) },
    'InvalidParameterException',
    "You can't specify both a binary secret value and a string secret value in the same secret.",
  ],
];

test.each(cases)('%s is a 400 that says so', async (_name, target, body, type, message) => {
  await using store = await startStore({ a: SECRET });
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  expect(await store.post(target, text)).toEqual({ status: 400, type, message });
});

test('a request that any HTTP client signs with made-up credentials is answered', async () => {
  await using store = await startStore();
  const body = JSON.stringify({ Name: 'kargo/x', SecretString: SECRET, ClientRequestToken: token(1) });
  expect(await store.post(create, body)).toEqual({ status: 200, type: undefined, message: undefined });
});
