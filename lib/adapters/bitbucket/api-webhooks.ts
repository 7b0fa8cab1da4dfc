import type {
  BitbucketWebhooks,
  ConnectionTest,
  FailedDelivery,
  RequestPurpose,
} from '../../app/register/bitbucket-ports.ts';
import { CLOUD_SERVER, type WebhookSubject } from '../../core/bitbucket/webhook-subject.ts';
import type { DesiredWebhook, Webhook } from '../../core/registration/webhook.ts';
import type { BitbucketClient } from './bitbucket-client.ts';
import type { BitbucketClients } from './bitbucket-clients.ts';
import { CloudWebhooks } from './cloud-webhooks.ts';
import { DataCenterWebhooks } from './data-center-webhooks.ts';
import type { WebhookApi } from './webhook-api.ts';

/** Webhooks through Bitbucket's own APIs, of Cloud and of any number of Data Centers. */
export class ApiWebhooks implements BitbucketWebhooks {
  readonly #clients: BitbucketClients;

  constructor(clients: BitbucketClients) {
    this.#clients = clients;
  }

  servers(signal: AbortSignal): Promise<readonly string[]> {
    return this.#clients.servers(signal);
  }

  list(subject: WebhookSubject, purpose: RequestPurpose, signal: AbortSignal): Promise<Webhook[]> {
    return this.#clients.call(subject, signal, (client) => apiOf(client, subject).list(purpose, signal));
  }

  create(subject: WebhookSubject, webhook: DesiredWebhook, signal: AbortSignal): Promise<void> {
    return this.#clients.call(subject, signal, (client) => apiOf(client, subject).create(webhook, signal));
  }

  update(subject: WebhookSubject, id: string, webhook: DesiredWebhook, signal: AbortSignal): Promise<void> {
    return this.#clients.call(subject, signal, (client) =>
      apiOf(client, subject).update(id, webhook, signal),
    );
  }

  delete(subject: WebhookSubject, id: string, signal: AbortSignal): Promise<void> {
    return this.#clients.call(subject, signal, (client) => apiOf(client, subject).delete(id, signal));
  }

  testConnection(
    subject: WebhookSubject,
    url: string,
    signal: AbortSignal,
  ): Promise<ConnectionTest | undefined> {
    return this.#clients.call(subject, signal, (client) =>
      apiOf(client, subject).testConnection(url, signal),
    );
  }

  deliveryFailure(
    subject: WebhookSubject,
    id: string,
    signal: AbortSignal,
  ): Promise<FailedDelivery | undefined> {
    return this.#clients.call(subject, signal, (client) =>
      apiOf(client, subject).deliveryFailure(id, signal),
    );
  }
}

function apiOf(client: BitbucketClient, subject: WebhookSubject): WebhookApi {
  return subject.server === CLOUD_SERVER
    ? new CloudWebhooks(client, subject)
    : new DataCenterWebhooks(client, subject);
}
