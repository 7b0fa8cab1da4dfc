import type { IncomingMessage } from 'node:http';
import { parse } from 'yaml';
import { badRequest, StatusError } from './status-error.ts';

/** The API server's own limit of a request's body, in bytes. */
const MAX_BODY_BYTES = 3 * 1024 * 1024;

/** Go's JSON decoder stops at this depth; beyond it, our own recursion would run out of stack. */
const MAX_DEPTH = 10_000;

/** Reads the whole body. Raises a StatusError (413) as soon as it is over the limit. */
export async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) {
      const message = `Request entity too large: limit is ${MAX_BODY_BYTES}`;
      throw new StatusError(413, 'RequestEntityTooLarge', message, {});
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

/** The media type of a body, without its parameters; JSON where the client did not say. */
export function mediaTypeOf(request: IncomingMessage): string {
  return (request.headers['content-type'] ?? '').split(';')[0]!.trim().toLowerCase() || 'application/json';
}

/** Raises a StatusError (415) unless the body's media type is one of `accepted`. */
export function requireMediaType(mediaType: string, accepted: string[]): void {
  if (accepted.includes(mediaType)) return;
  const message = `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`;
  throw new StatusError(415, 'UnsupportedMediaType', message);
}

/** Reads JSON or YAML. Raises a StatusError (400) where the text is neither. */
export function parseBody(text: string, mediaType: string): unknown {
  try {
    const value: unknown = mediaType.endsWith('yaml') ? parse(text) : JSON.parse(text);
    if (deeperThan(value, MAX_DEPTH)) throw new Error('exceeded max depth');
    return value;
  } catch (error) {
    throw badRequest(`the object provided is unrecognized: ${(error as Error).message}`);
  }
}

/** Walks level by level and not by recursion, which is what a deep value would break. */
function deeperThan(value: unknown, depth: number): boolean {
  let level = [value];
  for (let reached = 0; level.length > 0; reached += 1) {
    if (reached > depth) return true;
    level = level.flatMap((one) => (typeof one === 'object' && one !== null ? Object.values(one) : []));
  }
  return false;
}
