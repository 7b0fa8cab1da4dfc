import { subscriptionFault, type GitSubscription, type SubscriptionFault } from './git-subscription.ts';
import { compileGoRegex } from './go-regex.ts';
import { findRegexExcess, MAX_INSTRUCTIONS } from './regex-cost.ts';

/** Enough for an alternation of some hundred tags. */
const MAX_PATTERN_CHARACTERS = 4096;

/** `allowTagsRegexes` or `ignoreTagsRegexes` of one subscription. People write a few; one pattern can hold hundreds of alternatives. */
const MAX_LIST_PATTERNS = 50;
const MAX_LIST_BYTES = 32 * 1024;

/** All subscriptions of a Warehouse to one repository together, so that more subscriptions do not add up to more work. */
const MAX_WAREHOUSE_PATTERNS = 100;
const MAX_WAREHOUSE_BYTES = 64 * 1024;
const MAX_WAREHOUSE_INSTRUCTIONS = 4 * MAX_INSTRUCTIONS;

/** Git hosts keep names of refs shorter, because file systems do. */
const MAX_TAG_NAME_BYTES = 1024;

/**
 * Instructions times characters of a name: the most steps that a match can take. RE2JS takes up to 90 ns for one, so that a match
 * takes 45 ms at most. The largest list accepts names of 100 characters, and an ordinary pattern every name.
 */
const MAX_MATCH_STEPS = 500_000;

type PatternField = 'allowTagsRegexes' | 'ignoreTagsRegexes';

/** Counts the patterns of one Warehouse, over all its subscriptions to the repository, against their limits. */
export class PatternAllowance {
  #patterns = 0;
  #bytes = 0;
  #instructions = 0;

  /** Counts a list of patterns. Returns the limit that it exceeds, or undefined. */
  countPatterns(patterns: readonly string[]): string | undefined {
    if (patterns.length > MAX_LIST_PATTERNS) return `has more than ${MAX_LIST_PATTERNS} patterns`;
    const bytes = patterns.reduce((sum, pattern) => sum + Buffer.byteLength(pattern), 0);
    if (bytes > MAX_LIST_BYTES) return `has more than ${MAX_LIST_BYTES} bytes of patterns`;
    this.#patterns += patterns.length;
    if (this.#patterns > MAX_WAREHOUSE_PATTERNS) {
      return `exceeds the limit of ${MAX_WAREHOUSE_PATTERNS} tag patterns per Warehouse and repository`;
    }
    this.#bytes += bytes;
    if (this.#bytes > MAX_WAREHOUSE_BYTES) {
      return `exceeds the limit of ${MAX_WAREHOUSE_BYTES} bytes of tag patterns per Warehouse and repository`;
    }
    return undefined;
  }

