import type { OpenApi } from '@coderabbitai/bitbucket/server';
import * as v from 'valibot';
import type { ConnectionTest, FailedDelivery, RequestPurpose } from '../../app/register/bitbucket-ports.ts';
import { formatSubject, type WebhookSubject } from '../../core/bitbucket/webhook-subject.ts';
import { digestOf, type DesiredWebhook, type Webhook } from '../../core/registration/webhook.ts';
import type { BitbucketAnswer, BitbucketClient, BitbucketRequest } from './bitbucket-client.ts';
import { MAX_PAGES, PAGE_LENGTH, tooManyWebhooks, WEBHOOK_LIST, type WebhookApi } from './webhook-api.ts';

const hook = v.object({
  id: v.union([v.number(), v.string()]),
  name: v.nullish(v.string(), ''),
  url: v.nullish(v.string(), ''),
  active: v.nullish(v.boolean(), false),
  events: v.nullish(v.array(v.string()), []),
  configuration: v.nullish(v.object({ secret: v.nullish(v.string()) })),
  sslVerificationRequired: v.nullish(v.boolean(), true),
  /** A list of a repository shows the webhooks of its project, too. */
  scopeType: v.nullish(v.string()),
});
const page = v.object({
  values: v.array(hook),
  isLastPage: v.nullish(v.boolean()),
  nextPageStart: v.nullish(v.number()),
});

/** Some versions name the field otherwise; it is absent where the URL could not be reached. */
const testResult = v.object({
  response: v.nullish(v.object({ statusCode: v.nullish(v.number()), status: v.nullish(v.number()) })),
});

/** `start` is in milliseconds. The description of a result is the status of the answer, or an error's words. */
const invocation = v.nullish(
  v.object({
    start: v.nullish(v.number()),
    result: v.nullish(v.object({ description: v.nullish(v.string()) })),
  }),
);
const summary = v.object({ lastSuccess: invocation, lastFailure: invocation, lastError: invocation });

/**
 * The webhooks of a repository or project of Data Center. Its answers hold the secrets in plain text: only a digest leaves this file.
 *
 * @see https://developer.atlassian.com/server/bitbucket/rest/v902/api-group-repository/
 */
export class DataCenterWebhooks implements WebhookApi {
  readonly #client: BitbucketClient;
  readonly #subject: string;
  readonly #path: string;
  readonly #scope: 'project' | 'repository';

  constructor(client: BitbucketClient, subject: WebhookSubject) {
    this.#client = client;
    this.#subject = formatSubject(subject);
    this.#path = hooksPath(subject);
    this.#scope = subject.repository === undefined ? 'project' : 'repository';
  }

  async list(purpose: RequestPurpose, signal: AbortSignal): Promise<Webhook[]> {
    const webhooks: Webhook[] = [];
    let start: number | undefined = 0;
    for (let pages = 0; start !== undefined; pages += 1) {
      if (pages === MAX_PAGES) throw tooManyWebhooks(this.#subject);
      const { values, isLastPage, nextPageStart }: v.InferOutput<typeof page> = await this.#client.read(
        page,
        WEBHOOK_LIST,
        { path: `${this.#path}?start=${start}&limit=${PAGE_LENGTH}`, purpose, subject: this.#subject },
        signal,
      );
      const own = values.filter(({ scopeType }) => !scopeType || scopeType === this.#scope);
      webhooks.push(...own.map(toWebhook));
      start = isLastPage === false ? (nextPageStart ?? undefined) : undefined;
    }
    return webhooks;
  }

  async create(webhook: DesiredWebhook, signal: AbortSignal): Promise<void> {
    await this.#send('POST', this.#path, signal, { body: toBody(webhook) });
  }

  /** Replaces everything: a body without `configuration` would clear the secret. */
  async update(id: string, webhook: DesiredWebhook, signal: AbortSignal): Promise<void> {
    await this.#send('PUT', this.#pathTo(id), signal, { body: toBody(webhook) });
  }

  async delete(id: string, signal: AbortSignal): Promise<void> {
    await this.#send('DELETE', this.#pathTo(id), signal, { expected: [404] });
  }

  async testConnection(url: string, signal: AbortSignal): Promise<ConnectionTest> {
    const query = new URLSearchParams({ url, sslVerificationRequired: 'true' });
    const { body } = await this.#send('POST', `${this.#path}/test?${query.toString()}`, signal);
    const parsed = v.safeParse(testResult, body);
    const response = parsed.success ? parsed.output.response : undefined;
    const status = response?.statusCode ?? response?.status ?? undefined;
    return { isPassed: status !== undefined && status >= 200 && status < 300, status };
  }

  async deliveryFailure(id: string, signal: AbortSignal): Promise<FailedDelivery | undefined> {
    const path = `${this.#pathTo(id)}/statistics/summary`;
    const { body } = await this.#send('GET', path, signal, { purpose: 'check', expected: [404] });
    const parsed = v.safeParse(summary, body);
    return parsed.success ? findFailure(parsed.output) : undefined;
  }

  #send(
    method: BitbucketRequest['method'],
    path: string,
    signal: AbortSignal,
    options: Partial<BitbucketRequest> = {},
  ): Promise<BitbucketAnswer> {
    const request = { method, path, subject: this.#subject, purpose: 'change', ...options } as const;
    return this.#client.request(request, signal);
  }

  #pathTo(id: string): string {
    return `${this.#path}/${encodeURIComponent(id)}`;
  }
}

/** Returns the last invocation where it failed. */
function findFailure({
  lastSuccess,
  lastFailure,
  lastError,
}: v.InferOutput<typeof summary>): FailedDelivery | undefined {
  const startOf = (invoked: v.InferOutput<typeof invocation>): number => invoked?.start ?? 0;
  const failed = startOf(lastFailure) >= startOf(lastError) ? lastFailure : lastError;
  if (!failed || startOf(failed) < startOf(lastSuccess)) return undefined;
  const description = failed.result?.description ?? '';
  const status = /^\d{3}$/.test(description) ? Number(description) : undefined;
  return { status, at: new Date(startOf(failed)) };
}

function toBody({ description, url, events, secret }: DesiredWebhook): OpenApi.SchemaRestWebhook {
  return {
    name: description,
    url,
    events,
    active: true,
    configuration: { secret },
    sslVerificationRequired: true,
  };
}

function hooksPath({ owner, repository }: WebhookSubject): string {
  const project = `/rest/api/latest/projects/${encodeURIComponent(owner)}`;
  return repository === undefined
    ? `${project}/webhooks`
    : `${project}/repos/${encodeURIComponent(repository)}/webhooks`;
}

function toWebhook(found: v.InferOutput<typeof hook>): Webhook {
  const secret = found.configuration?.secret;
  return {
    id: String(found.id),
    description: found.name,
    url: found.url,
    isActive: found.active,
    events: found.events,
    verifiesTls: found.sslVerificationRequired,
    secret: secret ? { kind: 'set', digest: digestOf(secret) } : { kind: 'unset' },
  };
}
