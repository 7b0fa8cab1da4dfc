import { describe, expect, test } from '@jest/globals';
import {
  annotated,
  BASE,
  CREDENTIALS_SECRET,
  startBitbucketTestbed,
  TOKEN,
  type BitbucketTestbed,
  type BitbucketTestbedOptions,
} from '../support/bitbucket-testbed.ts';
import { passSeconds } from '../support/clock.ts';
import { coldRegistrar, type RegistrarHandler } from '../support/cold-functions.ts';
import { ConsoleLines } from '../support/console-lines.ts';
import { deliver, lambdaContext, receiverPath } from '../support/deliver.ts';
import { project, warehouse } from '../support/kargo-objects.ts';
import { useTestbed } from '../support/use-testbed.ts';

const SHOP = 'repository:https://bitbucket.org/acme/shop';
const REPOSITORIES = Array.from({ length: 100 }, (_, index) => `acme/r${String(index).padStart(2, '0')}`);
const RIGHTS =
  'an access token needs the scopes webhook, repository and pullrequest; an API token needs read:webhook:bitbucket, ' +
  'write:webhook:bitbucket and delete:webhook:bitbucket, and its account must administer the repository.';

let testbed: BitbucketTestbed;

useTestbed(() => testbed);

const start = async (options: BitbucketTestbedOptions = {}, repositories = ['acme/shop']): Promise<void> => {
  const git = repositories.map((name) => ({ repoURL: `https://bitbucket.org/${name}` }));
  const objects = [...annotated(project('demo'), 'repositories'), warehouse('demo', 'all', ...git)];
  testbed = await startBitbucketTestbed({ objects, ...options });
};
const reasonOf = async () => (await testbed.condition())?.[1];
const run = (registrar: RegistrarHandler) => registrar({}, lambdaContext({ remainingMs: 60_000 }));
/** Runs the registrar so many times, with five minutes after each. */
const runOften = async (registrar: RegistrarHandler, times: number): Promise<void> => {
  for (let done = 0; done < times; done += 1) {
    await run(registrar);
    passSeconds(300);
  }
};
const listOf = (names: readonly string[]): string =>
  names.map((name) => `repository:https://bitbucket.org/${name}`).join(', ');
const isRegistered = (name: string): boolean => testbed.cloud.account.webhooksOf(name).length === 1;

test('registers the half of a hundred repositories that the token may see, and names the others', async () => {
  const seen = REPOSITORIES.slice(0, 50);
  const cloud = { repositories: REPOSITORIES, tokens: [{ ...TOKEN, sees: seen }] };
  await start({ cloud }, REPOSITORIES);
  await testbed.register();
  expect(REPOSITORIES.filter(isRegistered)).toEqual(seen);
  expect(await testbed.condition()).toEqual([
    'False',
    'NotFound',
    `50 of 100 Bitbucket webhook(s) for the receivers at ${BASE}. ${listOf(REPOSITORIES.slice(50))}: ` +
      `HTTP 404: it does not exist, or credential 1 (Bitbucket Cloud) may not see it. Registered: ${listOf(seen)}.`,
  ]);
});

test('names each permission that is missing, and a token that is rejected', async () => {
  await start({
    cloud: { tokens: [{ authorization: 'Bearer scoped', administers: [] }] },
    credentials: (url) => [{ GIT_AUTH_TOKEN: 'scoped' }, { BITBUCKET_URL: url, GIT_AUTH_TOKEN: 'revoked' }],
  });
  await testbed.objects.create(testbed.webWarehouse());
  await testbed.register();
  const [status, , message] = (await testbed.condition()) ?? [];
  expect(status).toBe('False');
  expect(message).toContain(
    `${SHOP}: HTTP 403: credential 1 (Bitbucket Cloud) may not manage its webhooks: ${RIGHTS}`,
  );
  expect(message).toContain(
    `repository:${testbed.dataCenterApi.url}/scm/shop/web: HTTP 401: the token of credential 2 (${testbed.dataCenterApi.url}) is rejected: ` +
      'it is wrong, revoked or expired. Replace it in the credentials.',
  );
});

