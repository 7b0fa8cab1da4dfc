import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { startFakeCloud, type FakeCloud } from '../../../local/fakes/bitbucket/fake-cloud.ts';
import { startFakeDataCenter, type FakeDataCenter } from '../../../local/fakes/bitbucket/fake-data-center.ts';
import { ApiWebhooks } from '../../../lib/adapters/bitbucket/api-webhooks.ts';
import { BitbucketClients } from '../../../lib/adapters/bitbucket/bitbucket-clients.ts';
import { BitbucketCredentials } from '../../../lib/adapters/bitbucket/bitbucket-credentials.ts';
import type { BitbucketError } from '../../../lib/app/register/bitbucket-ports.ts';
import { parseSubject } from '../../../lib/core/bitbucket/webhook-subject.ts';
import { digestOf } from '../../../lib/core/registration/webhook.ts';
import { LoopbackProxy, type ProxyFault } from '../../support/loopback-proxy.ts';

const BEARER = 'Bearer token-1';
const BASIC = `Basic ${Buffer.from('bot@acme.example:token-2').toString('base64')}`;
const webhook = {
  description: 'Kargo receiver demo/bb at https://hooks.example.com',
  url: 'https://hooks.example.com/bitbucket/abc',
  events: ['repo:push'],
  secret: 's3cret',
};
const { signal } = new AbortController();

let cloud: FakeCloud;
let dataCenter: FakeDataCenter;
let proxy: LoopbackProxy;
let now: Date;
let entries: object[];

beforeEach(async () => {
  const tokens = [{ authorization: BEARER }, { authorization: BASIC, administers: [] }];
  cloud = await startFakeCloud({ port: 0, repositories: ['acme/shop'], tokens });
  const options = { port: 0, repositories: ['SHOP/web'], hasProjectWebhooks: false };
  dataCenter = await startFakeDataCenter({ ...options, tokens });
  proxy = new LoopbackProxy(cloud.url);
  await proxy.start();
  now = new Date('2026-05-04T10:11:12Z');
  entries = [{ GIT_AUTH_TOKEN: 'token-1' }, { BITBUCKET_URL: dataCenter.url, GIT_AUTH_TOKEN: 'token-1' }];
});

afterEach(async () => {
  await Promise.all([proxy.stop(), cloud.close(), dataCenter.close()]);
});

/** Connects with the entries as the credentials. */
const connect = (): ApiWebhooks => {
  const version = { text: JSON.stringify(entries), versionId: '1', createdAt: now };
  const store = { read: async () => ({ kind: 'found', version }) as const };
  const clock = (): Date => now;
  const deps = { store, secretId: 'kargo-front-door/bitbucket', cloudApiUrl: proxy.url, clock };
  return new ApiWebhooks(new BitbucketClients(new BitbucketCredentials(deps), clock));
};
const subjectOf = (text: string) => parseSubject(text, [dataCenter.url])!;
const SHOP = 'repository:https://bitbucket.org/acme/shop';
const web = (): string => `repository:${dataCenter.url}/scm/shop/web`;
/** Returns the reason and message of the failure, or `success`. */
const failureOf = (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => 'success',
    ({ failure }: BitbucketError) => `${failure.reason}: ${failure.message}`,
  );
const listShop = (webhooks: ApiWebhooks, purpose: 'check' | 'change') =>
  failureOf(webhooks.list(subjectOf(SHOP), purpose, signal));

describe.each(['Cloud', 'Data Center'])('webhooks of %s', (kind) => {
  const place = (): [FakeCloud | FakeDataCenter, string, string] =>
    kind === 'Cloud' ? [cloud, SHOP, 'acme/shop'] : [dataCenter, web(), 'SHOP/web'];

  test('are created, read, updated and deleted', async () => {
    const [fake, text, name] = place();
    const subject = subjectOf(text);
    const webhooks = connect();
    await webhooks.create(subject, webhook, signal);
    const [created] = fake.account.webhooksOf(name);
    expect(created).toMatchObject({ ...webhook, active: true, verifiesTls: true });
    if (created === undefined) throw new Error('not created');
    Object.assign(created, { active: false, verifiesTls: false });
    const [listed] = await webhooks.list(subject, 'check', signal);
    const id = kind === 'Cloud' ? created.uuid : String(created.id);
    expect(listed).toEqual({
      id,
      description: webhook.description,
      url: webhook.url,
      isActive: false,
      events: ['repo:push'],
      verifiesTls: false,
      secret: kind === 'Cloud' ? { kind: 'set' } : { kind: 'set', digest: digestOf('s3cret') },
    });
    await webhooks.update(subject, id, { ...webhook, secret: 'next' }, signal);
    expect(created).toMatchObject({ ...webhook, active: true, verifiesTls: true, secret: 'next' });
    await webhooks.delete(subject, id, signal);
    await webhooks.delete(subject, id, signal);
    expect(fake.account.webhooksOf(name)).toEqual([]);
  });

  test('are read in pages', async () => {
    const [fake, text, name] = place();
    for (let index = 0; index < 250; index += 1) fake.account.add(name, { description: `hook ${index}` });
    const listed = await connect().list(subjectOf(text), 'check', signal);
    expect(listed.map(({ description }) => description)).toEqual(
      Array.from({ length: 250 }, (_, index) => `hook ${index}`),
    );
  });
});

