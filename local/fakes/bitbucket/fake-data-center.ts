import type { OpenApi } from '@coderabbitai/bitbucket/server';
import * as v from 'valibot';
import {
  startFakeServer,
  type FakeRequest,
  type FakeResponse,
  type LoopbackServer,
} from '../loopback-server.ts';
import { FakeAccount, type FakeAccountOptions, type StoredWebhook } from './fake-account.ts';

const DEFAULT_LIMIT = 25;
const MAX_LIMIT = 1_000;

/** Changes of one commit that are returned at most; the rest cannot be read. */
const MAX_CHANGES = 1_000;

/** A body of POST and PUT, which replaces everything. */
const body = v.object({
  name: v.string(),
  url: v.pipe(v.string(), v.url()),
  events: v.pipe(v.array(v.string()), v.minLength(1)),
  active: v.optional(v.boolean(), true),
  configuration: v.optional(v.record(v.string(), v.string())),
  sslVerificationRequired: v.optional(v.boolean(), true),
});

const WEBHOOKS = /^\/rest\/api\/latest\/projects\/([^/]+)(?:\/repos\/([^/]+))?\/webhooks(?:\/(.+))?$/;
const COMMITS = /^\/rest\/api\/latest\/projects\/([^/]+)\/repos\/([^/]+)\/commits(?:\/([^/]+)\/changes)?$/;

export interface FakeDataCenterOptions extends FakeAccountOptions {
  /** Before 8.8, Data Center has no webhooks of projects. Default: true. */
  readonly hasProjectWebhooks?: boolean;
}

/** A fake of Bitbucket Data Center, with what it holds. */
export interface FakeDataCenter extends LoopbackServer {
  readonly account: FakeAccount;
  /** Answers of receivers, by URL: what the connection test gets and the statistics say. Default: 200. */
  readonly answers: Map<string, number>;
  /** URLs that were tested, the oldest first. */
  readonly tested: string[];
}

type State = Pick<FakeDataCenter, 'account' | 'answers' | 'tested'>;

/**
 * Starts an in-memory fake of Data Center's API: webhooks of repositories and projects, their statistics and connection test, commits and their
 * changes. As Data Center does, it returns secrets in plain text, a PUT replaces everything, and an empty `configuration` is a 500. It sends
 * nothing: the connection test finds what `answers` says.
 *
 * @param options.port - 0 selects a free port
 * @throws {Error} node's `EADDRINUSE`
 */
export async function startFakeDataCenter(
  options: { readonly port: number } & FakeDataCenterOptions,
): Promise<FakeDataCenter> {
  const state: State = { account: new FakeAccount(options), answers: new Map(), tested: [] };
  const server = await startFakeServer(options.port, (request) => respond(state, options, request));
  return { ...server, ...state };
}

function respond(
  state: State,
  { hasProjectWebhooks = true }: FakeDataCenterOptions,
  request: FakeRequest,
): FakeResponse {
  const { path, headers } = request;
  const webhooks = WEBHOOKS.exec(path);
  const commits = COMMITS.exec(path);
  const [, project = '', repository, rest] = webhooks ?? commits ?? [];
  const isUnknown = webhooks === null && commits === null;
  // No route of the API: an answer without errors.
  if (isUnknown || (webhooks !== null && repository === undefined && !hasProjectWebhooks))
    return answer(404, { 'status-code': 404, message: 'HTTP 404 Not Found' });
  const key = decodeURIComponent(project).toUpperCase();
  const subject = repository === undefined ? key : `${key}/${decodeURIComponent(repository).toLowerCase()}`;
  const right = webhooks === null ? 'see' : 'administer';
  switch (state.account.accessTo(subject, headers.authorization, right)) {
    case 'unknown-token':
      return fail(401, 'com.atlassian.bitbucket.AuthenticationException', 'Authentication failed.');
    case 'not-found':
      return fail(404, 'com.atlassian.bitbucket.NoSuchEntityException', `${subject} does not exist.`);
    case 'forbidden':
      return fail(401, 'com.atlassian.bitbucket.AuthorisationException', 'You are not permitted.');
    case 'allowed':
      break;
  }
  if (webhooks !== null) return respondWithWebhooks(state, subject, rest?.split('/') ?? [], request);
  return rest === undefined
    ? listCommits(state.account, subject, request)
    : listChanges(state.account, subject, rest, request);
}

