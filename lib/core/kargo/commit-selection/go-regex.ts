import type * as re2js from 're2js';
import { rewriteGoNames } from './go-regex-names.ts';

let engine: typeof re2js | undefined;

/**
 * Loads RE2JS. Await it before `compileGoRegex`. Most deliveries push branches and need no expression, so a cold start does not load it:
 * docs/decisions/0022-what-a-cold-start-loads.md.
 */
export async function loadGoRegex(): Promise<void> {
  engine ??= await import('re2js');
}

/**
 * Compiles an expression in the syntax of Go's `regexp` (RE2).
 *
 * @returns the compiled expression, or why Go refuses it
 * @throws {Error} where `loadGoRegex` was not awaited
 */
export function compileGoRegex(pattern: string): re2js.RE2JS | string {
  if (engine === undefined) throw new Error('RE2JS is not loaded');
  const regex = compileWith(engine, pattern);
  if (typeof regex !== 'string') return regex;
  // Names are rewritten only where compiling fails: RE2JS reads everything else as Go does.
  const rewritten = rewriteGoNames(pattern);
  return rewritten === pattern ? regex : compileWith(engine, rewritten);
}

function compileWith({ RE2JS, RE2JSException }: typeof re2js, pattern: string): re2js.RE2JS | string {
  try {
    return RE2JS.compile(pattern);
  } catch (error) {
    if (error instanceof RE2JSException) return error.message;
    throw error;
  }
}
