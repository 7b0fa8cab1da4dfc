import * as v from 'valibot';
import { COMMIT_HASH, jsonObject, payloadReader } from './payload-reading.ts';
import { cloudAddresses } from './repository-identity.ts';

/** Checks only the fields that are used: Atlassian adds fields, and some webhooks leave others out. */
const push = jsonObject({
  push: jsonObject({
    changes: v.array(
      jsonObject({
        /** Null where the ref was deleted. */
        new: v.nullish(jsonObject({ type: v.string(), name: v.string(), target: v.optional(v.unknown()) })),
        /** Null where the ref was created. */
        old: v.optional(v.unknown()),
        forced: v.optional(v.unknown()),
        truncated: v.optional(v.unknown()),
      }),
    ),
  }),
  repository: jsonObject({
    /** Needed where there is no web address. */
    full_name: v.optional(v.unknown()),
    links: v.nullish(jsonObject({ html: v.nullish(jsonObject({ href: v.nullish(v.string()) })) })),
  }),
});

const oldRef = v.object({ target: v.optional(v.unknown()) });
const commit = v.object({ hash: v.pipe(v.string(), v.regex(COMMIT_HASH)) });

const pullRequest = jsonObject({
  pullrequest: jsonObject({ links: jsonObject({ html: jsonObject({ href: v.string() }) }) }),
});

/**
 * Reads `repo:push` of Bitbucket Cloud. The payload has no clone link; the repository's web address is its https clone address too.
 *
 * @see https://support.atlassian.com/bitbucket-cloud/docs/event-payloads/#Push
 */
export const readCloudPush = payloadReader(push, ({ push: { changes }, repository }) => {
  const webAddress = repository.links?.html?.href || addressFromName(repository.full_name);
  if (webAddress === undefined) return { missing: 'repository.links.html.href' };
  const refs = changes.flatMap((change) => {
    if (!change.new) return [];
    const { type, name, target } = change.new;
    const to = hashOf(target);
    const isComplete = change.forced === false && change.truncated === false;
    const from = isComplete && v.is(oldRef, change.old) ? hashOf(change.old.target) : undefined;
    const kind = type === 'tag' ? ('tag' as const) : ('branch' as const);
    return [{ kind, name, ...(to !== undefined && { to, ...(from !== undefined && { from }) }) }];
  });
  return { kind: 'push', addresses: cloudAddresses(webAddress), refs };
});

/**
 * Reads `pullrequest:fulfilled` and `pullrequest:rejected` of Bitbucket Cloud.
 *
 * @see https://support.atlassian.com/bitbucket-cloud/docs/event-payloads/#Merged
 */
export const readCloudPullRequest = payloadReader(pullRequest, ({ pullrequest }) => ({
  kind: 'pull-request-closed',
  url: pullrequest.links.html.href,
}));

function addressFromName(name: unknown): string | undefined {
  return typeof name === 'string' && name !== '' ? `https://bitbucket.org/${name}` : undefined;
}

/** The fields that are not needed for the event itself are read where they are as expected, and are absent otherwise. */
function hashOf(target: unknown): string | undefined {
  return v.is(commit, target) ? target.hash : undefined;
}
