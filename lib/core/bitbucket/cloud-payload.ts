import * as v from 'valibot';
import { cloudRepository } from './repository-identity.ts';
import { jsonObject, payloadReader } from './payload-reading.ts';

/** Only what is used is asked for: Atlassian adds fields, and some hooks leave others out. */
const push = jsonObject({
  push: jsonObject({
    changes: v.array(
      jsonObject({
        /** Null where the ref was deleted. */
        new: v.nullish(jsonObject({ type: v.string(), name: v.string() })),
      }),
    ),
  }),
  repository: jsonObject({
    full_name: v.optional(v.string()),
    links: v.nullish(jsonObject({ html: v.nullish(jsonObject({ href: v.string() })) })),
  }),
});

const pullRequest = jsonObject({
  pullrequest: jsonObject({ links: jsonObject({ html: jsonObject({ href: v.string() }) }) }),
});

/**
 * Reads `repo:push` of Bitbucket Cloud (https://support.atlassian.com/bitbucket-cloud/docs/event-payloads/#Push). The payload has no
 * clone link; the repository's web address is its https clone address too.
 */
export const readCloudPush = payloadReader(push, ({ push: { changes }, repository }) => {
  const webAddress =
    repository.links?.html?.href ?? (repository.full_name && `https://bitbucket.org/${repository.full_name}`);
  if (!webAddress) return { missing: 'repository.links.html.href' };
  const refs = changes
    .map((change) => change.new)
    .filter((ref) => ref !== null && ref !== undefined)
    .map(({ type, name }) => ({ kind: type === 'tag' ? ('tag' as const) : ('branch' as const), name }));
  return { kind: 'push', repository: cloudRepository(webAddress), refs };
});

/** Reads `pullrequest:fulfilled` and `pullrequest:rejected` (the same page, #Merged and #Declined). */
export const readCloudPullRequest = payloadReader(pullRequest, ({ pullrequest }) => ({
  kind: 'pull-request-closed',
  url: pullrequest.links.html.href,
}));
