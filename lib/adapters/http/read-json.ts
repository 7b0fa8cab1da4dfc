/** A body that was read to its end. */
export interface JsonBody {
  /** Parsed; undefined where it is not JSON. */
  readonly content: unknown;
  readonly bytes: number;
}

/**
 * Reads the body of an answer as JSON, and no more of it than a limit.
 *
 * @param tooLarge - makes the error for a larger body
 * @throws {Error} of the network, or that of `tooLarge`
 */
export async function readJson(
  body: AsyncIterable<Buffer>,
  maxBytes: number,
  tooLarge: (maxBytes: number) => Error,
): Promise<JsonBody> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    // Leaving the loop drops the response.
    if (bytes > maxBytes) throw tooLarge(maxBytes);
    chunks.push(chunk);
  }
  return { content: parseJson(Buffer.concat(chunks).toString()), bytes };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
