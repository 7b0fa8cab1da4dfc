import * as v from 'valibot';
import { normalizeAddress } from '../../bitbucket/repository-identity.ts';
import { FIELD_TYPES } from '../commit-selection/git-subscription.ts';
import { formatObjectName, type ObjectVersion } from '../object-name.ts';
import { gitSubscription, subscriptionsOf } from '../object-parts.ts';
import { MAX_SUBSCRIPTIONS } from '../warehouse.ts';
import { rowKey, type IndexRow } from './index-rows.ts';

/** Shards of the rows of Warehouses, by the first six bits of their keys: 10,000 Warehouses make shards of about 50 KB. */
const SHARD_BITS = 6;

/** Subscriptions of one Warehouse to one repository. A larger one, which is a tenant's own choice, is read from the cluster. */
const MAX_ROW_BYTES = 16 * 1024;

/** The fields of a Git subscription that the index keeps: those that select commits, and the path filters. */
const KEPT_FIELDS = [...Object.keys(FIELD_TYPES), 'includePaths', 'excludePaths'];

/** A Warehouse with its subscriptions to the repositories of one key, as the index holds them. */
export interface IndexedWarehouse extends ObjectVersion {
  readonly key: string;
  /** How many rows this version of the Warehouse has, so that a lost one is noticed. */
  readonly rowCount: number;
  /** Index in `spec.subscriptions`, and the `git` object; null where the Warehouse is to be read from the cluster. */
  readonly subscriptions: readonly (readonly [index: number, git: unknown])[] | null;
}

/** The forms that Kubernetes demands of names: a name is sent as a part of a path. */
const NAMESPACE = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const OBJECT_NAME = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/;

const warehouseRow = v.tuple([
  v.string(),
  v.pipe(v.string(), v.regex(NAMESPACE)),
  v.pipe(v.string(), v.regex(OBJECT_NAME)),
  v.string(),
  v.number(),
  v.number(),
  v.nullable(v.array(v.tuple([v.number(), v.unknown()]))),
]);

/** Returns the key under which the Warehouses that subscribe to an address are found. */
export function addressKey(normalizedAddress: string): string {
  return rowKey(normalizedAddress);
}

/** Returns the shard of a key, two digits. */
export function shardOf(key: string): string {
  return String(Number.parseInt(key.slice(0, 2), 16) >> (8 - SHARD_BITS)).padStart(2, '0');
}

/**
 * Makes the rows of a Warehouse: one for each repository that it subscribes to. A Warehouse without any has one row, which says only that
 * this version of it was read. A Warehouse with more subscriptions than are evaluated counts as one without any.
 *
 * @param content - the Warehouse as the cluster holds it
 */
export function toWarehouseRows(version: ObjectVersion, content: unknown): IndexRow[] {
  const { namespace, name, uid, generation } = version;
  const byKey = new Map<string, [number, unknown][]>();
  const subscriptions = subscriptionsOf(content) ?? [];
  if (subscriptions.length <= MAX_SUBSCRIPTIONS) {
    for (const [index, subscription] of subscriptions.entries()) {
      if (!v.is(gitSubscription, subscription)) continue;
      const key = addressKey(normalizeAddress(subscription.git.repoURL));
      const kept = byKey.get(key) ?? [];
      kept.push([index, keepFields(subscription.git)]);
      byKey.set(key, kept);
    }
  }
  if (byKey.size === 0) byKey.set(rowKey(`Warehouse ${namespace}/${name}`), []);
  return [...byKey].map(([key, kept]) => {
    const head = [key, namespace, name, uid, generation, byKey.size];
    const text = JSON.stringify([...head, kept]);
    return Buffer.byteLength(text) <= MAX_ROW_BYTES
      ? { key, text }
      : { key, text: JSON.stringify([...head, null]) };
  });
}

/** Reads the content of a chunk. Returns undefined where it is none. */
export function readWarehouseRows(content: unknown): IndexedWarehouse[] | undefined {
  if (!v.is(v.array(warehouseRow), content)) return undefined;
  return content.map(([key, namespace, name, uid, generation, rowCount, subscriptions]) => ({
    key,
    namespace,
    name,
    uid,
    generation,
    rowCount,
    subscriptions: subscriptions as IndexedWarehouse['subscriptions'],
  }));
}

/** Merges the rows of a repository's several addresses into one for each Warehouse. */
export function mergeRows(rowsByAddress: readonly (readonly IndexedWarehouse[])[]): IndexedWarehouse[] {
  const merged = new Map<string, IndexedWarehouse>();
  for (const row of rowsByAddress.flat()) {
    const id = formatObjectName(row);
    const other = merged.get(id)?.subscriptions;
    const { subscriptions } = row;
    if (other === undefined || subscriptions === null) merged.set(id, row);
    else if (other !== null)
      merged.set(id, { ...row, subscriptions: [...other, ...subscriptions].toSorted(byIndex) });
  }
  return [...merged.values()];
}

function byIndex([one]: readonly [number, unknown], [other]: readonly [number, unknown]): number {
  return one - other;
}

/** Rebuilds of a Warehouse what a push is judged by: its subscriptions to the repository, at their places in the spec. */
export function toWarehouseContent(subscriptions: NonNullable<IndexedWarehouse['subscriptions']>): object {
  const all: object[] = [];
  for (const [index, git] of subscriptions) {
    while (all.length < index) all.push({});
    all.push({ git });
  }
  return { spec: { subscriptions: all } };
}

/**
 * Returns whether one of the rows has a subscription that the rows of an earlier version lack, as a Warehouse that was changed in another
 * field has not.
 */
export function hasNewSubscription(rows: readonly IndexRow[], earlier: readonly IndexRow[]): boolean {
  const known = new Set(earlier.map(selectionOf));
  return rows.some((row) => isSubscription(row) && !known.has(selectionOf(row)));
}

function isSubscription({ text }: IndexRow): boolean {
  return !text.endsWith(',[]]');
}

/** The key and the subscriptions of a row, without the version. */
function selectionOf({ text }: IndexRow): string {
  const [key, , , , generation, , subscriptions] = JSON.parse(text) as unknown[];
  // The content of a Warehouse that is too large is not in its row: any new version of it may subscribe otherwise.
  return JSON.stringify([key, subscriptions ?? generation]);
}

function keepFields(git: object): object {
  const all = git as Readonly<Record<string, unknown>>;
  return Object.fromEntries(KEPT_FIELDS.filter((field) => Object.hasOwn(all, field)).map((f) => [f, all[f]]));
}
