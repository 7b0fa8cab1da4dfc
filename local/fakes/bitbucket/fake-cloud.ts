import type { OpenApi } from '@coderabbitai/bitbucket/cloud';
import * as v from 'valibot';
import {
  startFakeServer,
  type FakeRequest,
  type FakeResponse,
  type LoopbackServer,
} from '../loopback-server.ts';
import { FakeAccount, type FakeAccountOptions, type StoredWebhook } from './fake-account.ts';

type Subscription = OpenApi.SchemaWebhookSubscription;

/** Events of the OpenAPI document that this fake knows; Cloud rejects others. */
const EVENTS = [
  'repo:push',
  'repo:fork',
  'pullrequest:created',
  'pullrequest:fulfilled',
  'pullrequest:rejected',
];

const MAX_SECRET_CHARACTERS = 128;
const DEFAULT_PAGE_LENGTH = 10;
const MAX_PAGE_LENGTH = 100;
const MAX_DIFFSTAT_LENGTH = 5_000;

/** A body of POST and PUT. Cloud ignores other fields. */
const body = v.object({
  description: v.optional(v.string()),
  url: v.optional(v.pipe(v.string(), v.url())),
  active: v.optional(v.boolean()),
  events: v.optional(v.array(v.picklist(EVENTS))),
  secret: v.nullish(v.pipe(v.string(), v.maxLength(MAX_SECRET_CHARACTERS))),
  skip_cert_verification: v.optional(v.boolean()),
});

const HOOKS = /^\/2\.0\/(?:workspaces\/([^/]+)|repositories\/([^/]+\/[^/]+))\/hooks(?:\/([^/]+))?$/;
const COMMITS = /^\/2\.0\/repositories\/([^/]+\/[^/]+)\/commits\/([^/]+)$/;
const DIFFSTAT = /^\/2\.0\/repositories\/([^/]+\/[^/]+)\/diffstat\/([^/]+)$/;

/** A fake of Bitbucket Cloud, with what it holds. */
export interface FakeCloud extends LoopbackServer {
  readonly account: FakeAccount;
}

/**
 * Starts an in-memory fake of Bitbucket Cloud's API: webhooks of repositories and workspaces, commits and diffstats. As Cloud does, it pages
 * by `next`, never returns a secret, and keeps it in a PUT without one. Failures, such as 429, are the test's to inject.
 *
 * @param options.port - 0 selects a free port
 * @throws {Error} node's `EADDRINUSE`
 */
export async function startFakeCloud(
  options: { readonly port: number } & FakeAccountOptions,
): Promise<FakeCloud> {
  const account = new FakeAccount(options);
  const server = await startFakeServer(options.port, (request) => respond(account, request));
  return { ...server, account };
}

function respond(account: FakeAccount, request: FakeRequest): FakeResponse {
  const { path, headers } = request;
  const [, workspace, repository, uuid] = HOOKS.exec(path) ?? [];
  const [, logged, revision = ''] = COMMITS.exec(path) ?? [];
  const [, compared, spec = ''] = DIFFSTAT.exec(path) ?? [];
  const subject = decodeURIComponent(workspace ?? repository ?? logged ?? compared ?? '');
  const isHooks = (workspace ?? repository) !== undefined;
  switch (account.accessTo(subject, headers.authorization, isHooks ? 'administer' : 'see')) {
    case 'unknown-token':
      return fail(401, 'Token is invalid, expired, or not supported for this endpoint.');
    case 'not-found':
      return fail(404, `${subject} not found`);
    case 'forbidden':
      return fail(403, 'Your credentials lack one or more required privilege scopes.');
    case 'allowed':
      break;
  }
  if (isHooks) return respondWithHooks(account, subject, uuid && decodeURIComponent(uuid), request);
  return logged === undefined
    ? listDiffstat(account, subject, spec, request)
    : listCommits(account, subject, revision, request);
}