test('the connection test of Data Center returns what the receiver answers; Cloud has none', async () => {
  dataCenter.answers.set('https://hooks.example.com/gone', 404);
  const webhooks = connect();
  const testOf = (text: string, url: string) => webhooks.testConnection(subjectOf(text), url, signal);
  expect(await testOf(web(), webhook.url)).toEqual({ isPassed: true, status: 200 });
  expect(await testOf(web(), 'https://hooks.example.com/gone')).toEqual({ isPassed: false, status: 404 });
  expect(await testOf(SHOP, webhook.url)).toBeUndefined();
  expect(dataCenter.tested).toEqual([webhook.url, 'https://hooks.example.com/gone']);
});

test('the statistics of Data Center say whether the last delivery failed', async () => {
  const { id, url } = dataCenter.account.add('SHOP/web', { url: webhook.url });
  const webhooks = connect();
  const failure = () => webhooks.deliveryFailure(subjectOf(web()), String(id), signal);
  expect(await failure()).toBeUndefined();
  dataCenter.answers.set(url, 503);
  expect(await failure()).toEqual({ status: 503, at: new Date('2026-05-04T10:11:12Z') });
});

describe('a request that fails says why', () => {
  const BOT = { GIT_AUTH_USER: 'bot@acme.example', GIT_AUTH_TOKEN: 'token-2' };
  const NONE = 'repository:https://bitbucket.org/acme/none';
  const MAY_NOT = 'PermissionMissing: HTTP 403: credential 1 (Bitbucket Cloud) may not manage its webhooks:';
  const THROTTLED = 'Throttled: HTTP 429: credential 1 (Bitbucket Cloud) is throttled. This is retried at';
  const RIGHTS =
    'an access token needs the scopes webhook, repository and pullrequest; an API token needs read:webhook:bitbucket, ' +
    'write:webhook:bitbucket and delete:webhook:bitbucket, and its account must administer the repository.';
  const WORKSPACE_RIGHTS =
    'an access token must be one of the workspace with the scopes webhook, repository and pullrequest; ' +
    'the account of an API token must own the workspace.';
  const UNKNOWN =
    'TokenRejected: HTTP 401: the token of credential 1 (Bitbucket Cloud) is rejected: it is wrong, revoked or expired. ' +
    'Replace it in the credentials.';
  const NOT_FOUND =
    'NotFound: HTTP 404: it does not exist, or credential 1 (Bitbucket Cloud) may not see it.';
  const MISSING =
    'CredentialMissing: there is no credential for Bitbucket Cloud. Ask the platform team to add one.';
  const answer = (status: number, headers = {}): ProxyFault => ({ kind: 'answer', status, headers });

  test.each<[what: string, credentials: object[], subject: string, expected: string]>([
    ['an unknown token', [{ GIT_AUTH_TOKEN: 'other' }], SHOP, UNKNOWN],
    ['a token without the scope', [BOT], SHOP, `${MAY_NOT} ${RIGHTS}`],
    ['a workspace without an owner', [BOT], 'workspace:acme', `${MAY_NOT} ${WORKSPACE_RIGHTS}`],
    ['a repository that does not exist', [{ GIT_AUTH_TOKEN: 'token-1' }], NONE, NOT_FOUND],
    ['no credential', [], SHOP, MISSING],
  ])('%s', async (_what, credentials, subject, expected) => {
    entries = credentials;
    expect(await failureOf(connect().list(subjectOf(subject), 'check', signal))).toBe(expected);
  });

  test.each<[what: string, fault: ProxyFault, expected: string]>([
    ['a throttled token', answer(429, { 'retry-after': '90' }), `${THROTTLED} 2026-05-04T10:12Z.`],
    ['a throttled token without Retry-After', answer(429), `${THROTTLED} 2026-05-04T10:21Z.`],
    [
      'a server error',
      answer(503),
      'BitbucketUnavailable: HTTP 503: Bitbucket is unavailable. The next run retries the request.',
    ],
    [
      'a redirect, which is not followed',
      answer(302, { location: 'http://127.0.0.1:1' }),
      'RequestRejected: HTTP 302: Bitbucket rejects the request of credential 1 (Bitbucket Cloud).',
    ],
    [
      'a closed connection',
      { kind: 'cut' },
      "BitbucketUnavailable: https://bitbucket.org cannot be reached (GET). Check that the function's network reaches it; the next run retries the request.",
    ],
    [
      'a page of a proxy',
      { kind: 'rewrite', rewrite: () => '<html>' },
      'BitbucketUnavailable: the list of webhooks cannot be read: the answer is not that of Bitbucket Cloud.',
    ],
  ])('%s', async (_what, fault, expected) => {
    proxy.fault = () => fault;
    expect(await listShop(connect(), 'check')).toBe(expected);
  });

  test('in the words of Data Center', async () => {
    entries = [{ ...BOT, BITBUCKET_URL: dataCenter.url }];
    const label = `credential 1 (${dataCenter.url})`;
    const list = (text: string) => failureOf(connect().list(subjectOf(text), 'check', signal));
    expect(await list(web())).toBe(
      `PermissionMissing: HTTP 401: ${label} may not manage its webhooks: it needs REPO_ADMIN.`,
    );
    expect(await list(`project:${dataCenter.url}/SHOP`)).toBe(
      'Unsupported: HTTP 404: this version of Data Center has no webhooks of projects, which 8.8 and later have. Name repositories instead.',
    );
    expect(await list(`repository:${dataCenter.url}/scm/shop/none`)).toBe(
      `NotFound: HTTP 404: it does not exist, or ${label} may not see it.`,
    );
  });

  test('for a secret that Cloud does not accept, without sending it', async () => {
    const secret = 's'.repeat(129);
    expect(await failureOf(connect().create(subjectOf(SHOP), { ...webhook, secret }, signal))).toBe(
      "SecretTooLong: the receiver's secret has more than 128 characters, which Bitbucket Cloud does not accept. Replace it with a shorter one.",
    );
    expect(proxy.requests).toEqual([]);
  });
});

