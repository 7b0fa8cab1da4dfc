import type { ChangedFiles, ChangedPaths } from '../../app/targets/kargo/changed-files.ts';
import { CLOUD_SERVER, repositoryAt, type WebhookSubject } from '../../core/bitbucket/webhook-subject.ts';
import type { BitbucketClient } from './bitbucket-client.ts';
import type { BitbucketClients } from './bitbucket-clients.ts';
import { CloudCommits } from './cloud-commits.ts';
import type { CommitParents, CommitsApi } from './commits-api.ts';
import { DataCenterCommits } from './data-center-commits.ts';

/** Commits of one push that are listed, those of merged branches included. */
const MAX_LISTED = 300;

/** Commits of one push whose paths are read: each is a request, and all have 1.5 s. */
const MAX_COMMITS = 30;

/** Changed files through Bitbucket's own APIs. */
export class ApiChangedFiles implements ChangedFiles {
  readonly #clients: BitbucketClients;

  constructor(clients: BitbucketClients) {
    this.#clients = clients;
  }

  async ofPush(
    addresses: readonly string[],
    from: string,
    to: string,
    signal: AbortSignal,
  ): Promise<ChangedPaths> {
    return this.#read(addresses, signal, async (commits) => {
      const listed = await commits.list(from, to, MAX_LISTED, signal);
      const chain = listed && firstParentChain(listed, from, to);
      if (chain === undefined)
        return unknown('the previous commit is not on the first-parent chain of the pushed one');
      if (chain.length > MAX_COMMITS) return unknown(`more than ${MAX_COMMITS} commits were pushed`);
      return union(await Promise.all(chain.map((hash) => commits.paths(hash, signal))));
    });
  }

  async ofCommit(addresses: readonly string[], commit: string, signal: AbortSignal): Promise<ChangedPaths> {
    return this.#read(addresses, signal, async (commits) => union([await commits.paths(commit, signal)]));
  }

  async #read(
    addresses: readonly string[],
    signal: AbortSignal,
    read: (commits: CommitsApi) => Promise<ChangedPaths>,
  ): Promise<ChangedPaths> {
    const servers = await this.#clients.servers(signal);
    // The addresses of an event have no scheme, and any scheme leads to the same repository.
    const repository = addresses
      .map((address) => repositoryAt(`https://${address}`, servers))
      .find((found) => found !== undefined);
    if (repository === undefined) return unknown('there is no credential for its server');
    return this.#clients.call(repository, signal, (client) => read(commitsOf(client, repository)));
  }
}

function commitsOf(client: BitbucketClient, repository: WebhookSubject): CommitsApi {
  return repository.server === CLOUD_SERVER
    ? new CloudCommits(client, repository)
    : new DataCenterCommits(client, repository);
}

/** Follows first parents from `to` down to `from`, which is not part of the chain; undefined where it does not lead there. */
function firstParentChain(commits: readonly CommitParents[], from: string, to: string): string[] | undefined {
  const parentOf = new Map(commits.map(({ hash, parents }) => [hash, parents[0]]));
  const chain: string[] = [];
  for (let hash: string | undefined = to; hash !== from; hash = parentOf.get(hash)) {
    if (hash === undefined || !parentOf.has(hash) || chain.length === commits.length) return undefined;
    chain.push(hash);
  }
  return chain;
}

function union(lists: readonly (readonly string[] | undefined)[]): ChangedPaths {
  if (lists.includes(undefined)) return unknown('a commit changes more files than Bitbucket returns');
  return { kind: 'known', paths: [...new Set(lists.flatMap((paths) => paths ?? []))] };
}

function unknown(reason: string): ChangedPaths {
  return { kind: 'unknown', reason };
}