function respondWithWebhooks(
  { account, answers, tested }: State,
  subject: string,
  [id, ...rest]: readonly string[],
  request: FakeRequest,
): FakeResponse {
  const { method, query } = request;
  const stored = account.webhooksOf(subject);
  if (id === undefined) {
    if (method === 'GET')
      return page(
        request,
        stored.map((webhook) => describe(subject, webhook)),
      );
    return method === 'POST' ? write(account, subject, undefined, request) : fail(405, '', '');
  }
  if (id === 'test' && method === 'POST') {
    const url = query.get('url') ?? '';
    tested.push(url);
    return answer(200, { request: { url }, response: { statusCode: answers.get(url) ?? 200, body: '' } });
  }
  const webhook = stored.find((candidate) => String(candidate.id) === id);
  if (webhook === undefined) {
    return fail(404, 'com.atlassian.bitbucket.webhook.NoSuchWebhookException', `No webhook ${id}`);
  }
  if (rest.join('/') === 'statistics/summary') return answer(200, summarize(webhook, answers));
  switch (method) {
    case 'GET':
      return answer(200, describe(subject, webhook));
    case 'PUT':
      return write(account, subject, webhook, request);
    case 'DELETE':
      account.remove(subject, webhook);
      return { status: 204, type: 'application/json', text: '' };
    default:
      return fail(405, '', '');
  }
}

function write(
  account: FakeAccount,
  subject: string,
  existing: StoredWebhook | undefined,
  { body: text }: FakeRequest,
): FakeResponse {
  const parsed = v.safeParse(body, JSON.parse(text), { abortEarly: true });
  if (!parsed.success) {
    const field = v.getDotPath(parsed.issues[0]) ?? '';
    return fail(
      400,
      'com.atlassian.bitbucket.validation.ArgumentValidationException',
      `${field} is invalid.`,
    );
  }
  const {
    name: description,
    url,
    events,
    active,
    configuration,
    sslVerificationRequired: verifiesTls,
  } = parsed.output;
  if (configuration !== undefined && Object.keys(configuration).length === 0) return fail(500, '', '');
  const webhook = existing ?? account.add(subject);
  Object.assign(webhook, {
    description,
    url,
    events,
    active,
    verifiesTls,
    secret: configuration?.['secret'] ?? '',
  });
  return answer(existing === undefined ? 201 : 200, describe(subject, webhook));
}

function describe(
  subject: string,
  webhook: StoredWebhook,
): OpenApi.SchemaRestWebhook & { readonly id: number } {
  return {
    id: webhook.id,
    name: webhook.description,
    url: webhook.url,
    active: webhook.active,
    events: webhook.events,
    configuration: webhook.secret === '' ? {} : { secret: webhook.secret },
    sslVerificationRequired: webhook.verifiesTls,
    scopeType: subject.includes('/') ? 'repository' : 'project',
  };
}

function summarize({ url }: StoredWebhook, answers: ReadonlyMap<string, number>): object {
  const status = answers.get(url) ?? 200;
  const invocation = { id: 1, start: 1_777_889_472_000, result: { description: String(status) } };
  const [lastSuccess, lastFailure] = status < 300 ? [invocation, null] : [null, invocation];
  return { lastSuccess, lastFailure, lastError: null, counts: {} };
}

/** Commits reachable from `until` and not from `since`. */
function listCommits(account: FakeAccount, repository: string, request: FakeRequest): FakeResponse {
  const until = request.query.get('until') ?? '';
  if (account.commitOf(repository, until) === undefined) return noCommit(until);
  const excluded = new Set(account.reachable(repository, request.query.get('since') ?? ''));
  const hashes = account.reachable(repository, until).filter((hash) => !excluded.has(hash));
  const commits = hashes.map((id): OpenApi.SchemaRestCommit => ({
    id,
    parents: (account.commitOf(repository, id)?.parents ?? []).map((parent) => ({ id: parent })),
  }));
  return page(request, commits);
}

/** Against the first parent. More changes than the server's limit are cut off, and there is no next page. */
function listChanges(
  account: FakeAccount,
  repository: string,
  hash: string,
  request: FakeRequest,
): FakeResponse {
  const commit = account.commitOf(repository, hash);
  if (commit === undefined) return noCommit(hash);
  const changes = commit.paths.slice(0, MAX_CHANGES).map((path) => ({
    path: { components: path.split('/'), name: path.split('/').at(-1), toString: path },
    type: 'MODIFY',
  }));
  const isCut = commit.paths.length > MAX_CHANGES;
  const made = page(request, changes);
  return isCut
    ? { ...made, text: JSON.stringify({ ...JSON.parse(made.text), isLastPage: true, truncated: true }) }
    : made;
}

function page({ query }: FakeRequest, values: readonly object[]): FakeResponse {
  const start = Number(query.get('start') ?? 0);
  const limit = Math.min(Number(query.get('limit') ?? DEFAULT_LIMIT), MAX_LIMIT);
  const isLastPage = start + limit >= values.length;
  const slice = values.slice(start, start + limit);
  const nextPageStart = isLastPage ? null : start + limit;
  return answer(200, { size: slice.length, limit, start, isLastPage, values: slice, nextPageStart });
}

function noCommit(hash: string): FakeResponse {
  return fail(
    404,
    'com.atlassian.bitbucket.commit.NoSuchCommitException',
    `Commit '${hash}' does not exist.`,
  );
}

function answer(status: number, content: object): FakeResponse {
  return { status, type: 'application/json', text: JSON.stringify(content) };
}

function fail(status: number, exceptionName: string, message: string): FakeResponse {
  return answer(status, { errors: [{ context: null, message, exceptionName }] });
}