test('tries the credentials of a server one after another, and remembers which one works', async () => {
  entries = [{ GIT_AUTH_TOKEN: 'expired' }, { GIT_AUTH_TOKEN: 'token-1' }];
  const webhooks = connect();
  for (let count = 0; count < 3; count += 1) await webhooks.list(subjectOf(SHOP), 'check', signal);
  const sent = proxy.requests.map(({ headers }) => headers.authorization);
  expect(sent).toEqual(['Bearer expired', BEARER, BEARER, BEARER]);
});

test('sends nothing while the server throttles, and goes on afterwards', async () => {
  const webhooks = connect();
  proxy.fault = () => ({ kind: 'answer', status: 429, headers: { 'retry-after': '60' } });
  await listShop(webhooks, 'change');
  proxy.reset();
  expect(await listShop(webhooks, 'change')).toMatch(/^Throttled: /);
  expect(proxy.requests).toEqual([]);
  now = new Date(now.getTime() + 60_000);
  expect(await listShop(webhooks, 'change')).toBe('success');
});

test('leaves half of the requests in an hour to changes', async () => {
  const webhooks = connect();
  for (let count = 0; count < 400; count += 1) await listShop(webhooks, 'check');
  const usedUp =
    'BudgetUsedUp: credential 1 (Bitbucket Cloud) has used up its 800 requests in an hour. This is retried by 2026-05-04T11:15Z.';
  expect(await listShop(webhooks, 'check')).toBe(usedUp);
  for (let count = 0; count < 400; count += 1) expect(await listShop(webhooks, 'change')).toBe('success');
  expect(await listShop(webhooks, 'change')).toBe(usedUp);
  expect(proxy.requests).toHaveLength(800);
  now = new Date('2026-05-04T11:11:12Z');
  expect(await listShop(webhooks, 'check')).toBe('success');
});

test('sends an idempotent request again over another connection, and no other', async () => {
  let cuts = 0;
  proxy.fault = () => {
    cuts += 1;
    return cuts % 2 === 1 ? { kind: 'cut' } : undefined;
  };
  const webhooks = connect();
  expect(await listShop(webhooks, 'check')).toBe('success');
  expect(await failureOf(webhooks.create(subjectOf(SHOP), webhook, signal))).toMatch(
    /^BitbucketUnavailable: /,
  );
  expect(proxy.requests.map(({ method }) => method)).toEqual(['GET', 'GET', 'POST']);
});
