import * as v from 'valibot';
import { RetryableError } from '../../app/errors.ts';
import type { Clock } from '../../app/ports.ts';
import { CLOUD_SERVER, parseServer } from '../../core/bitbucket/webhook-subject.ts';
import { isSecureUrl } from '../settings/secure-url.ts';
import type { SecretsManager } from '../aws/secrets-manager.ts';

/** One entry of the credentials. */
export interface BitbucketCredential {
  /** For messages: `credential 2 (https://git.acme.example)`. */
  readonly label: string;
  /** `CLOUD_SERVER`, or the web address of a Data Center. */
  readonly server: string;
  /** Where its API is. */
  readonly apiUrl: string;
  /** Value of the header. Never logged. */
  readonly authorization: string;
}

/** TTL of the credentials: how long a replaced token may go on being used. */
const CACHE_TTL_MS = 60_000;

const UNAVAILABLE = 'Bitbucket credentials unavailable';

/** Unknown keys are ignored: the secret may have other readers. */
const listSchema = v.pipe(v.string(), v.parseJson(), v.array(v.unknown()));
const entrySchema = v.object({
  BITBUCKET_URL: v.optional(v.string(), ''),
  GIT_AUTH_USER: v.optional(v.string(), ''),
  GIT_AUTH_TOKEN: v.pipe(v.string(), v.regex(/^\S+$/)),
});

export interface BitbucketCredentialsDeps {
  readonly store: Pick<SecretsManager, 'read'>;
  readonly secretId: string;
  /** `BITBUCKET_CLOUD_API_URL`. */
  readonly cloudApiUrl: string;
  readonly clock: Clock;
}

/** The credentials in the secret that `BITBUCKET_CREDENTIALS_SECRET_ID` names, cached. */
export class BitbucketCredentials {
  readonly #deps: BitbucketCredentialsDeps;
  #cached: { readonly credentials: readonly BitbucketCredential[]; readonly at: number } | undefined;

  constructor(deps: BitbucketCredentialsDeps) {
    this.#deps = deps;
  }

  /**
   * Reads the credentials.
   *
   * @throws {RetryableError} when the secret cannot be read or used. The message names the secret and the field at fault, and no value.
   */
  async read(signal: AbortSignal): Promise<readonly BitbucketCredential[]> {
    const { store, secretId, clock } = this.#deps;
    const now = clock().getTime();
    if (this.#cached !== undefined && now - this.#cached.at < CACHE_TTL_MS) return this.#cached.credentials;
    const reading = await store.read(secretId, 'AWSCURRENT', signal);
    if (reading.kind === 'fault') throw new RetryableError(UNAVAILABLE, { detail: reading.reason });
    const credentials = parseCredentials(reading.version.text, this.#deps.cloudApiUrl);
    if (typeof credentials === 'string') {
      throw new RetryableError(UNAVAILABLE, { detail: `Secret "${secretId}" ${credentials}` });
    }
    this.#cached = { credentials, at: now };
    return credentials;
  }
}

/**
 * Parses the text of the secret.
 *
 * @returns the credentials, or what is wrong as text that continues the sentence `Secret "…" …`
 */
function parseCredentials(text: string | undefined, cloudApiUrl: string): BitbucketCredential[] | string {
  const list = v.safeParse(listSchema, text ?? '');
  if (!list.success) return 'is not a JSON list of credentials';
  const credentials: BitbucketCredential[] = [];
  for (const [index, item] of list.output.entries()) {
    const entry = v.safeParse(entrySchema, item, { abortEarly: true });
    if (!entry.success) return `has no usable ${v.getDotPath(entry.issues[0]) ?? 'object'} in entry ${index}`;
    const { BITBUCKET_URL: url, GIT_AUTH_USER: user, GIT_AUTH_TOKEN: token } = entry.output;
    const server = url === '' ? CLOUD_SERVER : parseServer(url);
    if (server === undefined || !isSecureUrl(server)) {
      return `has no usable BITBUCKET_URL in entry ${index}: it must be an https URL`;
    }
    credentials.push({
      label: `credential ${index + 1} (${server === CLOUD_SERVER ? 'Bitbucket Cloud' : server})`,
      server,
      apiUrl: server === CLOUD_SERVER ? cloudApiUrl : server,
      authorization: user === '' ? `Bearer ${token}` : basicAuthorization(user, token),
    });
  }
  return credentials;
}

function basicAuthorization(user: string, token: string): string {
  return `Basic ${Buffer.from(`${user}:${token}`).toString('base64')}`;
}
