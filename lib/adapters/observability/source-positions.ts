import { readFileSync } from 'node:fs';
import { SourceMap, type SourceMapPayload } from 'node:module';
import { fileURLToPath } from 'node:url';

/** A position in a bundle, as V8 writes it. */
const BUNDLE_POSITION = /(file:\/\/[^\s():]+\.mjs):(\d+):(\d+)/g;

/** By URL of a bundle. */
const maps = new Map<string, SourceMap>();

/**
 * Replaces the positions in bundles by those in the sources. Names of functions stay as in the bundle. Node does more with
 * `--enable-source-maps`, but then reads all source maps at every cold start: docs/decisions/0022-what-a-cold-start-loads.md.
 *
 * @param stack - of an error
 * @returns the stack; positions without a source map as they were
 */
export function toSourcePositions(stack: string): string {
  return stack.replaceAll(BUNDLE_POSITION, (position, url: string, line: string, column: string) => {
    const map = maps.get(url) ?? readSourceMap(url);
    if (map !== undefined) maps.set(url, map);
    // Counted from 0, as in a source map.
    const entry = map?.findEntry(Number(line) - 1, Number(column) - 1);
    if (entry === undefined || !('originalSource' in entry)) return position;
    const source = entry.originalSource.replace(/^(\.\.\/)+/, '');
    return `${source}:${entry.originalLine + 1}:${entry.originalColumn + 1}`;
  });
}

function readSourceMap(url: string): SourceMap | undefined {
  try {
    return new SourceMap(JSON.parse(readFileSync(`${fileURLToPath(url)}.map`, 'utf8')) as SourceMapPayload);
  } catch {
    // A log line must not fail. The function may run from its sources.
    return undefined;
  }
}
