import * as v from 'valibot';
import {
  startFakeServer,
  type FakeRequest,
  type FakeResponse,
  type LoopbackServer,
} from '../loopback-server.ts';

/** A package as the registry's REST API shows it. */
export interface ListedPackage {
  readonly name: string;
  readonly repository_url: string | null;
  readonly type: string;
}

export interface FakeRegistryOptions {
  /** 0 selects a free port. */
  readonly port: number;
  readonly packages: readonly ListedPackage[];
  /** The bearer token that it accepts. Default: any, and none. */
  readonly token?: string;
  /** Packages on a page at most. Default: 100. */
  readonly maxPerPage?: number;
  /** Default: 100. */
  readonly requestsPerMinute?: number;
  /** Called with the name of each package that was synced. */
  readonly onSync?: (name: string) => void;
}

/** A running fake, and what it was asked to do. */
export interface FakeRegistry extends LoopbackServer {
  /** Every request, in order: `GET /api/v1/packages?page=1&per_page=100`. */
  readonly requests: string[];
  /** Removes a package, as its owner does. */
  remove(name: string): void;
}

/** A failed request, answered with the registry's error envelope. */
class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

const WINDOW_MS = 60_000;

const SYNC = /^\/api\/v1\/packages\/([^/]+\/[^/]+)(\/monorepo)?\/sync$/;

const positiveInteger = v.pipe(v.string(), v.regex(/^[1-9]\d{0,5}$/), v.transform(Number));

/**
 * Starts an in-memory fake of Cargoman, a private Composer registry: pages of packages, the sync of a package and of a monorepo, bearer
 * tokens, and the rate limit with its headers. It syncs nothing. It rejects what it does not implement.
 *
 * @throws {Error} node's `EADDRINUSE`
 */
export async function startFakeRegistry(options: FakeRegistryOptions): Promise<FakeRegistry> {
  const packages = new Map(options.packages.map((one) => [one.name, one]));
  const limit = new RateLimit(options.requestsPerMinute ?? 100);
  const requests: string[] = [];
  const server = await startFakeServer(options.port, (request) => {
    const query = request.query.toString();
    requests.push(`${request.method} ${request.path}${query === '' ? '' : `?${query}`}`);
    const isAccepted = limit.accept();
    return { ...respond(packages, request, isAccepted, options), headers: limit.headers() };
  });
  return { ...server, requests, remove: (name) => void packages.delete(name) };
}

/** Requests of the current minute. */
class RateLimit {
  readonly #perMinute: number;
  #left: number;
  #resetAt = 0;

  constructor(perMinute: number) {
    this.#perMinute = perMinute;
    this.#left = perMinute;
  }

  /** Counts a request. Returns false where none is left. */
  accept(): boolean {
    const now = Date.now();
    if (now >= this.#resetAt) [this.#left, this.#resetAt] = [this.#perMinute, now + WINDOW_MS];
    if (this.#left === 0) return false;
    this.#left -= 1;
    return true;
  }

  headers(): Record<string, string> {
    return {
      'x-ratelimit-limit': String(this.#perMinute),
      'x-ratelimit-remaining': String(this.#left),
      'x-ratelimit-reset': String(Math.ceil(this.#resetAt / 1_000)),
    };
  }
}

function respond(
  packages: ReadonlyMap<string, ListedPackage>,
  request: FakeRequest,
  isAccepted: boolean,
  options: FakeRegistryOptions,
): FakeResponse {
  const type = 'application/json';
  try {
    const { token } = options;
    if (token !== undefined && request.headers.authorization !== `Bearer ${token}`)
      throw new ApiError(401, 'UNAUTHORIZED', 'Invalid or missing token.');
    if (!isAccepted) throw new ApiError(429, 'RATE_LIMITED', 'Too many requests.');
    return { status: 200, type, text: JSON.stringify(perform(packages, request, options)) };
  } catch (error) {
    const known = error instanceof ApiError ? error : new ApiError(500, 'INTERNAL_ERROR', String(error));
    const body = { data: null, error: { code: known.code, message: known.message } };
    return { status: known.status, type, text: JSON.stringify(body) };
  }
}

function perform(
  packages: ReadonlyMap<string, ListedPackage>,
  { method, path, query }: FakeRequest,
  { maxPerPage = 100, onSync }: FakeRegistryOptions,
): object {
  if (method === 'GET' && path === '/api/v1/packages') {
    const page = readNumber(query, 'page', 1);
    const perPage = Math.min(readNumber(query, 'per_page', 20), maxPerPage);
    const total = packages.size;
    return {
      data: [...packages.values()].slice((page - 1) * perPage, page * perPage),
      pagination: { page, per_page: perPage, total, total_pages: Math.ceil(total / perPage) },
      error: null,
    };
  }
  const [, name, monorepo] = SYNC.exec(path) ?? [];
  if (method !== 'POST' || name === undefined)
    throw new ApiError(404, 'NOT_FOUND', `${method} ${path} is not served.`);
  const found = packages.get(name);
  if (found === undefined) throw new ApiError(404, 'NOT_FOUND', `Package ${name} not found.`);
  if ((found.type === 'monorepo') !== (monorepo !== undefined))
    throw new ApiError(422, 'WRONG_SYNC', `Package ${name} is of the type ${found.type}.`);
  onSync?.(name);
  return { data: { name, status: 'synced' }, error: null };
}

function readNumber(query: URLSearchParams, name: string, fallback: number): number {
  const parsed = v.safeParse(positiveInteger, query.get(name) ?? String(fallback));
  if (!parsed.success) throw new ApiError(400, 'BAD_REQUEST', `${name} must be a number above 0.`);
  return parsed.output;
}
