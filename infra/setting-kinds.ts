import * as v from 'valibot';
import { switchRule } from '../lib/adapters/settings/setting-rules.ts';

// Kinds of values that a setting of the deployment may have. Each reads text; an empty one is a setting that is not set.

/** Text that may be missing. */
const optional = v.pipe(
  v.optional(v.string(), ''),
  v.transform((value) => value.trim() || undefined),
);

/** Text with a default. */
export const withDefault = (fallback: string | number) =>
  v.pipe(
    optional,
    v.transform((value) => value ?? String(fallback)),
  );

/** A value that is checked by a rule where it is set. */
export const ifSet = <Rule extends v.GenericSchema<string, unknown>>(rule: Rule) =>
  v.pipe(optional, v.optional(rule));

/**
 * A list, separated by commas.
 *
 * @param pattern - of each item
 */
export const listOf = (pattern: RegExp, fault: string) =>
  v.pipe(
    withDefault(''),
    v.transform((value) => value.split(',').flatMap((item) => item.trim() || [])),
    v.check((items) => items.every((item) => pattern.test(item)), fault),
  );

/** A KMS key in an ARN. */
export const KEY = String.raw`kms:[\w-]+:\d{12}:key/[\w-]+$`;

/** A switch, by default off. */
export const flag = v.pipe(withDefault('false'), switchRule);

/** One of several words. */
export const choice = <const Choice extends string>(
  fallback: Choice,
  choices: readonly Choice[],
  fault = `must be one of ${choices.join(', ')}`,
) => v.pipe(withDefault(fallback), v.picklist(choices, fault));

/** Text of a pattern. */
export const text = (pattern: RegExp, fault: string) => ifSet(v.pipe(v.string(), v.regex(pattern, fault)));

/**
 * An ARN.
 *
 * @param pattern - what follows the partition
 */
export const arn = (pattern: string, description: string) =>
  text(new RegExp(`^arn:aws[a-z-]*:${pattern}`), `must be the ARN of ${description}`);

/** A whole number with a default. */
export const wholeNumber = (
  fallback: number,
  { min, max }: { readonly min: number; readonly max: number } = { min: 0, max: Number.MAX_SAFE_INTEGER },
) => {
  const range = max === Number.MAX_SAFE_INTEGER ? '' : ` from ${min} to ${max}`;
  return v.pipe(
    withDefault(fallback),
    v.check(
      (value) => /^\d+$/.test(value) && Number(value) >= min && Number(value) <= max,
      `must be a whole number${range}`,
    ),
    v.transform(Number),
  );
};
