import { createHash } from 'node:crypto';

/** The part of the public base URL that the receivers' URLs are built from. */
export interface BaseUrl {
  /** Scheme, host and port as written, without a trailing slash: `https://hooks.example.com:8443`. */
  readonly origin: string;
  /** The path as written, empty where there is none: `/kargo`. */
  readonly path: string;
}

/** Letters, digits and what needs no escaping in a path: anything else would be escaped differently by Go and by JavaScript. */
const BASE_URL = /^(https?):\/\/([^/\\?#@\s]+)((?:\/[A-Za-z0-9._~-]*)*)$/i;

/** A receiver's place below any base path, stage name or custom domain's mapping. */
const RECEIVER_PATH = /(?:^|\/)bitbucket\/([0-9a-f]{64})$/;

/** Gives the deps of `RECEIVER_BASE_URL`, or undefined where it is not an http(s) URL without user, query and fragment. */
export function parseBaseUrl(text: string): BaseUrl | undefined {
  const [, scheme, host, path] = BASE_URL.exec(text) ?? [];
  if (scheme === undefined || host === undefined || path === undefined || !URL.canParse(text))
    return undefined;
  return { origin: `${scheme.toLowerCase()}://${host}`, path };
}

/**
 * Gives the lower-case hex SHA-256 that names a receiver. The three strings are joined with nothing between, as Kargo joins them;
 * `project` is empty for a receiver of the ClusterConfig.
 */
export function receiverHash(project: string, receiverName: string, secret: string): string {
  return createHash('sha256').update(`${project}${receiverName}${secret}`).digest('hex');
}

/** Gives path and URL of the receiver with this hash, byte for byte as Kargo's controller writes them into a status. */
export function receiverAddress(base: BaseUrl, hash: string): { path: string; url: string } {
  const path = `${cleanPath(base.path)}/bitbucket/${hash}`;
  return { path, url: `${base.origin}${path}` };
}

/** Gives the hash in a request's or a status entry's path, or undefined where the path is no receiver's. */
export function hashInPath(path: string): string | undefined {
  return RECEIVER_PATH.exec(path)?.[1];
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
