import { createHash } from 'node:crypto';
import type { ObjectMeta } from './admission-review.ts';

const SHARD = 'kargo.akuity.io/shard';

/** Maximum length of a label's value. A Stage's name may be longer. */
const MAX_LABEL_VALUE = 63;

/** Returns the metadata with the label `kargo.akuity.io/shard`, or without it where there is no shard. */
export function withShard(metadata: ObjectMeta, shard = ''): ObjectMeta {
  if (shard !== '') return { ...metadata, labels: { ...metadata.labels, [SHARD]: shard } };
  if (metadata.labels?.[SHARD] === undefined) return metadata;
  const { [SHARD]: _shard, ...labels } = metadata.labels;
  return { ...metadata, labels };
}

/** Shortens a value to what a label can hold, as Kargo does: its beginning, and a hash of the whole. */
export function shortenLabelValue(value: string): string {
  if (value.length <= MAX_LABEL_VALUE) return value;
  const hash = createHash('sha256').update(value).digest('hex').slice(0, 8);
  return `${value.slice(0, MAX_LABEL_VALUE - hash.length - 1)}-${hash}`;
}
