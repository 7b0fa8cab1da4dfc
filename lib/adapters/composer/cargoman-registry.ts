import pLimit from 'p-limit';
import * as v from 'valibot';
import type { PackageRegistry, RegistryPackage } from '../../app/targets/registry/package-registry.ts';
import type { RegistryClient } from './registry-client.ts';
import { unreadableList } from './registry-errors.ts';

/** The registry answers with fewer where its own limit is lower. */
const PAGE_SIZE = 100;

/** The registry accepts 100 requests a minute: a longer list could not be read in one. */
const MAX_PAGES = 100;

/** Concurrent requests for pages, after the first. */
const PAGE_CONCURRENCY = 4;

/** Attempts to read pages that all belong to one state of the list. */
const MAX_LISTINGS = 3;

/** Leaves time for another attempt after one on a dead connection. A sync has no timeout of its own: it may clone. */
const LIST_TIMEOUT_MS = 3_000;

/** A name that can be a part of a path. */
const PACKAGE_NAME = /^[a-z0-9][\w.-]*\/[a-z0-9][\w.-]*$/i;

const page = v.object({
  data: v.array(v.unknown()),
  pagination: v.object({ total_pages: v.pipe(v.number(), v.integer()), total: v.optional(v.number()) }),
});

const listedPackage = v.object({
  name: v.pipe(v.string(), v.regex(PACKAGE_NAME)),
  repository_url: v.string(),
  type: v.nullish(v.string()),
});

type Page = v.InferOutput<typeof page>;

/** Cargoman, a private Composer registry. */
export class CargomanRegistry implements PackageRegistry {
  readonly #client: RegistryClient;

  constructor(client: RegistryClient) {
    this.#client = client;
  }

  /** Lists all pages. A list that changes meanwhile is read again: a package could have moved to a page that was read before. */
  async list(signal: AbortSignal): Promise<readonly RegistryPackage[]> {
    for (let listing = 1; listing <= MAX_LISTINGS; listing += 1) {
      const pages = await this.#readPages(signal);
      if (new Set(pages.map(({ pagination }) => pagination.total)).size === 1) return toPackages(pages);
    }
    throw unreadableList('changes while it is read');
  }

  async sync({ name, isMonorepo }: RegistryPackage, signal: AbortSignal): Promise<'synced' | 'gone'> {
    const path = `/api/v1/packages/${name}/${isMonorepo ? 'monorepo/' : ''}sync`;
    const { status } = await this.#client.request(
      { method: 'POST', path, subject: `package ${name}` },
      signal,
    );
    return status === 404 ? 'gone' : 'synced';
  }

  async #readPages(signal: AbortSignal): Promise<Page[]> {
    const first = await this.#readPage(1, signal);
    const count = first.pagination.total_pages;
    if (count > MAX_PAGES) throw unreadableList(`has ${count} pages, more than ${MAX_PAGES}`);
    const limit = pLimit(PAGE_CONCURRENCY);
    const numbers = Array.from({ length: Math.max(0, count - 1) }, (_, index) => index + 2);
    const others = numbers.map((number) => limit(() => this.#readPage(number, signal)));
    try {
      return [first, ...(await Promise.all(others))];
    } finally {
      // After an error, nothing further is requested.
      limit.clearQueue();
    }
  }

  async #readPage(number: number, signal: AbortSignal): Promise<Page> {
    const path = `/api/v1/packages?page=${number}&per_page=${PAGE_SIZE}`;
    const { body } = await this.#client.request(
      { method: 'GET', path, subject: 'list of packages', timeoutMs: LIST_TIMEOUT_MS },
      signal,
    );
    const { success, output, issues } = v.safeParse(page, body);
    if (!success) throw unreadableList(`lacks ${v.getDotPath(issues[0]) ?? 'its fields'}`);
    return output;
  }
}

/** Returns the packages that have a name and a repository, each once. Others cannot be synced. */
function toPackages(pages: readonly Page[]): RegistryPackage[] {
  const packages = new Map<string, RegistryPackage>();
  for (const entry of pages.flatMap(({ data }) => data)) {
    if (!v.is(listedPackage, entry)) continue;
    const { name, repository_url: repositoryUrl, type } = entry;
    packages.set(name, { name, repositoryUrl, isMonorepo: /monorepo/i.test(type ?? '') });
  }
  return [...packages.values()];
}
