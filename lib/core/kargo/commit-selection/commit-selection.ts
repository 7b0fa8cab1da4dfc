import type { Ref } from '../../bitbucket/event.ts';
import { isFurther, type Mismatch } from '../verdict.ts';
import { subscriptionFault, type GitSubscription, type SubscriptionFault } from './git-subscription.ts';
import { parseSemverConstraint, type SemverConstraint } from './semver-constraint.ts';
import { parseSemverVersion } from './semver-version.ts';
import { compileTagFilter, findTagFieldFault, isTagTooLong, type PatternAllowance } from './tag-filter.ts';

/** Whether a push could change which commits a subscription selects: `selected`, why not, or why this is unknown. */
export type SelectionVerdict = 'selected' | Mismatch | SubscriptionFault;

/**
 * Decides whether one of the pushed refs could change which commits a subscription selects, as Kargo 1.11 does: `NewestFromBranch`
 * (also when unset) follows a branch; `Lexical`, `NewestTag` and `SemVer` follow tags. Fields that a strategy does not use are
 * ignored, and so are patterns and constraints where no tag was pushed. An unknown strategy, of a newer Kargo, selects nothing.
 *
 * `includePaths`, `excludePaths` and `expressionFilter` are not judged here: Bitbucket's payloads do not hold the changed files and the commit
 * that they apply to. `path-filter.ts` decides by changed files, where they are known. A path selector that Kargo cannot compile does not prevent
 * a refresh, although Kargo then answers the whole delivery with an error: the refresh makes Kargo report the bad selector on the Warehouse at
 * once. It never throws.
 *
 * @param allowance - counts the Warehouse's patterns against their limits
 * @returns the verdict, or where it needs expensive work the steps that lead to it; nothing expensive happens before the first step
 */
export function judgeSelection(
  subscription: GitSubscription,
  refs: readonly Ref[],
  allowance: PatternAllowance,
): SelectionVerdict | Generator<void, SelectionVerdict> {
  if (refs.length === 0) return 'only-deleted-refs';
  switch (subscription.commitSelectionStrategy ?? '') {
    case '':
    case 'NewestFromBranch': {
      const { branch = '' } = subscription;
      const isPushed = refs.some(({ kind, name }) => kind === 'branch' && isSelectedBranch(name, branch));
      return isPushed ? 'selected' : 'other-branch';
    }
    case 'Lexical':
    case 'NewestTag':
    case 'SemVer': {
      if (!refs.some(({ kind }) => kind === 'tag')) return 'no-tag';
      return findTagFieldFault(subscription, allowance) ?? judgeTags(subscription, refs, allowance);
    }
    default:
      return 'unknown-strategy';
  }
}

/**
 * Lists the pushed refs that a subscription may select commits by: the pushed branch that it follows; or all tags, of which its patterns may
 * select fewer.
 */
export function refsOfStrategy(
  { commitSelectionStrategy, branch = '' }: GitSubscription,
  refs: readonly Ref[],
): Ref[] {
  const followsBranch = !commitSelectionStrategy || commitSelectionStrategy === 'NewestFromBranch';
  return refs.filter(({ kind, name }) =>
    followsBranch ? kind === 'branch' && isSelectedBranch(name, branch) : kind === 'tag',
  );
}

/** The repository's default branch is not known here. Kargo assumes main or master. */
function isSelectedBranch(name: string, branch: string): boolean {
  return branch === '' ? name === 'main' || name === 'master' : name === branch;
}

function* judgeTags(
  subscription: GitSubscription,
  refs: readonly Ref[],
  allowance: PatternAllowance,
): Generator<void, SelectionVerdict> {
  const filter = yield* compileTagFilter(subscription, allowance);
  if (filter.kind === 'fault') return filter;
  const selectsVersion = yield* compileVersionSelection(subscription);
  if (typeof selectsVersion !== 'function') return selectsVersion;
  const matchesNames = subscription.commitSelectionStrategy === 'SemVer' || hasPatterns(subscription);
  let furthest: Mismatch = 'tag-too-long';
  for (const { kind, name } of refs) {
    if (kind !== 'tag' || (matchesNames && isTagTooLong(name))) continue;
    const passed = yield* filter.judge(name);
    const verdict = passed === 'selected' ? selectsVersion(name) : passed;
    if (verdict === 'selected' || typeof verdict === 'object') return verdict;
    if (isFurther(verdict, furthest)) furthest = verdict;
    yield;
  }
  return furthest;
}

function hasPatterns({ allowTagsRegexes = [], ignoreTagsRegexes = [] }: GitSubscription): boolean {
  return allowTagsRegexes.length + ignoreTagsRegexes.length > 0;
}

function* compileVersionSelection({
  commitSelectionStrategy,
  semverConstraint,
  strictSemvers = false,
}: GitSubscription): Generator<void, ((tag: string) => 'selected' | Mismatch) | SubscriptionFault> {
  if (commitSelectionStrategy !== 'SemVer') return () => 'selected';
  let constraint: SemverConstraint | undefined;
  if (semverConstraint) {
    yield;
    const parsed = parseSemverConstraint(semverConstraint);
    if (parsed.kind === 'malformed') return subscriptionFault('semverConstraint', parsed.reason);
    constraint = parsed.constraint;
  }
  return (tag) => {
    const version = parseSemverVersion(tag, { strict: strictSemvers });
    if (version === undefined) return 'no-version';
    return (constraint?.allows(version) ?? true) ? 'selected' : 'semver-constraint';
  };
}
