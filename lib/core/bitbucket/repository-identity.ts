/** One repository, known by every address that a delivery gives or implies for it. */
export interface RepositoryIdentity {
  /** Normalized addresses; two repositories are the same when they share one. */
  readonly addresses: ReadonlySet<string>;
}

/** What a Data Center payload says of its repository's addresses. */
export interface DataCenterLinks {
  readonly clone: readonly string[];
  readonly self?: string | undefined;
  readonly projectKey?: string | undefined;
  readonly slug?: string | undefined;
}

/** The port on which Data Center serves SSH unless told otherwise (Atlassian: "Enable SSH access to Git repositories"). */
const DATA_CENTER_SSH_PORT = 7999;

/** Ports that an address may name without meaning another host. */
const DEFAULT_PORTS: Readonly<Record<string, string>> = { 'http:': '80', 'https:': '443', 'ssh:': '22' };

/** Atlassian's way around firewalls that let only port 443 through: the same repositories on another host. */
const CLOUD_ALTERNATE_SSH = 'altssh.bitbucket.org:443';

/** Longer than any browser takes; keeps the expressions below from being made to work. */
const MAX_ADDRESS_LENGTH = 2048;

/** What a URL parser would resolve to another path: no address of a repository has it. */
const RESOLVED = /\\|\/\.\.?(?:\/|$)/;

/** Comes along when an address is copied and pasted, and nobody sees it; Kargo drops it too. */
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]/gu;

const SCP_FORM = /^(?:[\w.-]+@)?([\w-]+(?:\.[\w-]+)*):\/?([^/].*)$/;
const CLONE_OVER_HTTP = /^(https?:\/\/[^/]+(?:\/.*)?)\/scm\/(~?[^/]+)\/([^/]+?)(?:\.git)?\/?$/i;
const BROWSE = /^(https?:\/\/[^/]+(?:\/.*)?)\/(projects|users)\/([^/]+)\/repos\/([^/]+)(?:\/.*)?$/i;

/** Tells whether a subscription's `repoURL` is an address of this repository. */
export function isAddressOf(repository: RepositoryIdentity, address: string): boolean {
  return repository.addresses.has(normalizeAddress(address));
}

/** Gives the repository of a Cloud payload by its web address, which is its https clone address too. */
export function cloudRepository(webAddress: string): RepositoryIdentity {
  return { addresses: new Set([normalizeAddress(webAddress)]) };
}

/**
 * Gives the repository of a Data Center payload: its clone links and, for a protocol that has no clone link, the address that the
 * payload implies (`https://host/context/scm/proj/repo` and `ssh://git@host:7999/proj/repo` are one repository). Undefined where
 * the payload says too little to name any address.
 */
export function dataCenterRepository(links: DataCenterLinks): RepositoryIdentity | undefined {
  const overHttp = links.clone.filter((link) => /^https?:/i.test(link));
  const overSsh = links.clone.filter((link) => !/^https?:/i.test(link));
  const place = overHttp.map(placeFromCloneLink).find((found) => found !== undefined) ?? placeFromSelf(links);
  const implied: string[] = [];
  if (place !== undefined && overHttp.length === 0)
    implied.push(`${place.base}/scm/${place.project}/${place.slug}`);
  if (place !== undefined && overSsh.length === 0) {
    const { hostname } = new URL(place.base);
    implied.push(`ssh://git@${hostname}:${DATA_CENTER_SSH_PORT}/${place.project}/${place.slug}`);
  }
  const addresses = new Set([...links.clone, ...implied].map(normalizeAddress));
  return addresses.size === 0 ? undefined : { addresses };
}

/**
 * Gives `host[:port]/path` of an address, the form in which two addresses of one repository are equal: lower case, no scheme, no
 * user, no default port, no `.git`, no trailing slash, scp form read as ssh. An address that cannot be read, or that carries a query
 * or fragment (Kargo takes neither), stands for itself alone.
 */
function normalizeAddress(address: string): string {
  const unreadable = `unreadable ${address}`;
  if (address.length > MAX_ADDRESS_LENGTH || RESOLVED.test(address)) return unreadable;
  const text = address.replace(UNPRINTABLE, '').trim().toLowerCase();
  const [, scpHost, scpPath] = SCP_FORM.exec(text) ?? [];
  const url = URL.parse(
    scpHost !== undefined && !text.includes('://') ? `ssh://${scpHost}/${scpPath}` : text,
  );
  if (url === null || !(url.protocol in DEFAULT_PORTS) || url.hostname === '') return unreadable;
  if (url.search !== '' || url.hash !== '') return unreadable;
  const port = url.port === '' || url.port === DEFAULT_PORTS[url.protocol] ? '' : `:${url.port}`;
  const host = `${url.hostname}${port}` === CLOUD_ALTERNATE_SSH ? 'bitbucket.org' : `${url.hostname}${port}`;
  // A personal project's `~` is the one character that clients are seen to escape.
  const path = url.pathname
    .replaceAll('%7e', '~')
    .replace(/\/+$/, '')
    .replace(/\.git$/, '');
  return `${host}${path}`;
}

/** Where on which Data Center a repository is: `base` is the web address of the server with its context path. */
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
  return (address.length > MAX_ADDRESS_LENGTH ? null : form.exec(address)) ?? [];
}

function readPlace(base?: string, project?: string, slug?: string): Place | undefined {
  if (base === undefined || project === undefined || slug === undefined || !URL.canParse(base))
    return undefined;
  return { base, project, slug };
}
