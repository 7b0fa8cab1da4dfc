import { normalizeAddress } from './repository-identity.ts';

/** Bitbucket Cloud, by its web address. Any other server is a Data Center, by its own. */
export const CLOUD_SERVER = 'https://bitbucket.org';

/** A place in Bitbucket that has webhooks: a repository, or without `repository` a workspace of Cloud or a project of Data Center. */
export interface WebhookSubject {
  /** Web address with the context path, without a trailing slash. */
  readonly server: string;
  /** The workspace, in lower case; or the project's key, in upper case as Data Center stores it. A personal project is `~user`. */
  readonly owner: string;
  /** The slug, in lower case. */
  readonly repository?: string;
}

/** Characters of workspaces, project keys and slugs. None of them changes a path. */
const NAME = /^~?[\w-][\w.-]*$/;

/**
 * Finds the repository of an address, as `git clone` takes it.
 *
 * @param servers - Data Center servers that are known. An ssh address names none, and belongs to the one with the same host.
 * @returns undefined where the address is not that of a repository on Cloud or one of these servers
 */
export function repositoryAt(address: string, servers: readonly string[]): WebhookSubject | undefined {
  const [host = '', ...path] = normalizeAddress(address).split('/');
  if (host === 'bitbucket.org') return toRepository(CLOUD_SERVER, path);
  for (const server of servers) {
    const { host: serverHost, hostname, pathname } = new URL(server);
    const overHttp = [...pathname.split('/').filter(Boolean), 'scm'].map((part) => part.toLowerCase());
    const isOverHttp = host === serverHost && overHttp.every((part, index) => part === path[index]);
    const found = isOverHttp ? toRepository(server, path.slice(overHttp.length)) : undefined;
    if (found !== undefined) return found;
    const sshHost = host.replace(/:\d+$/, '');
    const overSsh = sshHost === hostname ? toRepository(server, path) : undefined;
    if (overSsh !== undefined) return overSsh;
  }
  return undefined;
}

/**
 * Formats a subject as the annotation of a config names it (see `readWebhookDeclaration`): `workspace:acme`,
 * `repository:https://bitbucket.org/acme/shop`, `project:https://git.acme.example/SHOP`. Two subjects are the same if this text is.
 */
export function formatSubject({ server, owner, repository }: WebhookSubject): string {
  const isCloud = server === CLOUD_SERVER;
  if (repository === undefined) return isCloud ? `workspace:${owner}` : `project:${server}/${owner}`;
  return `repository:${server}/${isCloud ? owner : `scm/${owner.toLowerCase()}`}/${repository}`;
}

/** Reads a subject in the form of {@link formatSubject}; undefined where the text names none. */
export function parseSubject(text: string, servers: readonly string[]): WebhookSubject | undefined {
  const [, kind, name = ''] = /^(workspace|repository|project):(.+)$/.exec(text) ?? [];
  switch (kind) {
    case 'workspace':
      return NAME.test(name) ? { server: CLOUD_SERVER, owner: name.toLowerCase() } : undefined;
    case 'repository':
      return repositoryAt(name, servers) ?? repositoryAt(name, serverOfCloneAddress(name));
    case 'project': {
      const [, base = '', key = ''] = /^(https?:\/\/[^\s?#@]+)\/([^/\s]+)\/?$/.exec(name) ?? [];
      const server = parseServer(base);
      return server === undefined || !NAME.test(key) ? undefined : { server, owner: toProjectKey(key) };
    }
    default:
      return undefined;
  }
}

/**
 * Reads the web address of a Data Center, as a credential or an annotation names it.
 *
 * @returns undefined where it is not an http(s) URL, or has a user, a query or a fragment
 */
export function parseServer(text: string): string | undefined {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) return undefined;
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') return undefined;
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
}

function serverOfCloneAddress(address: string): string[] {
  const [, base = ''] = /^(https?:\/\/.+?)\/scm\//i.exec(address) ?? [];
  const server = parseServer(base);
  return server === undefined ? [] : [server];
}

function toRepository(server: string, path: readonly string[]): WebhookSubject | undefined {
  const [owner = '', repository = ''] = path;
  if (path.length !== 2 || !NAME.test(owner) || !NAME.test(repository)) return undefined;
  return { server, owner: server === CLOUD_SERVER ? owner : toProjectKey(owner), repository };
}

function toProjectKey(key: string): string {
  return key.startsWith('~') ? key.toLowerCase() : key.toUpperCase();
}
