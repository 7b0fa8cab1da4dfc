import { afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { examine } from '../../cli/doctor.ts';
import type { CheckResult } from '../../cli/doctor/check.ts';
import { deployedInstallation } from '../../cli/doctor/deployed-installation.ts';
import type { ReceiverChoice } from '../../cli/doctor/installation.ts';
import type { StoredWebhook } from '../../local/fakes/bitbucket/fake-account.ts';
import {
  CREDENTIALS_SECRET,
  startBitbucketTestbed,
  type BitbucketTestbed,
} from '../support/bitbucket-testbed.ts';
import { stopClock } from '../support/clock.ts';
import { bitbucket, projectConfig } from '../support/kargo-objects.ts';
import { loadReconciler, LOADING_TIMEOUT_MS } from '../support/load-reconciler.ts';
import type { ProxyFault } from '../support/loopback-proxy.ts';
import { skipWaits } from '../support/waits.ts';
import { DoctorWorld, SECRET } from './doctor-world.ts';

const SHOP = 'repository:https://bitbucket.org/acme/shop';
const config = projectConfig('demo', [bitbucket('bb')]);
const REPAIRED =
  'The registrar repairs it within five minutes. If it stays: see its row, its alarms and its log.';

let world: DoctorWorld;
let testbed: BitbucketTestbed;

beforeAll(loadReconciler, LOADING_TIMEOUT_MS);
beforeEach(async () => {
  stopClock();
  skipWaits();
  world = new DoctorWorld();
  await world.start(async (options) => {
    testbed = await startBitbucketTestbed(options);
    return testbed;
  });
  world.environments.registrar = {
    ...world.environments.reconciler,
    BITBUCKET_CREDENTIALS_SECRET_ID: CREDENTIALS_SECRET,
    BITBUCKET_CLOUD_API_URL: testbed.cloudApi.url,
  };
  await annotate('repositories');
  await testbed.register();
  testbed.cloudApi.requests.length = 0;
});

afterEach(async () => {
  await world.stop();
  jest.useRealTimers();
  jest.restoreAllMocks();
});

const annotate = (value: string | null): Promise<unknown> =>
  testbed.objects.patch(config, { metadata: { annotations: { 'kargo-front-door/webhooks': value } } });
const onCloud = (): StoredWebhook[] => testbed.cloud.account.webhooksOf('acme/shop');
const change = (changes: Partial<StoredWebhook>) => (): void =>
  void Object.assign(onCloud()[0] ?? {}, changes);
const setFault = (fault: ProxyFault) => (): void => void (testbed.cloudApi.fault = () => fault);

/** Runs doctor, and returns the row of the webhooks. */
async function runDoctor(receiver?: ReceiverChoice): Promise<CheckResult & { check: string }> {
  let output = '';
  await examine(deployedInstallation(world, undefined), { receiver, json: true }, (text) => (output += text));
  expect(output).not.toContain(SECRET);
  const rows = JSON.parse(output) as (CheckResult & { check: string })[];
  const row = rows.find(({ check }) => check === 'bitbucket webhooks');
  if (row === undefined) throw new Error('there is no such row');
  return row;
}
const healthy = (fact: string): object => ({ check: 'bitbucket webhooks', state: 'ok', fact });
const skipped = (reason: string): object => ({ check: 'bitbucket webhooks', state: 'skipped', reason });
const failed = (...problems: [fact: string, advice: string][]): object => ({
  check: 'bitbucket webhooks',
  state: 'failed',
  problems: problems.map(([fact, advice]) => ({ fact, advice })),
});

test('webhooks that are as declared are counted', async () => {
  const web = `repository:${testbed.dataCenterApi.url}/scm/shop/web`;
  await annotate(`repositories, workspace:acme, ${web}`);
  await testbed.register();
  expect(await runDoctor()).toEqual(healthy('3 webhooks at 3 subjects as declared'));
});

test.each<[what: string, breakIt: () => unknown, drift: string]>([
  ['was deleted', () => onCloud().splice(0), 'missing'],
  ['was deactivated', change({ active: false }), 'inactive'],
  ['lost its secret', change({ secret: '' }), 'no secret'],
  ['has other events', change({ events: ['repo:push', 'repo:fork'] }), 'other events'],
  ['has another URL', change({ url: 'https://hooks.example.com/x' }), 'another URL'],
  ['does not verify TLS', change({ verifiesTls: false }), 'TLS not verified'],
  ['has several faults', change({ active: false, events: [] }), 'inactive, other events'],
  [
    'is one of two',
    () => testbed.cloud.account.add('acme/shop', { url: onCloud()[0]?.url ?? '' }),
    'a second webhook of the receiver',
  ],
])('a webhook that %s is named, until the registrar has run', async (_what, breakIt, drift) => {
  breakIt();
  const before = structuredClone(onCloud());
  const fact = `${SHOP}: the webhook of demo/bb is not as declared: ${drift}`;
  expect(await runDoctor()).toEqual(failed([fact, REPAIRED]));
  expect(onCloud()).toEqual(before);
  expect(testbed.cloudApi.requests.map(({ method }) => method)).toEqual(['GET']);
  await testbed.register();
  expect(await runDoctor()).toEqual(healthy('1 webhooks at 1 subjects as declared'));
});

test('another secret in Data Center is named, and neither of the two is shown', async () => {
  await annotate(`project:${testbed.dataCenterApi.url}/SHOP`);
  await testbed.register();
  Object.assign(testbed.dataCenter.account.webhooksOf('SHOP')[0] ?? {}, { secret: 'entered-by-hand' });
  const row = await runDoctor();
  const subject = `project:${testbed.dataCenterApi.url}/SHOP`;
  expect(row).toEqual(
    failed([`${subject}: the webhook of demo/bb is not as declared: another secret`, REPAIRED]),
  );
  expect(JSON.stringify(row)).not.toContain('entered-by-hand');
});

const WAIT = 'Wait; or name a workspace or project, which is one subject for all repositories.';

test.each<[what: string, fault: ProxyFault, message: string, advice: string]>([
  [
    'is answered 401',
    { kind: 'answer', status: 401 },
    'HTTP 401: the token of credential 1 (Bitbucket Cloud) is rejected: it is wrong, revoked or expired. Replace it in the credentials.',
    'Replace it in the secret that BITBUCKET_CREDENTIALS_SECRET_ID names.',
  ],
  [
    'is answered 403',
    { kind: 'answer', status: 403 },
    'HTTP 403: credential 1 (Bitbucket Cloud) may not manage its webhooks: an access token needs the scopes webhook, repository and ' +
      'pullrequest; an API token needs read:webhook:bitbucket, write:webhook:bitbucket and delete:webhook:bitbucket, and its account must ' +
      'administer the repository.',
    'Grant it in Bitbucket, or add another credential.',
  ],
  [
    'is answered 404',
    { kind: 'answer', status: 404 },
    'HTTP 404: it does not exist, or credential 1 (Bitbucket Cloud) may not see it.',
    'Correct the address, or grant the token access.',
  ],
  [
    'is answered 429',
    { kind: 'answer', status: 429 },
    'HTTP 429: credential 1 (Bitbucket Cloud) is throttled. This is retried at 2026-05-04T10:21Z.',
    WAIT,
  ],
  [
    'is answered 503',
    { kind: 'answer', status: 503 },
    'HTTP 503: Bitbucket is unavailable. The next run retries the request.',
    'Check that Bitbucket can be reached from here. The functions have a network of their own.',
  ],
  [
    'has no answer',
    { kind: 'cut' },
    "https://bitbucket.org cannot be reached (GET). Check that the function's network reaches it; the next run retries the request.",
    'Check that Bitbucket can be reached from here. The functions have a network of their own.',
  ],
])('a subject whose request %s is named with the reason', async (_what, fault, message, advice) => {
  setFault(fault)();
  expect(await runDoctor()).toEqual(failed([`${SHOP}: ${message}`, advice]));
});

test('one subject that fails does not affect the others', async () => {
  await annotate('repositories, workspace:gone, everything');
  change({ active: false })();
  expect(await runDoctor()).toEqual(
    failed(
      [
        'demo/demo: "everything" in the annotation kargo-front-door/webhooks is not read. Write "repositories", "pull-requests", ' +
          'workspace:<slug>, repository:<address> or project:<address of Data Center>/<KEY>.',
        'Correct the annotation kargo-front-door/webhooks.',
      ],
      [
        'workspace:gone: HTTP 404: it does not exist, or credential 1 (Bitbucket Cloud) may not see it.',
        'Correct the address, or grant the token access.',
      ],
      [`${SHOP}: the webhook of demo/bb is not as declared: inactive`, REPAIRED],
    ),
  );
});

test('no more than 100 subjects are read, so that the registrar has its requests', async () => {
  await annotate(Array.from({ length: 101 }, (_, index) => `workspace:team-${index}`).join());
  await runDoctor();
  expect(testbed.cloudApi.requests).toHaveLength(100);
});

test('a receiver whose status has no URL is named, because its webhook stays as it is', async () => {
  await testbed.objects.patchStatus(config, { webhookReceivers: [] });
  expect(await runDoctor()).toEqual(
    failed([
      `${SHOP}: receiver "bb" is not ready: its status does not publish a URL at ${world.base}. Its webhooks stay as they are.`,
      'See the rows secrets, status URLs and other deployments.',
    ]),
  );
});

test('with one chosen receiver the webhooks of others are not looked at', async () => {
  await testbed.objects.patch(config, {
    spec: { webhookReceivers: [bitbucket('bb'), bitbucket('other')] },
  });
  await testbed.register();
  const webhook = onCloud().find(({ description }) => description.startsWith('Kargo receiver demo/other '));
  Object.assign(webhook ?? {}, { active: false });
  expect(await runDoctor({ project: 'demo', name: 'bb' })).toEqual(
    healthy('1 webhooks at 1 subjects as declared'),
  );
  expect(await runDoctor({ project: 'demo', name: 'other' })).toEqual(
    failed([`${SHOP}: the webhook of demo/other is not as declared: inactive`, REPAIRED]),
  );
});

describe('is not checked', () => {
  test('without credentials for Bitbucket', async () => {
    delete world.environments.registrar;
    expect(await runDoctor()).toEqual(
      skipped('this deployment has no credentials for Bitbucket: webhooks are made by hand'),
    );
  });

  test('where no config has the annotation', async () => {
    await annotate(null);
    expect(await runDoctor()).toEqual(
      skipped('no config of these receivers has the annotation kargo-front-door/webhooks'),
    );
  });
});

test.each<[what: string, breakIt: () => unknown, fact: string]>([
  [
    'do not exist',
    () => testbed.secrets.delete(CREDENTIALS_SECRET),
    `Bitbucket credentials unavailable: Secret "${CREDENTIALS_SECRET}" not found in Secrets Manager`,
  ],
  [
    'cannot be used',
    () => testbed.secrets.rotate(CREDENTIALS_SECRET, 'token'),
    `Bitbucket credentials unavailable: Secret "${CREDENTIALS_SECRET}" is not a JSON list of credentials`,
  ],
])('credentials that %s are named by their secret', async (_what, breakIt, fact) => {
  await breakIt();
  const advice =
    'Correct the secret that BITBUCKET_CREDENTIALS_SECRET_ID names. If these credentials may not read it, choose others.';
  expect(await runDoctor()).toEqual(failed([fact, advice]));
});