  /** Counts the instructions of a compiled pattern. Returns the limit that they exceed, or undefined. */
  countInstructions(instructions: number): string | undefined {
    this.#instructions += instructions;
    if (this.#instructions <= MAX_WAREHOUSE_INSTRUCTIONS) return undefined;
    return `exceeds the limit of ${MAX_WAREHOUSE_INSTRUCTIONS} instructions of tag patterns per Warehouse and repository`;
  }
}

/** Decides by its name whether a subscription considers a tag. */
export interface TagFilter {
  readonly kind: 'filter';
  /** Decides about one tag, in a step for each pattern. Returns a fault where a name is too long for a pattern. */
  readonly judge: (
    tag: string,
  ) => Generator<void, 'selected' | 'tag-ignored' | 'tag-not-allowed' | SubscriptionFault>;
}

/** A compiled pattern of `allowTagsRegexes` or `ignoreTagsRegexes`. */
interface TagRegex {
  readonly kind: 'regex';
  /** Its field, for messages: `allowTagsRegexes[1]`. */
  readonly field: string;
  /** Returns true if it matches anywhere in the tag's name. Takes time linear in the name's length. */
  readonly matches: (tag: string) => boolean;
  /** Instructions of the compiled program: the most steps that one character of a name can take. */
  readonly instructions: number;
}

/** Returns true for a tag whose name is so long that no pattern, version or constraint is matched with it. */
export function isTagTooLong(tag: string): boolean {
  return Buffer.byteLength(tag) > MAX_TAG_NAME_BYTES;
}

/**
 * Checks a subscription's fields for tags, without compiling anything: the limits of both lists, and the deprecated `allowTags` and
 * `ignoreTags`, with which Kargo 1.11 does not evaluate a Warehouse.
 */
export function findTagFieldFault(
  { allowTags, allowTagsRegexes = [], ignoreTags, ignoreTagsRegexes = [] }: GitSubscription,
  allowance: PatternAllowance,
): SubscriptionFault | undefined {
  if (allowTags)
    return subscriptionFault('allowTags', 'is refused by Kargo since 1.11; use allowTagsRegexes');
  if (ignoreTags && ignoreTags.length > 0) {
    return subscriptionFault('ignoreTags', 'is refused by Kargo since 1.11; use ignoreTagsRegexes');
  }
  const tooMany = allowance.countPatterns(allowTagsRegexes);
  if (tooMany !== undefined) return subscriptionFault('allowTagsRegexes', tooMany);
  const tooManyIgnored = allowance.countPatterns(ignoreTagsRegexes);
  return tooManyIgnored === undefined ? undefined : subscriptionFault('ignoreTagsRegexes', tooManyIgnored);
}

/**
 * Compiles `allowTagsRegexes` and `ignoreTagsRegexes`, in a step for each pattern. A tag that any of the latter matches is ignored; of
 * the rest, those pass that any of the former matches, or all where there are none. It never throws.
 *
 * @returns the filter, or the fault of a pattern that Go's `regexp` refuses or that exceeds a limit
 */
export function* compileTagFilter(
  { allowTagsRegexes, ignoreTagsRegexes }: GitSubscription,
  allowance: PatternAllowance,
): Generator<void, TagFilter | SubscriptionFault> {
  const allow = yield* compileList('allowTagsRegexes', allowTagsRegexes, allowance);
  if ('kind' in allow) return allow;
  const ignore = yield* compileList('ignoreTagsRegexes', ignoreTagsRegexes, allowance);
  if ('kind' in ignore) return ignore;
  return {
    kind: 'filter',
    *judge(tag) {
      const ignored = yield* matchesAny(ignore, tag);
      if (ignored !== false) return ignored === true ? 'tag-ignored' : ignored;
      const allowed = allow.length === 0 || (yield* matchesAny(allow, tag));
      if (typeof allowed === 'object') return allowed;
      return allowed ? 'selected' : 'tag-not-allowed';
    },
  };
}

function* compileList(
  field: PatternField,
  patterns: readonly string[] = [],
  allowance: PatternAllowance,
): Generator<void, TagRegex[] | SubscriptionFault> {
  const regexes: TagRegex[] = [];
  let instructions = 0;
  for (const [index, pattern] of patterns.entries()) {
    yield;
    const regex = compileTagRegex(pattern, `${field}[${index}]`);
    if (regex.kind === 'fault') return regex;
    instructions += regex.instructions;
    const excess =
      instructions > MAX_INSTRUCTIONS
        ? 'is too complex: it and the patterns before it repeat too much, too often'
        : allowance.countInstructions(regex.instructions);
    if (excess !== undefined) return subscriptionFault(regex.field, excess);
    regexes.push(regex);
  }
  return regexes;
}

function* matchesAny(
  regexes: readonly TagRegex[],
  tag: string,
): Generator<void, boolean | SubscriptionFault> {
  for (const { field, matches, instructions } of regexes) {
    if (instructions * tag.length > MAX_MATCH_STEPS) {
      return subscriptionFault(
        field,
        `is too complex for the name of the pushed tag, of ${tag.length} characters`,
      );
    }
    yield;
    if (matches(tag)) return true;
  }
  return false;
}

/**
 * Compiles a pattern in the syntax of Go's `regexp` (RE2). It never throws for a bad pattern.
 *
 * @param field - where the pattern stands, for a fault
 * @returns the compiled pattern, or the fault of one that Go refuses or that exceeds a limit
 */
export function compileTagRegex(pattern: string, field: string): TagRegex | SubscriptionFault {
  if (pattern.length > MAX_PATTERN_CHARACTERS) {
    return subscriptionFault(field, `is longer than ${MAX_PATTERN_CHARACTERS} characters`);
  }
  const excess = findRegexExcess(pattern);
  if (excess !== undefined) return subscriptionFault(field, excess);
  const regex = compileGoRegex(pattern);
  if (typeof regex === 'string') return subscriptionFault(field, regex);
  return { kind: 'regex', field, matches: (tag) => regex.test(tag), instructions: regex.programSize() };
}
