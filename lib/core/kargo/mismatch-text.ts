import * as v from 'valibot';
import type { BitbucketEvent } from '../bitbucket/event.ts';
import { readGitSubscription, type GitSubscription } from './commit-selection/git-subscription.ts';
import { gitSubscription, repositoriesOf, stepOutput, subscriptionsOf } from './object-parts.ts';
import type { Mismatch, Unaffected } from './verdict.ts';

/** Items of one list in a text: enough to recognize a mistyped name. */
const MAX_ITEMS = 5;

const promotion = v.object({
  status: v.object({ phase: v.string(), state: v.optional(v.unknown()) }),
});
const promotionState = v.record(v.string(), v.unknown());

/** What an event holds, in words. */
interface EventWords {
  readonly repository: string;
  readonly refs: string;
  readonly tags: string;
  readonly pullRequest: string;
}

/** What an object selects, in words. */
interface ObjectWords {
  readonly repositories: string;
  /** The fields of the subscription that came furthest. */
  readonly git: Partial<GitSubscription>;
  readonly phase: string;
  readonly pullRequests: string;
}

const TEXTS: Readonly<Record<Mismatch, (event: EventWords, object: ObjectWords) => string>> = {
  'no-git-subscription': () => 'no Git subscription',
  'other-repository': ({ repository }, { repositories }) =>
    `subscribed to ${repositories}; pushed to ${repository}`,
  'only-deleted-refs': () => 'the push only deletes refs',
  'unknown-strategy': (_event, { git }) =>
    `commitSelectionStrategy "${git.commitSelectionStrategy}" is unknown`,
  'other-branch': ({ refs }, { git: { branch } }) =>
    `${branch ? `branch "${branch}"` : 'branch "main" or "master", the default,'} is selected; pushed: ${refs}`,
  'no-tag': ({ refs }, { git }) => `tags are selected (${git.commitSelectionStrategy}); pushed: ${refs}`,
  'tag-too-long': () => 'the name of the pushed tag is longer than 1024 bytes',
  'tag-ignored': ({ tags }, { git }) =>
    `ignoreTagsRegexes (${list(git.ignoreTagsRegexes)}) ignore the pushed tags: ${tags}`,
  'tag-not-allowed': ({ tags }, { git }) =>
    `allowTagsRegexes (${list(git.allowTagsRegexes)}) allow none of the pushed tags: ${tags}`,
  'no-version': ({ tags }, { git }) =>
    `none of the pushed tags is a ${git.strictSemvers === true ? 'strict ' : ''}semantic version: ${tags}`,
  'semver-constraint': ({ tags }, { git }) =>
    `semverConstraint (${git.semverConstraint}) allows none of the pushed tags: ${tags}`,
  'not-running': (_event, { phase }) => `not running: its phase is ${phase}`,
  'not-waiting': () => 'waits for no pull request: no git-wait-for-pr step with an alias was reached',
  'other-pull-request': ({ pullRequest }, { pullRequests }) =>
    `waits for ${pullRequests}; closed: ${pullRequest}`,
};

/**
 * Describes why an event does not affect an object: what the object selects, and what the event holds. It judges nothing again, so that it
 * costs little whatever patterns the object has.
 *
 * @param object - the Warehouse or Promotion that the verdict is about
 */
export function describeMismatch(
  event: BitbucketEvent,
  object: unknown,
  { mismatch, subscription }: Unaffected,
): string {
  const text = TEXTS[mismatch](eventWords(event), objectWords(object, subscription));
  return subscription === undefined ? text : `spec.subscriptions[${subscription}].git: ${text}`;
}

function eventWords(event: BitbucketEvent): EventWords {
  const none = { repository: '', refs: '', tags: '', pullRequest: '' };
  switch (event.kind) {
    case 'push': {
      const refs = event.refs.map(({ kind, name }) => `${kind} "${name}"`);
      const tags = event.refs.flatMap(({ kind, name }) => (kind === 'tag' ? [`"${name}"`] : []));
      return { ...none, repository: list(event.addresses), refs: list(refs), tags: list(tags) };
    }
    case 'pull-request-closed':
      return { ...none, pullRequest: event.url };
    default:
      return event satisfies never;
  }
}

function objectWords(object: unknown, subscription = -1): ObjectWords {
  const chosen = subscriptionsOf(object)?.[subscription];
  const reading = readGitSubscription(v.is(gitSubscription, chosen) ? chosen.git : undefined);
  const status = v.is(promotion, object) ? object.status : undefined;
  const outputs = v.is(promotionState, status?.state) ? Object.values(status.state) : [];
  const pullRequests = outputs.flatMap((output) => (v.is(stepOutput, output) ? [output.pr.url] : []));
  return {
    repositories: list([...new Set(repositoriesOf(object))]),
    git: reading.kind === 'read' ? reading.subscription : {},
    phase: status?.phase ?? 'not set',
    pullRequests: list([...new Set(pullRequests)]),
  };
}

function list(items: readonly string[] = []): string {
  const named = items.slice(0, MAX_ITEMS).join(', ');
  return items.length > MAX_ITEMS ? `${named} and ${items.length - MAX_ITEMS} more` : named;
}
