import { createHash } from 'node:crypto';

/** Public base URL from which the receivers' URLs are built. */
export interface BaseUrl {
  /** Scheme, host and port as written, without a trailing slash: `https://hooks.example.com:8443`. */
  readonly origin: string;
  /** The path as written, empty where there is none: `/kargo`. */
  readonly path: string;
}

/** Letters, digits and what needs no escaping in a path: Go and JavaScript escape other characters differently. */
const BASE_URL = /^(https?):\/\/([^/\\?#@\s]+)((?:\/[A-Za-z0-9._~-]*)*)$/i;

/** A receiver's path below any base path, stage name or custom domain's mapping. */
const RECEIVER_PATH = /(?:^|\/)bitbucket\/([0-9a-f]{64})$/;

/**
 * Parses `RECEIVER_BASE_URL`.
 *
 * @returns undefined where the text is not an http(s) URL without user, query and fragment
 */
export function parseBaseUrl(text: string): BaseUrl | undefined {
  const [, scheme, host, path] = BASE_URL.exec(text) ?? [];
  if (scheme === undefined || host === undefined || path === undefined || !URL.canParse(text))
    return undefined;
  return { origin: `${scheme.toLowerCase()}://${host}`, path };
}

/** Formats a base URL for people and for comparison: `https://hooks.example.com/kargo`, without a trailing slash. */
export function formatBaseUrl({ origin, path }: BaseUrl): string {
  return `${origin}${cleanPath(path)}`;
}

/**
 * Computes the lower-case hex SHA-256 that names a receiver. The three strings are joined without a separator, as Kargo does.
 *
 * @param project - empty for a receiver of the ClusterConfig
 */
export function receiverHash(project: string, receiverName: string, secret: string): string {
  return createHash('sha256').update(`${project}${receiverName}${secret}`).digest('hex');
}

/** Builds path and URL of the receiver with this hash, byte for byte as Kargo's controller writes them into a status. */
export function receiverAddress(base: BaseUrl, hash: string): { path: string; url: string } {
  const path = `${cleanPath(base.path)}/bitbucket/${hash}`;
  return { path, url: `${base.origin}${path}` };
}

/**
 * Extracts the hash from a request's or a status entry's path.
 *
 * @returns undefined where the path is not a receiver's
 */
export function hashInPath(path: string): string | undefined {
  return RECEIVER_PATH.exec(path)?.[1];
}

/**
 * Extracts the base from a receiver's URL: what comes before `/bitbucket/<hash>`.
 *
 * @returns undefined where the URL is not a Bitbucket receiver's
 */
export function baseOfReceiverUrl(url: string): string | undefined {
  if (!URL.canParse(url) || hashInPath(url) === undefined) return undefined;
  return url.replace(RECEIVER_PATH, '');
}

/** Compares two base URLs as browsers and servers do: the host's letter case, a default port and a trailing slash do not count. */
export function isSameBase(one: string, other: string): boolean {
  return normalizeUrl(one) === normalizeUrl(other);
}

function normalizeUrl(url: string): string {
  return URL.canParse(url) ? new URL(url).href.replace(/\/$/, '') : url;
}

/** Resolves `.`, `..` and empty segments, as Go's `url.JoinPath` does to the base path. */
function cleanPath(path: string): string {
  const kept: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '..') kept.pop();
    else if (segment !== '' && segment !== '.') kept.push(segment);
  }
  return kept.map((segment) => `/${segment}`).join('');
}
