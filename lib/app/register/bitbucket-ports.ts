import type { WebhookSubject } from '../../core/bitbucket/webhook-subject.ts';
import type { WebhookFailure } from '../../core/registration/webhook-failure.ts';
import type { DesiredWebhook, Webhook } from '../../core/registration/webhook.ts';
import { RetryableError } from '../errors.ts';

// Interfaces of Bitbucket's own API. Every method that sends a request throws `BitbucketError` where it fails.

/** A request to Bitbucket that failed. The next run sends it again. */
export class BitbucketError extends RetryableError {
  readonly failure: WebhookFailure;

  constructor(failure: WebhookFailure, options?: { cause?: unknown }) {
    super('Bitbucket unavailable', { detail: failure.message, ...options });
    this.failure = failure;
  }
}

/**
 * What a request is for. `change`: a subject whose webhooks are not known to be as declared. `check`: one whose webhooks were; it may use only a
 * part of the budget, so that changes do not wait for checks.
 */
export type RequestPurpose = 'change' | 'check';

/** Webhooks of repositories, workspaces and projects. */
export interface BitbucketWebhooks {
  /**
   * Returns the servers for which there are credentials.
   *
   * @throws {RetryableError} when the credentials cannot be read
   */
  servers(signal: AbortSignal): Promise<readonly string[]>;
  list(subject: WebhookSubject, purpose: RequestPurpose, signal: AbortSignal): Promise<Webhook[]>;
  create(subject: WebhookSubject, webhook: DesiredWebhook, signal: AbortSignal): Promise<void>;
  update(subject: WebhookSubject, id: string, webhook: DesiredWebhook, signal: AbortSignal): Promise<void>;
  /** Deletes a webhook; one that does not exist counts as deleted. */
  delete(subject: WebhookSubject, id: string, signal: AbortSignal): Promise<void>;
  /** Has the server send its connection test to a URL. Returns undefined where it has none: Bitbucket Cloud. */
  testConnection(
    subject: WebhookSubject,
    url: string,
    signal: AbortSignal,
  ): Promise<ConnectionTest | undefined>;
  /** Reads how the last delivery failed. Returns undefined where it did not, or where the server does not say: Bitbucket Cloud. */
  deliveryFailure(
    subject: WebhookSubject,
    id: string,
    signal: AbortSignal,
  ): Promise<FailedDelivery | undefined>;
}

/** Result of a connection test. `status` is that of the answer; undefined where there was none. */
export interface ConnectionTest {
  readonly isPassed: boolean;
  readonly status: number | undefined;
}

/** A delivery that failed. `status` is that of the answer; undefined where there was none. */
export interface FailedDelivery {
  readonly status: number | undefined;
  readonly at: Date;
}
