import type { GitSubscription } from './git-subscription.ts';
import { subscriptionFault, type SubscriptionFault } from './subscription-fault.ts';
import { compileTagRegex, type TagRegex } from './tag-regex.ts';

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
