import { isDeepStrictEqual } from 'node:util';
import { baseOfReceiverUrl, hashInPath, isSameBase } from '../kargo/receiver-path.ts';
import {
  digestOf,
  receiverInDescription,
  type DesiredWebhook,
  type ReceiverIdentity,
  type Webhook,
} from './webhook.ts';

/** A receiver's part in one subject: its webhook there is as desired, stays as it is, or goes. */
export interface ReceiverClaim extends ReceiverIdentity {
  /** Undefined where the receiver is not ready: its webhooks stay as they are. */
  readonly desired: DesiredWebhook | undefined;
  /** Hashes of the URLs that are known to be this receiver's: current, previous and published. */
  readonly hashes: readonly string[];
}

/** What has to be done so that a subject's webhooks are as claimed. */
export type WebhookAction =
  | {
      readonly kind: 'keep';
      readonly receiver: ReceiverIdentity;
      readonly desired: DesiredWebhook;
      readonly id: string;
    }
  | { readonly kind: 'create'; readonly receiver: ReceiverIdentity; readonly desired: DesiredWebhook }
  | {
      readonly kind: 'update';
      readonly receiver: ReceiverIdentity;
      readonly desired: DesiredWebhook;
      readonly id: string;
      /** What differs, in words. */
      readonly drift: readonly string[];
    }
  | {
      readonly kind: 'delete';
      readonly receiver: ReceiverIdentity;
      readonly id: string;
      readonly why: string;
    };

/**
 * Plans the webhooks of one subject. A webhook belongs to a receiver by its description, which names the deployment's base URL and the
 * receiver, or by its URL. One that belongs to no receiver of this deployment is never touched.
 *
 * @param base - public base URL of the deployment, formatted
 * @param claims - of the receivers that have a webhook here, or may have
 * @param isRemoved - whether a receiver of this deployment is known to have no webhook here any more
 */
export function planWebhooks(
  webhooks: readonly Webhook[],
  base: string,
  claims: readonly ReceiverClaim[],
  isRemoved: (receiver: ReceiverIdentity) => boolean,
): WebhookAction[] {
  const actions: WebhookAction[] = [];
  const claimed = new Set<Webhook>();
  for (const claim of claims) {
    const own = webhooks.filter((webhook) => !claimed.has(webhook) && belongsTo(webhook, base, claim));
    for (const webhook of own) claimed.add(webhook);
    if (claim.desired !== undefined) actions.push(...planReceiver(own, claim, claim.desired));
  }
  for (const webhook of webhooks) {
    const receiver = receiverInDescription(webhook.description, base);
    if (receiver === undefined || claimed.has(webhook) || !isRemoved(receiver)) continue;
    actions.push({ kind: 'delete', receiver, id: webhook.id, why: 'no longer declared' });
  }
  return actions;
}

/** Lists what differs between a webhook and the desired one, in words; empty where nothing does. */
function findDrift(webhook: Webhook, desired: DesiredWebhook): string[] {
  const { secret } = webhook;
  const isOtherSecret =
    secret.kind === 'set' && secret.digest !== undefined && secret.digest !== digestOf(desired.secret);
  const differs: readonly (readonly [boolean, string])[] = [
    [webhook.url !== desired.url, 'another URL'],
    [!webhook.isActive, 'inactive'],
    [!isDeepStrictEqual(webhook.events.toSorted(), desired.events.toSorted()), 'other events'],
    [secret.kind === 'unset', 'no secret'],
    [isOtherSecret, 'another secret'],
    [!webhook.verifiesTls, 'TLS not verified'],
    [webhook.description !== desired.description, 'another description'],
  ];
  return differs.flatMap(([isDifferent, what]) => (isDifferent ? [what] : []));
}

/** Keeps one webhook: that with the right URL, or else that with the description. */
function planReceiver(
  own: readonly Webhook[],
  { project, name }: ReceiverClaim,
  desired: DesiredWebhook,
): WebhookAction[] {
  const receiver = { project, name };
  const kept =
    own.find(({ url }) => url === desired.url) ??
    own.find(({ description }) => description === desired.description) ??
    own[0];
  if (kept === undefined) return [{ kind: 'create', receiver, desired }];
  const drift = findDrift(kept, desired);
  const { id } = kept;
  return [
    drift.length === 0
      ? { kind: 'keep', receiver, desired, id }
      : { kind: 'update', receiver, desired, id, drift },
    ...own
      .filter((webhook) => webhook !== kept)
      .map((webhook) => ({
        kind: 'delete' as const,
        receiver,
        id: webhook.id,
        why: 'a second webhook of the receiver',
      })),
  ];
}

function belongsTo(
  webhook: Webhook,
  base: string,
  { project, name, desired, hashes }: ReceiverClaim,
): boolean {
  if (webhook.description === desired?.description) return true;
  const named = receiverInDescription(webhook.description, base);
  if (named !== undefined) return named.project === project && named.name === name;
  const webhookBase = baseOfReceiverUrl(webhook.url);
  if (webhookBase === undefined || !isSameBase(webhookBase, base)) return false;
  return hashes.includes(hashInPath(webhook.url) ?? '');
}
