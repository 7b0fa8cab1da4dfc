import type { OpenApi } from '@coderabbitai/bitbucket/cloud';
import * as v from 'valibot';
import { BitbucketError, type RequestPurpose } from '../../app/register/bitbucket-ports.ts';
import { formatSubject, type WebhookSubject } from '../../core/bitbucket/webhook-subject.ts';
import {
  MAX_CLOUD_SECRET_CHARACTERS,
  type DesiredWebhook,
  type Webhook,
} from '../../core/registration/webhook.ts';
import type { BitbucketClient } from './bitbucket-client.ts';
import { MAX_PAGES, PAGE_LENGTH, tooManyWebhooks, WEBHOOK_LIST, type WebhookApi } from './webhook-api.ts';

const hook = v.object({
  uuid: v.string(),
  description: v.nullish(v.string(), ''),
  url: v.nullish(v.string(), ''),
  active: v.nullish(v.boolean(), false),
  events: v.nullish(v.array(v.string()), []),
  secret_set: v.nullish(v.boolean(), false),
  /** Not in the OpenAPI document, and returned all the same. */
  skip_cert_verification: v.nullish(v.boolean(), false),
});
const page = v.object({ values: v.array(hook), next: v.nullish(v.string()) });

/**
 * The webhooks of a repository or workspace of Bitbucket Cloud.
 *
 * @see https://developer.atlassian.com/cloud/bitbucket/rest/api-group-repositories/#api-repositories-workspace-repo-slug-hooks-get
 */
export class CloudWebhooks implements WebhookApi {
  readonly #client: BitbucketClient;
  readonly #subject: string;
  readonly #path: string;

  constructor(client: BitbucketClient, subject: WebhookSubject) {
    this.#client = client;
    this.#subject = formatSubject(subject);
    this.#path = hooksPath(subject);
  }

  async list(purpose: RequestPurpose, signal: AbortSignal): Promise<Webhook[]> {
    const webhooks: Webhook[] = [];
    let path: string | undefined = `${this.#path}?pagelen=${PAGE_LENGTH}`;
    for (let pages = 0; path !== undefined; pages += 1) {
      if (pages === MAX_PAGES) throw tooManyWebhooks(this.#subject);
      const { values, next }: v.InferOutput<typeof page> = await this.#client.read(
        page,
        WEBHOOK_LIST,
        { path, purpose, subject: this.#subject },
        signal,
      );
      webhooks.push(...values.map(toWebhook));
      // Only its path: the token goes to no other host.
      path = next ? pathOfLink(next, this.#client.credential.apiUrl) : undefined;
    }
    return webhooks;
  }

  async create(webhook: DesiredWebhook, signal: AbortSignal): Promise<void> {
    await this.#write('POST', this.#path, webhook, signal);
  }

  async update(id: string, webhook: DesiredWebhook, signal: AbortSignal): Promise<void> {
    await this.#write('PUT', this.#pathTo(id), webhook, signal);
  }

  async delete(id: string, signal: AbortSignal): Promise<void> {
    const about = { purpose: 'change', subject: this.#subject, expected: [404] } as const;
    await this.#client.request({ method: 'DELETE', path: this.#pathTo(id), ...about }, signal);
  }

  /** Cloud has no connection test. */
  async testConnection(): Promise<undefined> {
    return undefined;
  }

  /** Cloud shows its deliveries in its pages only. */
  async deliveryFailure(): Promise<undefined> {
    return undefined;
  }

  async #write(
    method: 'POST' | 'PUT',
    path: string,
    { description, url, events, secret }: DesiredWebhook,
    signal: AbortSignal,
  ): Promise<void> {
    if (secret.length > MAX_CLOUD_SECRET_CHARACTERS) {
      const message =
        `the receiver's secret has more than ${MAX_CLOUD_SECRET_CHARACTERS} characters, which Bitbucket Cloud does not accept. ` +
        'Replace it with a shorter one.';
      throw new BitbucketError({ reason: 'SecretTooLong', message });
    }
    const fields: Partial<OpenApi.SchemaWebhookSubscription> = { description, url, active: true, secret };
    const body = { ...fields, events, skip_cert_verification: false };
    await this.#client.request({ method, path, body, purpose: 'change', subject: this.#subject }, signal);
  }

  #pathTo(id: string): string {
    return `${this.#path}/${encodeURIComponent(id)}`;
  }
}

function hooksPath({ owner, repository }: WebhookSubject): string {
  return repository === undefined
    ? `/2.0/workspaces/${encodeURIComponent(owner)}/hooks`
    : `/2.0/repositories/${encodeURIComponent(owner)}/${encodeURIComponent(repository)}/hooks`;
}

/** Returns the path of a link to a further page, below the address of the API. */
export function pathOfLink(next: string, apiUrl: string): string {
  const { pathname, search } = new URL(next, apiUrl);
  const base = new URL(apiUrl).pathname.replace(/\/$/, '');
  return `${pathname.startsWith(`${base}/`) ? pathname.slice(base.length) : pathname}${search}`;
}

function toWebhook(found: v.InferOutput<typeof hook>): Webhook {
  return {
    id: found.uuid,
    description: found.description,
    url: found.url,
    isActive: found.active,
    events: found.events,
    verifiesTls: !found.skip_cert_verification,
    secret: found.secret_set ? { kind: 'set' } : { kind: 'unset' },
  };
}
