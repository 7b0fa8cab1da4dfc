/** Short form of one change in a Cloud push payload: `main`, `tag v1`, or `deleted main`. */
export type Change = string;

let commits = 0;

/** Returns a commit hash that no other payload has. */
function nextCommit(): string {
  commits += 1;
  return commits.toString(16).padStart(40, '0');
}

/** `repo:push` of Bitbucket Cloud. */
export function cloudPush(fullName = 'acme/shop', ...changes: readonly Change[]): object {
  return {
    actor: { display_name: 'Ada', type: 'user' },
    repository: cloudRepository(fullName),
    push: { changes: (changes.length > 0 ? changes : ['main']).map(cloudChange) },
  };
}

/** `pullrequest:fulfilled` and `pullrequest:rejected` of Bitbucket Cloud. */
export function cloudPullRequest(id = 7, fullName = 'acme/shop'): object {
  const href = `https://bitbucket.org/${fullName}/pull-requests/${id}`;
  return {
    repository: cloudRepository(fullName),
    pullrequest: { id, merge_commit: { hash: nextCommit() }, links: { html: { href } } },
  };
}

/** `repo:refs_changed` of Data Center; a ref is its full name. */
export function refsChanged(...refs: readonly string[]): object {
  return {
    eventKey: 'repo:refs_changed',
    repository: {
      slug: 'web',
      project: { key: 'SHOP' },
      links: {
        clone: [
          { name: 'http', href: 'https://git.acme.example/scm/shop/web.git' },
          { name: 'ssh', href: 'ssh://git@git.acme.example:7999/shop/web.git' },
        ],
        self: [{ href: 'https://git.acme.example/projects/SHOP/repos/web/browse' }],
      },
    },
    changes: refs.map((id) => ({
      ref: { id },
      refId: id,
      toHash: nextCommit().replace(/^0/, '1'),
      type: 'UPDATE',
    })),
  };
}

/** `pr:merged` and `pr:declined` of Data Center. */
export function dataCenterPullRequest(id = 3): object {
  const href = `https://git.acme.example/projects/SHOP/repos/web/pull-requests/${id}`;
  return {
    eventKey: 'pr:merged',
    pullRequest: { id, updatedDate: nextCommit(), links: { self: [{ href }] } },
  };
}

function cloudRepository(fullName: string): object {
  return {
    type: 'repository',
    full_name: fullName,
    links: { html: { href: `https://bitbucket.org/${fullName}` } },
  };
}

function cloudChange(change: Change): object {
  const [, kind, name] = /^(tag |deleted |)(.+)$/.exec(change) ?? [];
  const ref = { type: kind === 'tag ' ? 'tag' : 'branch', name, target: { hash: nextCommit() } };
  return kind === 'deleted ' ? { new: null, old: ref, closed: true } : { new: ref, old: null };
}
