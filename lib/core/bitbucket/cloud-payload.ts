import * as v from 'valibot';
import { jsonObject, payloadReader } from './payload-reading.ts';
import { cloudAddresses } from './repository-identity.ts';

/** Checks only the fields that are used: Atlassian adds fields, and some webhooks leave others out. */
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
 * Reads `repo:push` of Bitbucket Cloud. The payload has no clone link; the repository's web address is its https clone address too.
 *
 * @see https://support.atlassian.com/bitbucket-cloud/docs/event-payloads/#Push
 */
export const readCloudPush = payloadReader(push, ({ push: { changes }, repository }) => {
  const webAddress =
    repository.links?.html?.href ?? (repository.full_name && `https://bitbucket.org/${repository.full_name}`);
  if (!webAddress) return { missing: 'repository.links.html.href' };
  const refs = changes
    .map((change) => change.new)
    .filter((ref) => ref !== null && ref !== undefined)
    .map(({ type, name }) => ({ kind: type === 'tag' ? ('tag' as const) : ('branch' as const), name }));
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
