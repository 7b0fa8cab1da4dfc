import * as v from 'valibot';
import type { Ref } from './event.ts';
import { COMMIT_HASH, jsonObject, payloadReader } from './payload-reading.ts';
import { dataCenterAddresses } from './repository-identity.ts';

/** Some webhooks send `links: null` and `self: [null]`, so a link may be absent at any depth. */
const links = v.nullish(v.array(v.nullish(jsonObject({ href: v.string() }))));

/** Only what is needed must be well-formed. Of the rest, what is not is absent. */
const refsChanged = jsonObject({
  changes: v.array(
    jsonObject({
      ref: jsonObject({ id: v.string() }),
      type: v.optional(v.unknown()),
      toHash: v.optional(v.unknown()),
      fromHash: v.optional(v.unknown()),
    }),
  ),
  repository: jsonObject({
    slug: v.optional(v.unknown()),
    project: v.optional(v.unknown()),
    links: v.nullish(
      jsonObject({
        clone: v.nullish(v.array(v.nullish(jsonObject({ href: v.nullish(v.string()) })))),
        self: v.optional(v.unknown()),
      }),
    ),
  }),
});

const keyed = v.object({ key: v.string() });
const link = v.object({ href: v.string() });

const pullRequest = jsonObject({
  pullRequest: jsonObject({ links: jsonObject({ self: links }) }),
});

/** The hash of no commit, as in `git update-ref`: the ref was deleted. */
const NO_COMMIT = /^0+$/;

/**
 * Reads `repo:refs_changed` of Bitbucket Data Center.
 *
 * @see https://confluence.atlassian.com/bitbucketserver/event-payload-938025882.html
 */
export const readRefsChanged = payloadReader(refsChanged, ({ changes, repository }) => {
  const { slug, project } = repository;
  const addresses = dataCenterAddresses({
    clone: hrefs(repository.links?.clone),
    self: hrefs(repository.links?.self)[0],
    projectKey: v.is(keyed, project) ? project.key : undefined,
    slug: typeof slug === 'string' ? slug : undefined,
  });
  if (addresses.length === 0) return { missing: 'repository.links.clone' };
  const refs = changes
    .filter(({ type, toHash }) => type !== 'DELETE' && !isNoCommit(toHash))
    .flatMap(({ ref, type, fromHash, toHash }) => {
      const named = readRef(ref.id);
      if (named === undefined) return [];
      const to = readHash(toHash);
      const from = type === 'UPDATE' ? readHash(fromHash) : undefined;
      return [{ ...named, ...(to !== undefined && { to, ...(from !== undefined && { from }) }) }];
    });
  return { kind: 'push', addresses, refs };
});

/**
 * Reads `pr:merged` and `pr:declined` of Bitbucket Data Center.
 *
 * @see https://confluence.atlassian.com/bitbucketserver/event-payload-938025882.html
 */
export const readDataCenterPullRequest = payloadReader(
  pullRequest,
  ({
    pullRequest: {
      links: { self },
    },
  }) => {
    const url = hrefs(self)[0];
    return url === undefined
      ? { missing: 'pullRequest.links.self[0].href' }
      : { kind: 'pull-request-closed', url };
  },
);

/** Returns the ref with this full name, or undefined where it is neither branch nor tag (`refs/notes/…`): no Warehouse selects those. */
function readRef(id: string): Ref | undefined {
  const [, space, name] = /^refs\/(heads|tags)\/(.+)$/s.exec(id) ?? [];
  if (name === undefined) return undefined;
  return { kind: space === 'heads' ? 'branch' : 'tag', name };
}

function isNoCommit(hash: unknown): boolean {
  return typeof hash === 'string' && NO_COMMIT.test(hash);
}

/** Returns undefined where there is no hash of a commit. */
function readHash(hash: unknown): string | undefined {
  return typeof hash === 'string' && COMMIT_HASH.test(hash) && !isNoCommit(hash) ? hash : undefined;
}

function hrefs(list: unknown): string[] {
  return Array.isArray(list) ? list.flatMap((one: unknown) => (v.is(link, one) ? one.href : [])) : [];
}
