import {
  BatchGetSecretValueCommand,
  DeleteSecretCommand,
  ListSecretsCommand,
  paginateBatchGetSecretValue,
  paginateListSecrets,
} from '@aws-sdk/client-secrets-manager';
import { describe, expect, test } from '@jest/globals';

import { failureOf, startStore } from './fake.ts';

const secrets = {
  'kargo/a/x': 'ax',
  'kargo/a/y': 'ay',
  'kargo/b/x': 'bx',
  'other/a': 'oa',
  'Kargo/a': 'upper',
};

test('a batch answers for the secrets there are and names the others', async () => {
  await using store = await startStore(secrets);
  await store.client.send(new DeleteSecretCommand({ SecretId: 'kargo/b/x' }));
  const batch = await store.client.send(
    new BatchGetSecretValueCommand({
      SecretIdList: ['kargo/a/y', 'kargo/missing', 'kargo/b/x', 'kargo/a/x'],
    }),
  );
  expect(batch.SecretValues?.map((value) => [value.Name, value.SecretString, value.VersionStages])).toEqual([
    ['kargo/a/y', 'ay', ['AWSCURRENT']],
    ['kargo/a/x', 'ax', ['AWSCURRENT']],
  ]);
  expect(batch.Errors).toEqual([
    {
      SecretId: 'kargo/missing',
      ErrorCode: 'ResourceNotFoundException',
      Message: "Secrets Manager can't find the specified secret.",
    },
    {
      SecretId: 'kargo/b/x',
      ErrorCode: 'InvalidRequestException',
      Message: "You can't perform this operation on the secret because it was marked for deletion.",
    },
  ]);
});

test.each([
  [{}, "InvalidParameterException: Either 'SecretIdList' or 'Filters' must be provided, but not both."],
  [
    { SecretIdList: ['a'], Filters: [] },
    "InvalidParameterException: Either 'SecretIdList' or 'Filters' must be provided, but not both.",
  ],
  [
    { SecretIdList: ['a'], MaxResults: 2 },
    "InvalidParameterException: 'Filters' not specified. 'Filters' must also be specified when 'MaxResults' is provided.",
  ],
  [
    { SecretIdList: Array.from({ length: 21 }, () => 'a') },
    "ValidationException: 1 validation error detected: Value at 'secretIdList' failed to satisfy constraint: Member must have length less than or equal to 20",
  ],
])('the batch %j is refused', async (input, failure) => {
  await using store = await startStore(secrets);
  expect(await failureOf(store.client.send(new BatchGetSecretValueCommand(input)))).toBe(failure);
});

describe('filters', () => {
  test.each([
    [['kargo/'], ['kargo/b/x', 'kargo/a/y', 'kargo/a/x']],
    [
      ['kargo/b', 'other'],
      ['other/a', 'kargo/b/x'],
    ],
    [['!kargo/'], ['Kargo/a', 'other/a']],
    [['nothing'], []],
  ])('names that begin with one of %j', async (Values, names) => {
    await using store = await startStore(secrets);
    const Filters = [{ Key: 'name' as const, Values }];
    const listed = await store.client.send(new ListSecretsCommand({ Filters }));
    expect(listed.SecretList?.map(({ Name }) => Name)).toEqual(names);
    const batch = await store.client.send(new BatchGetSecretValueCommand({ Filters }));
    expect(batch.SecretValues?.map(({ Name }) => Name)).toEqual(names);
    expect(batch.Errors).toEqual([]);
  });

  test('other than by name are refused', async () => {
    await using store = await startStore(secrets);
    const listed = store.client.send(
      new ListSecretsCommand({ Filters: [{ Key: 'tag-key', Values: ['a'] }] }),
    );
    expect(await failureOf(listed)).toBe('InvalidParameterException: This fake filters by name only.');
  });
});

describe('pages', () => {
  test('of two hold every secret once, in either order, though one on a page before goes', async () => {
    await using store = await startStore(secrets);
    const { client } = store;
    const newestFirst: (string | undefined)[][] = [];
    for await (const { SecretList } of paginateListSecrets({ client, pageSize: 2 }, {})) {
      newestFirst.push(SecretList?.map(({ Name }) => Name) ?? []);
      if (newestFirst.length === 1) await client.send(new DeleteSecretCommand({ SecretId: 'other/a' }));
    }
    expect(newestFirst).toEqual([['Kargo/a', 'other/a'], ['kargo/b/x', 'kargo/a/y'], ['kargo/a/x']]);

    const oldestFirst: (string | undefined)[][] = [];
    for await (const { SecretList } of paginateListSecrets({ client, pageSize: 2 }, { SortOrder: 'asc' }))
      oldestFirst.push(SecretList?.map(({ Name }) => Name) ?? []);
    expect(oldestFirst).toEqual([
      ['kargo/a/x', 'kargo/a/y'],
      ['kargo/b/x', 'Kargo/a'],
    ]);
  });

  test('of a batch by name hold every value once', async () => {
    await using store = await startStore(secrets);
    const pages: (string | undefined)[][] = [];
    const input = { Filters: [{ Key: 'name' as const, Values: ['kargo/'] }] };
    for await (const page of paginateBatchGetSecretValue({ client: store.client, pageSize: 2 }, input))
      pages.push(page.SecretValues?.map(({ SecretString }) => SecretString) ?? []);
    expect(pages).toEqual([['bx', 'ay'], ['ax']]);
  });

  test('of a token that nobody gave out are refused', async () => {
    await using store = await startStore(secrets);
    expect(await failureOf(store.client.send(new ListSecretsCommand({ NextToken: 'x' })))).toBe(
      'InvalidNextTokenException: Invalid NextToken.',
    );
  });
});
