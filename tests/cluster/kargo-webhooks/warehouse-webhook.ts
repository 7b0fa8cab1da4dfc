import { AdmissionDenial, type AdmissionRequest, type KargoObject } from './admission-review.ts';
import { withShard } from './labels.ts';

type JsonRecord = Readonly<Record<string, unknown>>;

/** Kargo's default fields, by kind of subscription. */
const DEFAULTS: Readonly<Record<string, JsonRecord>> = {
  git: { commitSelectionStrategy: 'NewestFromBranch', strictSemvers: true },
  image: { imageSelectionStrategy: 'SemVer', strictSemvers: true },
  chart: {},
};

/** For every kind of subscription. */
const DEFAULT_DISCOVERY_LIMIT = 20;
const MAX_DISCOVERY_LIMIT = 100;

/** Returns the Warehouse with the label of its shard and the defaults of its subscriptions, as Kargo stores it. */
export function mutateWarehouse({ object }: AdmissionRequest): KargoObject {
  const { spec } = object as { spec?: { shard?: string } };
  const subscriptions = subscriptionsOf(object).map((subscription) =>
    isRecord(subscription) ? withDefaults(subscription) : subscription,
  );
  return {
    ...object,
    metadata: withShard(object.metadata, spec?.shard),
    // Without subscriptions the API server itself refuses it, by the schema.
    ...(subscriptions.length > 0 && { spec: { ...spec, subscriptions } }),
  };
}

/**
 * Validates the whole Warehouse by one of Kargo's rules for subscriptions, whatever the update changed.
 *
 * @throws {AdmissionDenial} where a subscription breaks the rule
 */
export function validateWarehouse({ object }: AdmissionRequest): void {
  for (const [index, subscription] of subscriptionsOf(object).entries()) {
    for (const [kind, content] of Object.entries(isRecord(subscription) ? subscription : {})) {
      const limit = isRecord(content) ? content['discoveryLimit'] : undefined;
      if (typeof limit !== 'number' || limit <= MAX_DISCOVERY_LIMIT) continue;
      const field = `spec.subscriptions[${index}].${kind}.discoveryLimit`;
      throw new AdmissionDenial(
        422,
        'Invalid',
        `Warehouse.kargo.akuity.io "${object.metadata.name}" is invalid: ` +
          `${field}: Invalid value: ${limit}: must be <= ${MAX_DISCOVERY_LIMIT}`,
      );
    }
  }
}

function subscriptionsOf({ spec }: KargoObject): readonly unknown[] {
  return (spec as { subscriptions?: readonly unknown[] } | undefined)?.subscriptions ?? [];
}

function withDefaults(subscription: JsonRecord): JsonRecord {
  return Object.fromEntries(
    Object.entries(subscription).map(([kind, content]) => {
      if (!isRecord(content)) return [kind, content];
      // For a kind without a type of its own, Kargo stores the kind in this field.
      const defaults = DEFAULTS[kind] ?? { subscriptionType: kind };
      return [kind, { discoveryLimit: DEFAULT_DISCOVERY_LIMIT, ...defaults, ...content }];
    }),
  );
}

function isRecord(value: unknown): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
