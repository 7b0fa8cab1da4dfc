import { RetryableError } from '../../app/errors.ts';
import type { Clock } from '../../app/ports.ts';
import { readSecretContent } from '../../core/kargo/receiver-secret.ts';
import type { SecretsManager } from '../aws/secrets-manager.ts';
import type { TokenSource } from './registry-client.ts';

/** TTL of the token. One that the registry rejects is read again at once. */
const TOKEN_TTL_MS = 300_000;

/** What a bearer token may consist of; a line break in a header would be refused. */
const TOKEN = /^[\x21-\x7e]+$/;

/** The key of the token in a secret that is JSON. */
const KEY = 'token';

/**
 * Returns the source of the registry's token: the secret `secretId` in Secrets Manager, JSON with the key `token` or the bare token.
 *
 * @param secretId - `CARGOMAN_TOKEN_SECRET_ID`; undefined where the registry needs no token
 */
export function registryToken(
  secretId: string | undefined,
  store: Pick<SecretsManager, 'read'>,
  clock: Clock,
): TokenSource {
  if (secretId === undefined) return () => Promise.resolve(undefined);
  let cached: { readonly token: string; readonly expiresAt: number } | undefined;
  return async (from, signal) => {
    const now = clock().getTime();
    if (from === 'cached' && cached !== undefined && now < cached.expiresAt) return cached.token;
    const reading = await store.read(secretId, 'AWSCURRENT', signal);
    if (reading.kind === 'fault') throw noToken(reading.reason);
    const content = readSecretContent(reading.version.text, KEY);
    if (content.kind === 'unusable') throw noToken(`Secret "${secretId}" ${content.reason}`);
    const token = content.value.trim();
    if (!TOKEN.test(token)) throw noToken(`Secret "${secretId}" holds characters that no token has`);
    cached = { token, expiresAt: now + TOKEN_TTL_MS };
    return token;
  };
}

function noToken(detail: string): RetryableError {
  return new RetryableError('package registry not configured', { detail });
}
