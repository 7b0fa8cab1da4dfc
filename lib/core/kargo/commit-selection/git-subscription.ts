/** The fields of a Warehouse's Git subscription that select commits, with the names of Kargo's API. */
export interface GitSubscription {
  readonly repoURL: string;
  readonly commitSelectionStrategy?: string;
  readonly branch?: string;
  readonly semverConstraint?: string;
  /** Absent counts as false, as in a Warehouse that Kargo's webhooks did not fill in. They store true. */
  readonly strictSemvers?: boolean;
  readonly allowTagsRegexes?: readonly string[];
  readonly ignoreTagsRegexes?: readonly string[];
  /** Deprecated. Kargo refuses it since 1.11. */
  readonly allowTags?: string;
  /** Deprecated. Kargo refuses it since 1.11. */
  readonly ignoreTags?: readonly string[];
}

/** Why a Git subscription cannot be evaluated. It is returned, not thrown, so that other subscriptions are still evaluated. */
export interface SubscriptionFault {
  readonly kind: 'fault';
  /** The field at fault as it is written in the Warehouse, with its index in a list: `allowTagsRegexes[1]`. */
  readonly field: string;
  readonly reason: string;
  /** Field and reason in one line, for a log or a condition. */
  readonly message: string;
}

/** Returns the fault of a field. */
export function subscriptionFault(field: string, reason: string): SubscriptionFault {
  return { kind: 'fault', field, reason, message: `${field}: ${reason}` };
}

type FieldType = 'string' | 'boolean' | 'strings';

/** The fields that are read, with their types. */
export const FIELD_TYPES: Readonly<Record<keyof GitSubscription, FieldType>> = {
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
 * Reads the `git` object of a Warehouse's subscription. The Warehouse CRD has no schema for it, so it may hold anything. Unknown
 * fields are left out, and `null` is read as absent, as Kargo reads it. It never throws.
 *
 * @returns the subscription, or a fault that names a field of the wrong type, or `repoURL` where it is missing
 */
export function readGitSubscription(
  value: unknown,
): { readonly kind: 'read'; readonly subscription: GitSubscription } | SubscriptionFault {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return subscriptionFault('git', 'must be an object');
  }
  const subscription: Record<string, unknown> = {};
  for (const [field, type] of Object.entries(FIELD_TYPES)) {
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
