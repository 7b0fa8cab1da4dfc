import { subscriptionFault, type SubscriptionFault } from './subscription-fault.ts';

/** What a Warehouse's Git subscription says about which commits it selects; the names are those of Kargo's API. */
export interface GitSubscription {
  readonly repoURL: string;
  readonly commitSelectionStrategy?: string;
  readonly branch?: string;
  readonly semverConstraint?: string;
  readonly strictSemvers?: boolean;
  readonly allowTagsRegexes?: readonly string[];
  readonly ignoreTagsRegexes?: readonly string[];
  /** Deprecated in Kargo, which refuses it since 1.11. */
  readonly allowTags?: string;
  /** Deprecated in Kargo, which refuses it since 1.11. */
  readonly ignoreTags?: readonly string[];
}

type FieldType = 'string' | 'boolean' | 'strings';

const fieldTypes: Record<keyof GitSubscription, FieldType> = {
  repoURL: 'string',
  commitSelectionStrategy: 'string',
  branch: 'string',
  semverConstraint: 'string',
  strictSemvers: 'boolean',
  allowTagsRegexes: 'strings',
  ignoreTagsRegexes: 'strings',
  allowTags: 'string',
  ignoreTags: 'strings',
};

/**
 * Reads the `git` object of a Warehouse's subscription. The Warehouse CRD leaves it without a schema, so the cluster may hold
 * anything there.
 *
 * Fields that are not named above are left out; `null` is read as absent, as Kargo reads it. Gives a fault that names the field
 * where one has another type, or where `repoURL` is missing. Never throws.
 */
export function readGitSubscription(
  value: unknown,
): { readonly kind: 'read'; readonly subscription: GitSubscription } | SubscriptionFault {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return subscriptionFault('git', 'must be an object');
  }
  const subscription: Record<string, unknown> = {};
  for (const [field, type] of Object.entries(fieldTypes)) {
    const content: unknown = Object.hasOwn(value, field)
      ? (value as Record<string, unknown>)[field]
      : undefined;
    if (content === undefined || content === null) continue;
    const fault = findTypeFault(field, type, content);
    if (fault) return fault;
    subscription[field] = content;
  }
  if (subscription['repoURL'] === undefined) return subscriptionFault('repoURL', 'is missing');
  return { kind: 'read', subscription: subscription as unknown as GitSubscription };
}

function findTypeFault(field: string, type: FieldType, content: unknown): SubscriptionFault | undefined {
  if (type !== 'strings')
    return typeof content === type ? undefined : subscriptionFault(field, `must be a ${type}`);
  if (!Array.isArray(content)) return subscriptionFault(field, 'must be a list of strings');
  const index = content.findIndex((entry) => typeof entry !== 'string');
  return index < 0 ? undefined : subscriptionFault(`${field}[${index}]`, 'must be a string');
}
