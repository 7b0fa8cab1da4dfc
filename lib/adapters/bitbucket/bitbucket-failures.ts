import * as v from 'valibot';
import { CLOUD_SERVER } from '../../core/bitbucket/webhook-subject.ts';
import type { WebhookFailure } from '../../core/registration/webhook-failure.ts';
import type { BitbucketRequest } from './bitbucket-client.ts';
import type { BitbucketCredential } from './bitbucket-credentials.ts';

/** The body of Data Center's errors. A 404 without it comes from no route of its API. */
const dataCenterErrors = v.object({
  errors: v.array(v.object({ exceptionName: v.nullish(v.string()) })),
});

/** Data Center answers 401 where a known user lacks a permission, too. */
const AUTHORISATION_EXCEPTION = /\bAuthori[sz]ationException$/;

const CLOUD_REPOSITORY_RIGHTS =
  'an access token needs the scopes webhook, repository and pullrequest; an API token needs read:webhook:bitbucket, ' +
  'write:webhook:bitbucket and delete:webhook:bitbucket, and its account must administer the repository';
const CLOUD_WORKSPACE_RIGHTS =
  'an access token must be one of the workspace with the scopes webhook, repository and pullrequest; the account of an API token must own ' +
  'the workspace';

/** Describes an answer that is not a success. Nothing of its body is in the message: Data Center's may hold secrets. */
export function classifyStatus(
  { label, server }: BitbucketCredential,
  { path, subject }: BitbucketRequest,
  status: number,
  body: unknown,
): WebhookFailure {
  const isCloud = server === CLOUD_SERVER;
  const errors = v.is(dataCenterErrors, body) ? body.errors : undefined;
  const isUnauthorised =
    !isCloud &&
    errors?.some(({ exceptionName }) => AUTHORISATION_EXCEPTION.test(exceptionName ?? '')) === true;
  if (status === 403 || (status === 401 && isUnauthorised)) {
    return {
      reason: 'PermissionMissing',
      message: `HTTP ${status}: ${label} may not manage its webhooks: ${rightsFor(isCloud, subject)}.`,
    };
  }
  if (status === 401) {
    const message = `HTTP 401: the token of ${label} is rejected: it is wrong, revoked or expired. Replace it in the credentials.`;
    return { reason: 'TokenRejected', message };
  }
  if (status === 404 && !isCloud && errors === undefined && !path.includes('/repos/')) {
    const message =
      'HTTP 404: this version of Data Center has no webhooks of projects, which 8.8 and later have. Name repositories instead.';
    return { reason: 'Unsupported', message };
  }
  if (status === 404 || status === 410) {
    return { reason: 'NotFound', message: `HTTP ${status}: it does not exist, or ${label} may not see it.` };
  }
  if (status >= 500) {
    const message = `HTTP ${status}: Bitbucket is unavailable. The next run retries the request.`;
    return { reason: 'BitbucketUnavailable', message };
  }
  return { reason: 'RequestRejected', message: `HTTP ${status}: Bitbucket rejects the request of ${label}.` };
}

/** Describes a request without an answer. */
export function describeNoAnswer(
  { server }: BitbucketCredential,
  { method }: BitbucketRequest,
  isTimeout: boolean,
): WebhookFailure {
  const what = isTimeout ? 'did not answer in time' : 'cannot be reached';
  return {
    reason: 'BitbucketUnavailable',
    message: `${server} ${what} (${method}). Check that the function's network reaches it; the next run retries the request.`,
  };
}

function rightsFor(isCloud: boolean, subject: string): string {
  if (isCloud) return subject.startsWith('workspace:') ? CLOUD_WORKSPACE_RIGHTS : CLOUD_REPOSITORY_RIGHTS;
  return `it needs ${subject.startsWith('project:') ? 'PROJECT_ADMIN' : 'REPO_ADMIN'}`;
}
