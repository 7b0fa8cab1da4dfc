import { RE2JS, RE2JSException } from 're2js';

/** A compiled expression of `allowTagsRegexes` or `ignoreTagsRegexes`. */
export interface TagRegex {
  readonly kind: 'regex';
  /** Whether the expression matches anywhere in the tag's name, in time linear in its length. */
  readonly matches: (tag: string) => boolean;
}

/**
 * Compiles an expression in the syntax of Go's `regexp` (RE2). Gives the reason where it is malformed. Never throws for a bad
 * pattern.
 */
export function compileTagRegex(
  pattern: string,
): TagRegex | { readonly kind: 'malformed'; readonly reason: string } {
  try {
    const regex = RE2JS.compile(pattern);
    return { kind: 'regex', matches: (tag) => regex.test(tag) };
  } catch (error) {
    if (error instanceof RE2JSException) return { kind: 'malformed', reason: error.message };
    throw error;
  }
}
