import { expect, test } from '@jest/globals';
import { BitbucketCredentials } from '../../../lib/adapters/bitbucket/bitbucket-credentials.ts';
import { BitbucketClients } from '../../../lib/adapters/bitbucket/bitbucket-clients.ts';

const NAME = 'kargo-front-door/bitbucket';

/** Returns the servers for which the text of the secret has credentials. */
function serversOf(text: string): Promise<readonly string[]> {
  const clock = (): Date => new Date('2026-05-04T10:11:12Z');
  const version = { text, versionId: '1', createdAt: clock() };
  const store = { read: async () => ({ kind: 'found', version }) as const };
  const deps = { store, secretId: NAME, cloudApiUrl: 'http://127.0.0.1:1', clock };
  return new BitbucketClients(new BitbucketCredentials(deps), clock).servers(new AbortController().signal);
}

test.each([
  ['{}', 'is not a JSON list of credentials'],
  ['secret-token', 'is not a JSON list of credentials'],
  ['[{}]', 'has no usable GIT_AUTH_TOKEN in entry 0'],
  ['[{"GIT_AUTH_TOKEN":"t"},{"GIT_AUTH_TOKEN":"two words"}]', 'has no usable GIT_AUTH_TOKEN in entry 1'],
  [
    '[{"BITBUCKET_URL":"http://git.acme.example","GIT_AUTH_TOKEN":"t"}]',
    'has no usable BITBUCKET_URL in entry 0: it must be an https URL',
  ],
  [
    '[{"BITBUCKET_URL":"https://u:p@git.acme.example","GIT_AUTH_TOKEN":"t"}]',
    'has no usable BITBUCKET_URL in entry 0: it must be an https URL',
  ],
])('the credentials %s are rejected without quoting a value', async (text, expected) => {
  const message = `Bitbucket credentials unavailable: Secret "${NAME}" ${expected}`;
  await expect(serversOf(text)).rejects.toMatchObject({ name: 'RetryableError', message });
});

test('the credentials name the servers', async () => {
  const text = JSON.stringify([
    { GIT_AUTH_TOKEN: 'a' },
    { BITBUCKET_URL: 'https://bitbucket.org', GIT_AUTH_TOKEN: 'b' },
    { BITBUCKET_URL: 'https://git.acme.example/', GIT_AUTH_TOKEN: 'c' },
  ]);
  expect(await serversOf(text)).toEqual(['https://bitbucket.org', 'https://git.acme.example']);
});
