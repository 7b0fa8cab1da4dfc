import * as v from 'valibot';
import type { Ref } from './event.ts';
import { dataCenterRepository } from './repository-identity.ts';
import { jsonObject, payloadReader } from './payload-reading.ts';

/** Hooks in the wild send `links: null` and `self: [null]`, so a link may be absent at any depth. */
const links = v.nullish(v.array(v.nullish(jsonObject({ href: v.string() }))));

const refsChanged = jsonObject({
  changes: v.array(
    jsonObject({
      ref: jsonObject({ id: v.string() }),
      type: v.optional(v.string()),
      toHash: v.optional(v.string()),
    }),
  ),
  repository: jsonObject({
    slug: v.optional(v.string()),
    project: v.nullish(jsonObject({ key: v.optional(v.string()) })),
    links: v.nullish(jsonObject({ clone: links, self: links })),
  }),
});

const pullRequest = jsonObject({
  pullRequest: jsonObject({ links: jsonObject({ self: links }) }),
});

/** The hash that stands for no commit, as in `git update-ref`. */
const NO_COMMIT = /^0+$/;

/**
 * Reads `repo:refs_changed` of Bitbucket Data Center
 * (https://confluence.atlassian.com/bitbucketserver/event-payload-938025882.html, "Push").
 */
export const readRefsChanged = payloadReader(refsChanged, ({ changes, repository }) => {
  const identity = dataCenterRepository({
    clone: hrefs(repository.links?.clone),
    self: hrefs(repository.links?.self)[0],
    projectKey: repository.project?.key,
    slug: repository.slug,
  });
  if (identity === undefined) return { missing: 'repository.links.clone' };
  const refs = changes
    .filter(({ type, toHash }) => type !== 'DELETE' && !NO_COMMIT.test(toHash ?? ''))
    .map(({ ref }) => readRef(ref.id))
    .filter((ref) => ref !== undefined);
  return { kind: 'push', repository: identity, refs };
});

/** Reads `pr:merged` and `pr:declined` (the same page). */
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

/** Gives the ref of a full name; undefined for what is neither branch nor tag (`refs/notes/…`), which no Warehouse watches. */
function readRef(id: string): Ref | undefined {
  const [, space, name] = /^refs\/(heads|tags)\/(.+)$/s.exec(id) ?? [];
  if (name === undefined) return undefined;
  return { kind: space === 'heads' ? 'branch' : 'tag', name };
}

function hrefs(list: v.InferOutput<typeof links>): string[] {
  return (list ?? []).map((link) => link?.href).filter((href) => href !== undefined);
}
