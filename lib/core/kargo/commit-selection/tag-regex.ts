import { RE2JS, RE2JSException } from 're2js';
import { rewriteGoNames } from './go-regex-names.ts';

/** A compiled expression of `allowTagsRegexes` or `ignoreTagsRegexes`. */
export interface TagRegex {
  readonly kind: 'regex';
  /** Whether the expression matches anywhere in the tag's name, in time linear in its length. */
  readonly matches: (tag: string) => boolean;
  /** Instructions of the compiled program: the most steps that one character of a tag's name can take. */
  readonly size: number;
}

/** Room for a list of some hundred tags. Compiling takes up to half a second where each character repeats a thousand times. */
const maxRegexLength = 4096;

/**
 * Compiles an expression in the syntax of Go's `regexp` (RE2). Gives the reason where Go refuses it, or where it is over
 * the length limit. Never throws for a bad pattern.
 */
export function compileTagRegex(
  pattern: string,
): TagRegex | { readonly kind: 'malformed'; readonly reason: string } {
  if (pattern.length > maxRegexLength) {
    return { kind: 'malformed', reason: `is longer than ${maxRegexLength} characters` };
  }
  try {
    const regex = compileAsGo(pattern);
    return { kind: 'regex', matches: (tag) => regex.test(tag), size: regex.programSize() };
  } catch (error) {
    if (error instanceof RE2JSException) return { kind: 'malformed', reason: error.message };
    throw error;
  }
}

/** Names are rewritten only where it is needed: RE2JS reads all else as Go does. */
function compileAsGo(pattern: string): RE2JS {
  try {
    return RE2JS.compile(pattern);
  } catch (error) {
    const rewritten = rewriteGoNames(pattern);
    if (rewritten === pattern) throw error;
    return RE2JS.compile(rewritten);
  }
}