test('a subject that fails does not affect the others, whatever it answers', async () => {
  const repositories = REPOSITORIES.slice(0, 6);
  await start({ cloud: { repositories } }, repositories);
  const statuses: Record<string, number> = { r00: 500, r01: 400, r02: 302, r03: 410 };
  testbed.cloudApi.fault = ({ path }) => {
    const status = statuses[/acme\/(r\d+)\//.exec(path)?.[1] ?? ''];
    return status === undefined ? undefined : { kind: 'answer', status };
  };
  await testbed.register();
  expect(repositories.filter(isRegistered)).toEqual(['acme/r04', 'acme/r05']);
});

test('a throttled token waits as long as Bitbucket asks, and goes on afterwards', async () => {
  const repositories = REPOSITORIES.slice(0, 20);
  await start({ cloud: { repositories } }, repositories);
  await testbed.reconcile();
  const registrar = await coldRegistrar();
  let requests = 0;
  testbed.cloudApi.fault = () => {
    requests += 1;
    return requests > 10 ? { kind: 'answer', status: 429, headers: { 'retry-after': '600' } } : undefined;
  };
  await run(registrar);
  const sent = testbed.cloudApi.requests.length;
  expect(sent).toBeLessThan(20);
  const message =
    'HTTP 429: credential 1 (Bitbucket Cloud) is throttled. This is retried at 2026-05-04T10:21Z.';
  expect(await testbed.condition()).toEqual(['False', 'Throttled', expect.stringContaining(message)]);
  await run(registrar);
  expect(testbed.cloudApi.requests).toHaveLength(sent);
  testbed.cloudApi.reset();
  passSeconds(600);
  await run(registrar);
  expect(repositories.every(isRegistered)).toBe(true);
  expect(await reasonOf()).toBe('WebhooksRegistered');
});

test('checks within its share of the requests, the oldest first, and keeps what it found before', async () => {
  await start({ cloud: { repositories: REPOSITORIES } }, REPOSITORIES);
  await testbed.reconcile();
  const registrar = await coldRegistrar();
  await runOften(registrar, 1);
  expect(testbed.cloudApi.requests).toHaveLength(200);
  await runOften(registrar, 5);
  // Checks may use 400 of the 800 requests in an hour.
  expect(testbed.cloudApi.requests).toHaveLength(400);
  expect(await reasonOf()).toBe('WebhooksRegistered');
  // A change does not wait for them.
  await testbed.secrets.rotate('kargo/demo/bitbucket', 'next-s3cret');
  await testbed.reconcile();
  await run(registrar);
  expect(testbed.cloudApi.requests).toHaveLength(600);
  const urls = REPOSITORIES.map((name) => testbed.cloud.account.webhooksOf(name)[0]?.url);
  expect(new Set(urls)).toEqual(new Set([`${BASE}${receiverPath('demo', 'bb', 'next-s3cret')}`]));
});

test('subjects that fail in every run do not end the checks of the others', async () => {
  const hidden = REPOSITORIES.slice(0, 34);
  const cloud = { repositories: ['acme/shop', ...hidden], tokens: [{ ...TOKEN, sees: ['acme/shop'] }] };
  await start({ cloud }, ['acme/shop', ...hidden]);
  await testbed.reconcile();
  const registrar = await coldRegistrar();
  await runOften(registrar, 12);
  const [webhook] = testbed.cloud.account.webhooksOf('acme/shop');
  Object.assign(webhook!, { active: false });
  await runOften(registrar, 3);
  expect(testbed.cloud.account.webhooksOf('acme/shop')).toMatchObject([{ active: true }]);
});

test('webhooks follow a rotation while deliveries go on, and none is rejected', async () => {
  await start();
  await testbed.register();
  const receiver = await testbed.receiver();
  const answers = new Map<string, number>();
  /** Sends a push as Bitbucket does: to the URL and with the secret that it has at this moment. */
  const push = async (): Promise<void> => {
    const [webhook] = testbed.cloud.account.webhooksOf('acme/shop');
    if (webhook === undefined) throw new Error('no webhook');
    const path = webhook.url.replace(BASE, '');
    const { status } = await deliver(receiver, { path, signedWith: webhook.secret });
    passSeconds(30);
    answers.set(`${webhook.secret} ${status}`, (answers.get(`${webhook.secret} ${status}`) ?? 0) + 1);
  };
  await push();
  await testbed.secrets.rotate('kargo/demo/bitbucket', 'second-s3cret');
  await push();
  await testbed.register();
  await push();
  await testbed.secrets.rotate('kargo/demo/bitbucket', 'third-s3cret');
  await push();
  // The registrar runs before the reconciler has published the URL: the webhook keeps the one that serves.
  await run(await coldRegistrar());
  await push();
  await testbed.register();
  await push();
  const expected = { 's3cret 200': 2, 'second-s3cret 200': 3, 'third-s3cret 200': 1 };
  expect(Object.fromEntries(answers)).toEqual(expected);
});

describe('what cannot be read', () => {
  test.each<[string, string, string]>([
    ['credentials that are not JSON', 'token', 'is not a JSON list of credentials'],
    ['a credential without a token', '[{}]', 'has no usable GIT_AUTH_TOKEN in entry 0'],
  ])('%s end the run, and change nothing', async (_title, text, expected) => {
    await start();
    await testbed.register();
    await testbed.secrets.rotate(CREDENTIALS_SECRET, text);
    await expect(testbed.register()).rejects.toThrow(
      `Bitbucket credentials unavailable: Secret "${CREDENTIALS_SECRET}" ${expected}`,
    );
    expect(isRegistered('acme/shop')).toBe(true);
  });

  test('Warehouses leave the webhooks of that project as they are, and no other', async () => {
    const objects = ['demo', 'other'].flatMap((name) => [
      ...annotated(project(name), 'repositories'),
      warehouse(name, 'all', { repoURL: `https://bitbucket.org/acme/${name}` }),
    ]);
    const repositories = ['acme/demo', 'acme/other'];
    await start({ objects, cloud: { repositories }, secrets: { 'kargo/other/bitbucket': 's3cret' } });
    await testbed.register();
    testbed.cluster.fault = ({ path }) =>
      path.includes('/namespaces/demo/warehouses') ? { kind: 'answer', status: 403 } : undefined;
    const [other] = testbed.cloud.account.webhooksOf('acme/other');
    if (other !== undefined) other.active = false;
    await testbed.register();
    expect(isRegistered('acme/demo')).toBe(true);
    expect(other?.active).toBe(true);
    expect(await reasonOf()).toBe('ClusterUnavailable');
  });
});

test('emits how many webhooks are as declared, and how many are not', async () => {
  const cloud = { repositories: ['acme/shop', 'acme/none'], tokens: [{ ...TOKEN, sees: ['acme/shop'] }] };
  await start({ settings: { POWERTOOLS_METRICS_DISABLED: 'false' }, cloud }, cloud.repositories);
  const lines = new ConsoleLines();
  await testbed.register();
  expect(lines.takeMetrics('RegisterFailures', 'RegisteredWebhooks', 'FailingWebhooks')).toEqual([
    { RegisterFailures: 0, RegisteredWebhooks: 1, FailingWebhooks: 1 },
  ]);
});

test('no log holds a token, a secret or anything of a response', async () => {
  await start({ settings: { LOG_LEVEL: 'DEBUG' } });
  await testbed.objects.create(
    testbed.webWarehouse(),
    warehouse('demo', 'none', { repoURL: 'https://bitbucket.org/acme/none' }),
  );
  testbed.dataCenter.account.add('SHOP/web', { description: 'CI of others', secret: 'others-s3cret' });
  const lines = new ConsoleLines();
  await testbed.reconcile();
  const registrar = await coldRegistrar();
  await runOften(registrar, 1);
  testbed.dataCenterApi.fault = () => ({ kind: 'answer', status: 500, body: { secret: 'leaked-s3cret' } });
  testbed.cloudApi.fault = () => ({ kind: 'answer', status: 400, body: { error: 'leaked-s3cret' } });
  await runOften(registrar, 1);
  await testbed.secrets.rotate(CREDENTIALS_SECRET, '[{"GIT_AUTH_TOKEN":"leaked s3cret"}]');
  await run(registrar).catch(() => undefined);
  const text = JSON.stringify(lines.lines);
  expect(lines.lines.map(({ message }) => message)).toEqual(
    expect.arrayContaining(['webhook created', 'webhooks of a subject cannot be read']),
  );
  for (const hidden of ['s3cret', 'token"', 'Bearer', 'CI of others']) expect(text).not.toContain(hidden);
});
