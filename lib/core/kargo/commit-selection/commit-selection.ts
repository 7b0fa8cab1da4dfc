import type { Ref } from '../../bitbucket/event.ts';
import { subscriptionFault, type GitSubscription, type SubscriptionFault } from './git-subscription.ts';
import { parseSemverConstraint, type SemverConstraint } from './semver-constraint.ts';
import { parseSemverVersion } from './semver-version.ts';
import { compileTagFilter } from './tag-filter.ts';

/** Answers for one Git subscription, whatever its strategy. */
export interface CommitSelection {
  readonly kind: 'selection';
  /** Whether a push of this ref could change which commits the subscription selects. Never throws. */
  couldBeMovedBy(ref: Ref): boolean;
}

/** A strategy of a Kargo newer than this; the subscription is to be skipped. */
export interface UnsupportedStrategy {
  readonly kind: 'unsupported';
  readonly strategy: string;
}

/**
 * Compiles a subscription's commit selection, as Kargo 1.11 does on a push: `NewestFromBranch` (also when unset) follows a
 * branch; `Lexical`, `NewestTag` and `SemVer` follow tags. Fields that a strategy does not use are not looked at.
 *
 * `includePaths`, `excludePaths` and `expressionFilter` never hold a refresh back: the changed files and the commit they judge
 * are not in Bitbucket's payloads. A path selector that Kargo cannot compile does not either, although Kargo then answers the
 * whole delivery with an error: the ref alone decides whether there may be something new, and the refresh makes Kargo report
 * the bad selector on the Warehouse at once.
 *
 * Gives a fault where Kargo could not compile the subscription, or where it is over a limit of ours. Never throws.
 */
export function compileCommitSelection(
  subscription: GitSubscription,
): CommitSelection | UnsupportedStrategy | SubscriptionFault {
  const strategy = subscription.commitSelectionStrategy ?? '';
  switch (strategy) {
    case '':
    case 'NewestFromBranch':
      return selectionOf('branch', followsBranch(subscription.branch ?? ''));
    case 'Lexical':
    case 'NewestTag': {
      const filter = compileTagFilter(subscription);
      return filter.kind === 'fault' ? filter : selectionOf('tag', filter.lets);
    }
    case 'SemVer':
      return compileSemverSelection(subscription);
    default:
      return { kind: 'unsupported', strategy };
  }
}

function selectionOf(kind: Ref['kind'], selects: (name: string) => boolean): CommitSelection {
  return { kind: 'selection', couldBeMovedBy: (ref) => ref.kind === kind && selects(ref.name) };
}

/** Which branch is a repository's default is not known here; Kargo takes it to be main or master. */
function followsBranch(branch: string): (name: string) => boolean {
  return branch === '' ? (name) => name === 'main' || name === 'master' : (name) => name === branch;
}

function compileSemverSelection(subscription: GitSubscription): CommitSelection | SubscriptionFault {
  const filter = compileTagFilter(subscription);
  if (filter.kind === 'fault') return filter;
  let constraint: SemverConstraint | undefined;
  if (subscription.semverConstraint) {
    const parsed = parseSemverConstraint(subscription.semverConstraint);
    if (parsed.kind === 'malformed') return subscriptionFault('semverConstraint', parsed.reason);
    constraint = parsed.constraint;
  }
  const parse = { strict: subscription.strictSemvers ?? false };
  return selectionOf('tag', (name) => {
    if (!filter.lets(name)) return false;
    const version = parseSemverVersion(name, parse);
    return version !== undefined && (constraint?.allows(version) ?? true);
  });
}
