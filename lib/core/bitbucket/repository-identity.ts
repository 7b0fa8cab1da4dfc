/** The fields of a Data Center payload that name addresses of its repository. */
export interface DataCenterLinks {
  readonly clone: readonly string[];
  readonly self?: string | undefined;
  readonly projectKey?: string | undefined;
  readonly slug?: string | undefined;
}

/** Data Center's default port for SSH (Atlassian: "Enable SSH access to Git repositories"). */
const DATA_CENTER_SSH_PORT = 7999;

/** The default port of each protocol. An address that names it means the same host. */
const DEFAULT_PORTS: Readonly<Record<string, string>> = { 'http:': '80', 'https:': '443', 'ssh:': '22' };

/** Bitbucket Cloud's second SSH host, for networks that allow port 443 only. It serves the same repositories. */
const CLOUD_ALTERNATE_SSH = 'altssh.bitbucket.org:443';

/** Longer addresses count as unreadable, which keeps the expressions below cheap. No Git host accepts them. */
export const MAX_ADDRESS_CHARACTERS = 2048;

/** A Data Center lists one clone link per protocol. Each Warehouse's address is compared with all of them. */
const MAX_CLONE_LINKS = 16;

/** Path segments that a URL parser resolves to another path. No address of a repository has them. */
const RESOLVED_SEGMENT = /\\|\/(?:\.|%2e){1,2}(?:\/|$)/i;

/** Scheme, host and path alone. A URL parser would also take other numbers of slashes before the host, and drop a `?` or `#` at the end. */
const URL_FORM = /^[a-z]+:\/\/[^/?#][^?#]*$/;

/**
 * Characters that Go's `unicode.IsPrint` rejects: all but letters, marks, numbers, punctuation, symbols, and the ASCII space. They are
 * invisible where an address was pasted. Kargo removes them too.
 */
const UNPRINTABLE = /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu;

const SCP_FORM = /^(?:[\w.-]+@)?([\w-]+(?:\.[\w-]+)*):\/?([^/].*)$/;
const CLONE_OVER_HTTP = /^(https?:\/\/[^/]+(?:\/.*)?)\/scm\/(~?[^/]+)\/([^/]+?)(?:\.git)?\/?$/i;
const BROWSE = /^(https?:\/\/[^/]+(?:\/.*)?)\/(projects|users)\/([^/]+)\/repos\/([^/]+)(?:\/.*)?$/i;

/**
 * Decides whether an address is one of a repository's.
 *
 * @param addresses - of the repository, normalized: from {@link cloudAddresses} or {@link dataCenterAddresses}
 * @param address - as a user wrote it, such as a subscription's `repoURL`
 */
export function isAddressOf(addresses: readonly string[], address: string): boolean {
  return addresses.includes(normalizeAddress(address));
}

/**
 * Decides whether one of a repository's addresses is below a web address and ends in a slug, whatever the project is.
 *
 * @param addresses - of the repository, normalized
 * @param base - web address of a Bitbucket, or of a workspace on it
 */
export function hasSlugBelow(addresses: readonly string[], base: string, slug: string): boolean {
  const root = `${normalizeAddress(base)}/`;
  const address = normalizeAddress(`${base.replace(/\/$/, '')}/${slug}`);
  if (!address.startsWith(root)) return false;
  const end = `/${address.slice(root.length)}`;
  // One slash may be both the end of the base and the beginning of the slug.
  return addresses.some((one) => one.startsWith(root) && one.endsWith(end));
}

/** Returns the address of a Cloud repository. Its web address is its https clone address too. */
export function cloudAddresses(webAddress: string): string[] {
  return [normalizeAddress(webAddress)];
}

/**
 * Returns the addresses of a Data Center repository: its clone links and, for a protocol without a clone link, the address that the
 * payload implies. `https://host/context/scm/proj/repo` and `ssh://git@host:7999/proj/repo` are one repository.
 *
 * @returns sorted, each once; empty where the payload names and implies none
 */
export function dataCenterAddresses(links: DataCenterLinks): string[] {
  const clone = links.clone.slice(0, MAX_CLONE_LINKS);
  const overHttp = clone.filter((link) => /^https?:/i.test(link));
  const overSsh = clone.filter((link) => !/^https?:/i.test(link));
  const place = overHttp.map(placeFromCloneLink).find((found) => found !== undefined) ?? placeFromSelf(links);
  const implied: string[] = [];
  if (place !== undefined && overHttp.length === 0)
    implied.push(`${place.base}/scm/${place.project}/${place.slug}`);
  if (place !== undefined && overSsh.length === 0) {
    const { hostname } = new URL(place.base);
    implied.push(`ssh://git@${hostname}:${DATA_CENTER_SSH_PORT}/${place.project}/${place.slug}`);
  }
  return [...new Set([...clone, ...implied].map(normalizeAddress))].toSorted();
}

/**
 * Returns `host[:port]/path` of an address, the form in which two addresses of one repository are equal: lower case, no scheme, no
 * user, no default port, no `.git`, no trailing slash, scp form read as ssh. An address that cannot be read, or that has a query or a
 * fragment (Kargo accepts neither), equals only itself.
 */
export function normalizeAddress(address: string): string {
  const unreadable = `unreadable ${address}`;
  if (address.length > MAX_ADDRESS_CHARACTERS) return unreadable;
  const text = address.replace(UNPRINTABLE, '').trim().toLowerCase();
  const [, scpHost, scpPath] = SCP_FORM.exec(text) ?? [];
  const uri = scpHost !== undefined && !text.includes('://') ? `ssh://${scpHost}/${scpPath}` : text;
  if (RESOLVED_SEGMENT.test(uri) || !URL_FORM.test(uri)) return unreadable;
  const url = URL.parse(uri);
  if (url === null || !(url.protocol in DEFAULT_PORTS) || url.hostname === '') return unreadable;
  const port = url.port === '' || url.port === DEFAULT_PORTS[url.protocol] ? '' : `:${url.port}`;
  const host = `${url.hostname}${port}` === CLOUD_ALTERNATE_SSH ? 'bitbucket.org' : `${url.hostname}${port}`;
  // Some clients escape the `~` of a personal project, and no other character.
  const path = url.pathname
    .replaceAll('%7e', '~')
    .replace(/\/+$/, '')
    .replace(/\.git$/, '');
  return `${host}${path}`;
}

/** Where a repository is on a Data Center server. `base` is the server's web address with its context path. */
interface Place {
  readonly base: string;
  readonly project: string;
  readonly slug: string;
}

function placeFromCloneLink(link: string): Place | undefined {
  const [, base, project, slug] = matchAddress(CLONE_OVER_HTTP, link);
  return readPlace(base, project, slug);
}

function placeFromSelf({ self, projectKey, slug }: DataCenterLinks): Place | undefined {
  const [, base, kind, owner, browsedSlug] = matchAddress(BROWSE, self ?? '');
  if (owner === undefined) return undefined;
  const browsedProject = kind?.toLowerCase() === 'users' ? `~${owner}` : owner;
  return readPlace(base, projectKey ?? browsedProject, slug ?? browsedSlug);
}

function matchAddress(form: RegExp, address: string): readonly (string | undefined)[] {
  return (address.length > MAX_ADDRESS_CHARACTERS ? null : form.exec(address)) ?? [];
}

function readPlace(base?: string, project?: string, slug?: string): Place | undefined {
  if (base === undefined || project === undefined || slug === undefined || !URL.canParse(base))
    return undefined;
  return { base, project, slug };
}
