import { gunzipSync, gzipSync } from 'node:zlib';
import * as v from 'valibot';
import { readReceiverRows, type ReceiverRow } from './index-head.ts';

/** Of the format below; another one is not read. */
const FORMAT = 1;

/** Secrets Manager's limit for a secret. About two thousand rows fit. */
const MAX_BYTES = 65_536;

/** Far above what fits in `MAX_BYTES`: somebody else may have written the text. */
const MAX_UNPACKED_BYTES = 4 * 1024 * 1024;

const copySchema = v.object({ format: v.literal(FORMAT), receivers: v.unknown() });

/** Packs the receivers of an index into a text that a secret can hold. Returns undefined where they are too many. */
export function packReceivers(receivers: readonly ReceiverRow[]): string | undefined {
  const packed = gzipSync(JSON.stringify({ format: FORMAT, receivers })).toString('base64');
  return packed.length > MAX_BYTES ? undefined : packed;
}

/** Reads the text of {@link packReceivers}. Returns undefined where it is another one. */
export function unpackReceivers(text: string): readonly ReceiverRow[] | undefined {
  try {
    const json = gunzipSync(Buffer.from(text, 'base64'), { maxOutputLength: MAX_UNPACKED_BYTES });
    const { success, output } = v.safeParse(copySchema, JSON.parse(json.toString('utf8')));
    return success ? readReceiverRows(output.receivers) : undefined;
  } catch {
    return undefined;
  }
}
