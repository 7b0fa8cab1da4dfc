import { RE2JS, RE2JSException } from 're2js';
import { subscriptionFault, type GitSubscription, type SubscriptionFault } from './git-subscription.ts';
import { rewriteGoNames } from './go-regex-names.ts';

/** Which tags a subscription considers by name alone. */
export interface TagFilter {
  readonly kind: 'filter';
  readonly lets: (tag: string) => boolean;
}

/**
 * Instructions of a subscription's expressions of one kind together, so that the costliest of them take a tenth of a second for
 * a name of 10,000 characters. A number of up to a thousand digits, `\d{1,1000}`, is 2,000 instructions.
 */
const maxTotalRegexSize = 5000;

/**
 * Compiles what `allowTagsRegexes` and `ignoreTagsRegexes` say: a tag that any of the latter matches is out; of the rest, those
 * that any of the former matches are in, or all of them where there are none.
 *
 * Gives a fault for an expression that Go's `regexp` refuses or that is over a limit of ours, and for the deprecated `allowTags`
 * and `ignoreTags`, with which Kargo 1.11 evaluates a Warehouse no more. Never throws.
 */
export function compileTagFilter(subscription: GitSubscription): TagFilter | SubscriptionFault {
  const allow = compileRegexes('allowTagsRegexes', subscription.allowTagsRegexes);
  if ('kind' in allow) return allow;
  if (subscription.allowTags) {
    return subscriptionFault('allowTags', 'is refused by Kargo since 1.11; use allowTagsRegexes');
  }
  const ignore = compileRegexes('ignoreTagsRegexes', subscription.ignoreTagsRegexes);
  if ('kind' in ignore) return ignore;
  if (subscription.ignoreTags && subscription.ignoreTags.length > 0) {
    return subscriptionFault('ignoreTags', 'is refused by Kargo since 1.11; use ignoreTagsRegexes');
  }
  const lets = (tag: string): boolean => {
    if (ignore.some((regex) => regex.matches(tag))) return false;
    return allow.length === 0 || allow.some((regex) => regex.matches(tag));
  };
  return { kind: 'filter', lets };
}

function compileRegexes(field: string, patterns: readonly string[] = []): TagRegex[] | SubscriptionFault {
  const regexes: TagRegex[] = [];
  let size = 0;
  for (const [index, pattern] of patterns.entries()) {
    const regex = compileTagRegex(pattern);
    if (regex.kind === 'malformed') return subscriptionFault(`${field}[${index}]`, regex.reason);
    size += regex.size;
    if (size > maxTotalRegexSize) {
      return subscriptionFault(`${field}[${index}]`, 'is too complex: it repeats too much, too often');
    }
    regexes.push(regex);
  }
  return regexes;
}

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
