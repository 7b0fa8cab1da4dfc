import { BitbucketError } from '../../app/register/bitbucket-ports.ts';
import type { Clock } from '../../app/ports.ts';
import { CLOUD_SERVER, formatSubject, type WebhookSubject } from '../../core/bitbucket/webhook-subject.ts';
import type { WebhookFailureReason } from '../../core/registration/webhook-failure.ts';
import { BitbucketClient } from './bitbucket-client.ts';
import type { BitbucketCredential, BitbucketCredentials } from './bitbucket-credentials.ts';
import { RequestBudget } from './request-budget.ts';

/** Cloud allows 1,000 requests for webhooks in a rolling hour. The rest is left to people and other programs. */
const CLOUD_REQUESTS_PER_HOUR = 800;

/** Data Center's limit is set by its administrators, for each second; this is one request a second. */
const DATA_CENTER_REQUESTS_PER_HOUR = 3_600;

/** Failures that another credential may not have, the most informative first. */
const MAY_BE_THE_CREDENTIALS: readonly WebhookFailureReason[] = [
  'PermissionMissing',
  'Throttled',
  'BudgetUsedUp',
  'TokenRejected',
  'NotFound',
];

/** The clients of all credentials, one for each, and which of them works for which subject. */
export class BitbucketClients {
  readonly #credentials: BitbucketCredentials;
  readonly #clock: Clock;
  /** By server and token. A budget outlives the cache of the credentials. */
  #clients = new Map<string, BitbucketClient>();
  /** By subject: the client whose request succeeded last. */
  readonly #working = new Map<string, BitbucketClient>();

  constructor(credentials: BitbucketCredentials, clock: Clock) {
    this.#credentials = credentials;
    this.#clock = clock;
  }

  /** @throws {RetryableError} when the credentials cannot be read */
  async servers(signal: AbortSignal): Promise<readonly string[]> {
    const credentials = await this.#credentials.read(signal);
    return [...new Set(credentials.map(({ server }) => server))];
  }

  /**
   * Makes a call with the credentials for the subject's server, one after another until one succeeds. That which succeeded last comes first.
   *
   * @throws {BitbucketError} of the credential whose failure says most
   */
  async call<Result>(
    subject: WebhookSubject,
    signal: AbortSignal,
    send: (client: BitbucketClient) => Promise<Result>,
  ): Promise<Result> {
    const key = formatSubject(subject);
    const working = this.#working.get(key);
    const clients = (await this.#current(signal)).filter(
      ({ credential }) => credential.server === subject.server,
    );
    const ordered = clients.toSorted((one, other) => Number(other === working) - Number(one === working));
    const failures: BitbucketError[] = [];
    for (const client of ordered) {
      try {
        const result = await send(client);
        this.#working.set(key, client);
        return result;
      } catch (error) {
        if (!(error instanceof BitbucketError) || !MAY_BE_THE_CREDENTIALS.includes(error.failure.reason))
          throw error;
        failures.push(error);
      }
    }
    throw mostInformative(failures) ?? noCredential(subject);
  }

  /** Keeps the clients of unchanged credentials, and drops those of removed ones. */
  async #current(signal: AbortSignal): Promise<BitbucketClient[]> {
    const credentials = await this.#credentials.read(signal);
    const kept = new Map<string, BitbucketClient>();
    for (const credential of credentials) {
      const key = `${credential.server} ${credential.authorization}`;
      kept.set(key, this.#clients.get(key) ?? this.#connect(credential));
    }
    this.#clients = kept;
    return [...kept.values()];
  }

  #connect(credential: BitbucketCredential): BitbucketClient {
    const perHour =
      credential.server === CLOUD_SERVER ? CLOUD_REQUESTS_PER_HOUR : DATA_CENTER_REQUESTS_PER_HOUR;
    return new BitbucketClient(credential, new RequestBudget(credential.label, perHour, this.#clock));
  }
}

function mostInformative(failures: readonly BitbucketError[]): BitbucketError | undefined {
  const rank = ({ failure }: BitbucketError): number => MAY_BE_THE_CREDENTIALS.indexOf(failure.reason);
  return failures.toSorted((one, other) => rank(one) - rank(other))[0];
}

function noCredential({ server }: WebhookSubject): BitbucketError {
  const name = server === CLOUD_SERVER ? 'Bitbucket Cloud' : server;
  return new BitbucketError({
    reason: 'CredentialMissing',
    message: `there is no credential for ${name}. Ask the platform team to add one.`,
  });
}