function respondWithHooks(
  account: FakeAccount,
  subject: string,
  uuid: string | undefined,
  request: FakeRequest,
): FakeResponse {
  const { method } = request;
  const webhooks = account.webhooksOf(subject);
  if (uuid === undefined) {
    if (method === 'GET')
      return page(
        request,
        webhooks.map((webhook) => describe(subject, webhook)),
      );
    return method === 'POST' ? write(account, subject, undefined, request) : fail(405, 'Method not allowed');
  }
  const webhook = webhooks.find((candidate) => candidate.uuid === uuid);
  if (webhook === undefined) return fail(404, `${uuid} not found`);
  switch (method) {
    case 'GET':
      return answer(200, describe(subject, webhook));
    case 'PUT':
      return write(account, subject, webhook, request);
    case 'DELETE':
      account.remove(subject, webhook);
      return { status: 204, type: 'application/json', text: '' };
    default:
      return fail(405, 'Method not allowed');
  }
}

function write(
  account: FakeAccount,
  subject: string,
  existing: StoredWebhook | undefined,
  { body: text }: FakeRequest,
): FakeResponse {
  const parsed = v.safeParse(body, JSON.parse(text), { abortEarly: true });
  if (!parsed.success) return fail(400, `${v.getDotPath(parsed.issues[0])}: invalid`);
  const { secret, skip_cert_verification: skipsVerification, ...fields } = parsed.output;
  const webhook = existing ?? account.add(subject);
  Object.assign(webhook, fields);
  if (secret !== undefined) webhook.secret = secret ?? '';
  if (skipsVerification !== undefined) webhook.verifiesTls = !skipsVerification;
  return answer(existing === undefined ? 201 : 200, describe(subject, webhook));
}

/** `skip_cert_verification` is not in the OpenAPI document, and returned all the same. */
function describe(subject: string, webhook: StoredWebhook): Subscription {
  return {
    type: 'webhook_subscription',
    uuid: webhook.uuid,
    description: webhook.description,
    url: webhook.url,
    active: webhook.active,
    events: webhook.events as NonNullable<Subscription['events']>,
    secret_set: webhook.secret !== '',
    subject_type: subject.includes('/') ? 'repository' : 'workspace',
    skip_cert_verification: !webhook.verifiesTls,
  };
}

/** Commits reachable from the revision and not from `exclude`. */
function listCommits(
  account: FakeAccount,
  repository: string,
  revision: string,
  request: FakeRequest,
): FakeResponse {
  if (account.commitOf(repository, revision) === undefined) return fail(404, `Commit not found: ${revision}`);
  const excluded = new Set(
    request.query.getAll('exclude').flatMap((hash) => account.reachable(repository, hash)),
  );
  const commits = account.reachable(repository, revision).filter((hash) => !excluded.has(hash));
  return page(
    request,
    commits.map((hash) => ({
      type: 'commit',
      hash,
      parents: (account.commitOf(repository, hash)?.parents ?? []).map((parent) => ({
        type: 'commit',
        hash: parent,
      })),
    })),
  );
}

/** Of a single commit: against its first parent. */
function listDiffstat(
  account: FakeAccount,
  repository: string,
  spec: string,
  request: FakeRequest,
): FakeResponse {
  const commit = account.commitOf(repository, spec);
  if (commit === undefined) return fail(404, `Commit not found: ${spec}`);
  const changes = commit.paths.map((path): Partial<OpenApi.SchemaDiffstat> => ({
    type: 'diffstat',
    status: 'modified',
    old: { type: 'commit_file', path },
    new: { type: 'commit_file', path },
  }));
  return page(request, changes, MAX_DIFFSTAT_LENGTH);
}

/** The last page has no `next`. */
function page(
  { path, query, headers }: FakeRequest,
  values: readonly object[],
  maxLength = MAX_PAGE_LENGTH,
): FakeResponse {
  const length = Number(query.get('pagelen') ?? DEFAULT_PAGE_LENGTH);
  if (!(length >= 1 && length <= maxLength)) return fail(400, 'Invalid pagelen');
  const number = Number(query.get('page') ?? 1);
  const next = new URLSearchParams([...query].filter(([name]) => name !== 'page'));
  next.set('page', String(number + 1));
  return answer(200, {
    page: number,
    pagelen: length,
    size: values.length,
    values: values.slice((number - 1) * length, number * length),
    ...(number * length < values.length && { next: `http://${headers.host}${path}?${next.toString()}` }),
  });
}

function answer(status: number, content: object): FakeResponse {
  return { status, type: 'application/json', text: JSON.stringify(content) };
}

function fail(status: number, message: string): FakeResponse {
  return answer(status, { type: 'error', error: { message } });
}
