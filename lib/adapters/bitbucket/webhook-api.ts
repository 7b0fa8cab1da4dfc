import {
  BitbucketError,
  type ConnectionTest,
  type FailedDelivery,
  type RequestPurpose,
} from '../../app/register/bitbucket-ports.ts';
import type { DesiredWebhook, Webhook } from '../../core/registration/webhook.ts';

/** The webhooks of one subject with one credential; see `BitbucketWebhooks`. Its methods throw `BitbucketError` where a request fails. */
export interface WebhookApi {
  list(purpose: RequestPurpose, signal: AbortSignal): Promise<Webhook[]>;
  create(webhook: DesiredWebhook, signal: AbortSignal): Promise<void>;
  update(id: string, webhook: DesiredWebhook, signal: AbortSignal): Promise<void>;
  delete(id: string, signal: AbortSignal): Promise<void>;
  testConnection(url: string, signal: AbortSignal): Promise<ConnectionTest | undefined>;
  deliveryFailure(id: string, signal: AbortSignal): Promise<FailedDelivery | undefined>;
}

/** Pages of one list that are read: more webhooks than this are not a subject's. */
export const MAX_PAGES = 20;

/** The largest page of Cloud, and Data Center's default limit for a page of its own. */
export const PAGE_LENGTH = 100;

/** What `BitbucketClient.read` names where the list cannot be read. */
export const WEBHOOK_LIST = 'the list of webhooks';

/** Makes the error for a subject with more webhooks than are read. */
export function tooManyWebhooks(subject: string): BitbucketError {
  const message = `${subject} has more than ${MAX_PAGES * PAGE_LENGTH} webhooks.`;
  return new BitbucketError({ reason: 'RequestRejected', message });
}
