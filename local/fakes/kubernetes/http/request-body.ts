import type { IncomingMessage } from 'node:http';
import { parse } from 'yaml';
import { StatusError } from '../status-error.ts';

/** The API server's own limit of a request's body, in bytes. */
const MAX_BODY_BYTES = 3 * 1024 * 1024;

/** No object is that deep; deeper ones would exhaust the stack. The API server's own limit is 10,000. */
const MAX_DEPTH = 500;

/** Reads the whole body. Raises a StatusError (413) as soon as it is over the limit. */
export async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) {
      throw new StatusError(
        413,
        'RequestEntityTooLarge',
        `Request entity too large: limit is ${MAX_BODY_BYTES}`,
      );
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

/** Reads JSON, or YAML where the media type says so. Raises an Error where the text is neither, or nests too deep. */
export function parseBody(text: string, mediaType: string): unknown {
  const value: unknown = mediaType.endsWith('yaml') ? parse(text) : JSON.parse(text);
  if (isDeeperThan(value, MAX_DEPTH)) throw new Error('exceeded max depth');
  return value;
}

/** Goes level by level: by recursion it would itself fail on what it looks for. */
function isDeeperThan(value: unknown, depth: number): boolean {
  let level = [value];
  for (let reached = 0; level.length > 0; reached += 1) {
    if (reached > depth) return true;
    level = level.flatMap((one) => (typeof one === 'object' && one !== null ? Object.values(one) : []));
  }
  return false;
}
