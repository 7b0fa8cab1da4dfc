import type { Ref } from '../bitbucket/event.ts';
import type { PathSelectors } from './commit-selection/path-filter.ts';

/** A kind of object that an event can refresh. */
export type RefreshKind = 'warehouse' | 'promotion';

/**
 * Why an event does not affect an object, ordered by how far the decision came: of several subscriptions and refs, the one that came
 * furthest explains most. `mismatch-text.ts` says the same in words.
 */
const MISMATCHES = [
  'no-git-subscription',
  'other-repository',
  'only-deleted-refs',
  'unknown-strategy',
  'other-branch',
  'no-tag',
  'tag-too-long',
  'tag-ignored',
  'tag-not-allowed',
  'no-version',
  'semver-constraint',
  'not-running',
  'not-waiting',
  'other-pull-request',
] as const;

/** A code, so that it costs nothing on the way of a delivery. */
export type Mismatch = (typeof MISMATCHES)[number];

/** An object that is not refreshed, because the event does not affect it. */
export interface Unaffected {
  readonly kind: 'unaffected';
  readonly mismatch: Mismatch;
  /** The subscription that came furthest, by its index in the Warehouse; undefined where none is to the repository. */
  readonly subscription?: number;
}

/** An object that the event affects. */
export interface Affected {
  readonly kind: 'affected';
  /** Present where each subscription that selects a pushed ref has path filters: the changed files may show that none matters. */
  readonly narrowed?: readonly NarrowedSelection[];
}

/** Pushed refs that a subscription with path filters selects. */
export interface NarrowedSelection {
  readonly selectors: PathSelectors;
  readonly refs: readonly Ref[];
}

/** Whether an event affects an object, or why this is unknown. */
export type Verdict =
  | Affected
  | Unaffected
  /** Not refreshed until its owner corrects it. The reason is for the log. */
  | { readonly kind: 'broken'; readonly reason: string };

export const AFFECTED: Verdict = { kind: 'affected' };

/** The verdicts that name no subscription, made once. */
export const UNAFFECTED = Object.freeze(
  Object.fromEntries(MISMATCHES.map((mismatch) => [mismatch, { kind: 'unaffected', mismatch }])),
) as Readonly<Record<Mismatch, Unaffected>>;

const RANK: ReadonlyMap<Mismatch, number> = new Map(MISMATCHES.map((mismatch, rank) => [mismatch, rank]));

/** Returns whether the decision came further with the first mismatch than with the second. */
export function isFurther(one: Mismatch, other: Mismatch): boolean {
  return (RANK.get(one) ?? 0) > (RANK.get(other) ?? 0);
}

/** Wraps a verdict that is already known into a generator without steps. */
// oxlint-disable-next-line require-yield -- callers expect a generator
export function* concludeWith(verdict: Verdict): Generator<void, Verdict> {
  return verdict;
}
