import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { StoredWebhook } from '../../local/fakes/bitbucket/fake-account.ts';
import { startFakeCloud, type FakeCloud } from '../../local/fakes/bitbucket/fake-cloud.ts';
import {
  createDemo,
  deleteSecrets,
  demoOf,
  deployFrontDoor,
  namesOf,
  REFRESHED,
  rotateDemo,
  type FrontDoor,
} from './deployed-front-door.ts';
import { resultOf } from './account.ts';
import { remove, TOOLS } from './deployments.ts';
import { inventory } from './inventory.ts';
import { postDelivery } from './post-delivery.ts';
import { readAsRole } from './read-as-role.ts';
import { runDoctor } from './run-doctor.ts';
import { startStage, type Stage } from './stage.ts';

const CREDENTIALS_ID = 'kargo-front-door/bitbucket';
const TOKEN = 'bitbucket-token-5c21';

/** Texts that are found in a log wherever they are. */
const SECRETS = { first: 'first-secret-8a47', second: 'second-secret-19be', other: 'other-secret-d302' };

/** The beginning of a ServiceAccount's token. */
const SERVICE_ACCOUNT_TOKEN = /eyJ[\w-]{20}/;

const SHOP = 'repository:https://bitbucket.org/acme/shop';

let stage: Stage;

beforeAll(async () => {
  stage = await startStage({ auth: true, hasRegistrar: true });
});

afterAll(() => stage?.close());

describe.each(TOOLS)('webhooks of a deployment with %s', (tool) => {
  const { name, receiver, reconciler, redelivery, registrar } = namesOf(tool);
  const demo = demoOf(tool, SECRETS);
  const { project, config, main, secretNames, first, second, other } = demo;
  let bitbucket: FakeCloud;
  let frontDoor: FrontDoor;
  let base: string;

  beforeAll(async () => {
    const tokens = [{ authorization: `Bearer ${TOKEN}` }];
    bitbucket = await startFakeCloud({ port: 0, repositories: ['acme/shop'], tokens });
    frontDoor = await deployFrontDoor(tool, stage, {
      BITBUCKET_CREDENTIALS_SECRET_ID: CREDENTIALS_ID,
      BITBUCKET_CLOUD_API_URL: bitbucket.url,
      LOG_LEVEL: 'DEBUG',
    });
    base = frontDoor.api.endpoint;
    await stage.account.stopSchedules();
    await stage.secrets.create(CREDENTIALS_ID, JSON.stringify([{ GIT_AUTH_TOKEN: TOKEN }]));
    await createDemo(stage, demo);
  });

  afterAll(async () => {
    await stage.objects.delete(config);
    await stage.objects.delete(main);
    await bitbucket.close();
  });

  const webhooks = (): StoredWebhook[] => bitbucket.account.webhooksOf('acme/shop');
  const annotate = (value: string | null) =>
    stage.objects.patch(config, { metadata: { annotations: { 'kargo-front-door/webhooks': value } } });
  const register = async () => resultOf(await stage.account.invoke(registrar));
  /** Sends a push as Bitbucket does: to the URL of a webhook, signed with its secret. */
  const push = ({ url, secret }: StoredWebhook) => postDelivery(url, { secret });

  const condition = async (): Promise<unknown> => {
    const { status } = await stage.objects.get('ProjectConfig', project, project);
    const { conditions } = status as { conditions: Record<string, string>[] };
    const found = conditions.find(({ type }) => type === 'BitbucketWebhooksReady');
    return found && [found['status'], found['reason'], found['message']];
  };
  const registered = () => [
    'True',
    'WebhooksRegistered',
    `2 Bitbucket webhook(s) for the receivers at ${base}. Registered: ${SHOP} (receiver "bb"), ${SHOP} (receiver "other").`,
  ];

  test('without the annotation there is nothing in Bitbucket', async () => {
    expect(await frontDoor.reconcile()).toMatchObject({ failed: false });
    expect(await register()).toEqual({ changed: 0, failures: [] });
    expect(webhooks()).toEqual([]);
    expect(await condition()).toBeUndefined();
  });

  test('one annotation leads to a webhook of each receiver', async () => {
    await annotate('repositories');
    expect(await register()).toEqual({ changed: 2, failures: [] });
    const declared = { active: true, events: ['repo:push'], verifiesTls: true };
    expect(webhooks()).toMatchObject([
      {
        ...declared,
        description: `Kargo receiver ${project}/bb at ${base}`,
        url: `${base}${first}`,
        secret: 'first-secret-8a47',
      },
      {
        ...declared,
        description: `Kargo receiver ${project}/other at ${base}`,
        url: `${base}${other}`,
        secret: 'other-secret-d302',
      },
    ]);
    expect(await condition()).toEqual(registered());
  });

  test('a push to the webhook refreshes the Warehouse, with no step made in Bitbucket', async () => {
    expect(await Promise.all(webhooks().map(push))).toEqual([REFRESHED, REFRESHED]);
    expect(await stage.objects.takeRefreshed()).toEqual([`Warehouse ${project}/main`]);
  });

  test('a second run changes nothing, and doctor finds every webhook as declared', async () => {
    expect(await register()).toEqual({ changed: 0, failures: [] });
    expect(await runDoctor(name, stage.emulator)).toMatchObject({ 'bitbucket webhooks': 'ok' });
  }, 60_000);

  test('until the status has the URL of a rotated secret, the webhook keeps the previous one', async () => {
    await rotateDemo(stage, demo);
    expect(await register()).toEqual({ changed: 0, failures: [] });
    expect(webhooks()).toMatchObject([{ url: `${base}${first}`, secret: 'first-secret-8a47' }, {}]);
    expect(await condition()).toEqual([
      'False',
      'ReceiverNotReady',
      `1 of 2 Bitbucket webhook(s) for the receivers at ${base}. ${SHOP} (receiver "bb"): receiver "bb" is not ready: ` +
        'its status does not publish the URL of its current secret yet. Its webhooks stay as they are. ' +
        `Registered: ${SHOP} (receiver "other").`,
    ]);
  });

  test('after one run of each function, the webhook has the URL and secret of the rotated one', async () => {
    const [before] = structuredClone(webhooks());
    expect(await frontDoor.reconcile()).toMatchObject({ failed: false });
    expect(await register()).toEqual({ changed: 1, failures: [] });
    const [after] = webhooks();
    expect(after).toEqual({ ...before, url: `${base}${second}`, secret: 'second-secret-19be' });
    expect(await push(after!)).toEqual(REFRESHED);
    // Bitbucket may still send what it has queued before.
    expect(await push(before!)).toEqual(REFRESHED);
    expect(await condition()).toEqual(registered());
  });

  const runForCondition = async (): Promise<unknown> => {
    expect(await register()).toEqual({ changed: 0, failures: [] });
    return condition();
  };
  const unreadable = `Secret "${secretNames[0]}" cannot be read: AccessDeniedException`;
  const GRANTS: readonly (readonly [sid: string, act: () => Promise<unknown>, becomes: unknown])[] = [
    [
      'ReadReceiverSecrets',
      runForCondition,
      ['False', 'ReceiverNotReady', expect.stringContaining(unreadable)],
    ],
    ['BatchReceiverSecrets', register, 'secret store unavailable: AccessDeniedException'],
    [
      'ReadKubeconfig',
      register,
      'cluster API not configured: Secret "kargo-front-door/kubeconfig" cannot be read: AccessDeniedException',
    ],
    [
      'ReadBitbucketCredentials',
      register,
      'Bitbucket credentials unavailable: Secret "kargo-front-door/bitbucket" cannot be read: AccessDeniedException',
    ],
  ];

  test.each(GRANTS)('the registrar needs %s', async (sid, act, becomes) => {
    expect(await stage.grants.without(registrar, sid, act)).toEqual(becomes);
    expect(webhooks()).toHaveLength(2);
    expect(await register()).toEqual({ changed: 0, failures: [] });
    expect(await condition()).toEqual(registered());
  });

  test('the registrar has no other rights', async () => {
    expect(await stage.grants.of(registrar)).toEqual(['WriteLogs', ...GRANTS.map(([sid]) => sid)]);
  });

  test.each([
    [registrar, 'read'],
    [receiver, 'AccessDeniedException'],
    [reconciler, 'AccessDeniedException'],
    [redelivery, 'AccessDeniedException'],
  ])('reading the credentials for Bitbucket with the role of %s: %s', async (role, result) => {
    expect(await readAsRole(stage.emulator.clientConfig, role, CREDENTIALS_ID)).toBe(result);
  });

  test('removing the annotation removes the webhooks and their condition', async () => {
    bitbucket.account.add('acme/shop', { description: 'CI', url: 'https://ci.example.com' });
    await annotate(null);
    expect(await register()).toEqual({ changed: 2, failures: [] });
    expect(webhooks()).toMatchObject([{ description: 'CI' }]);
    expect(await condition()).toBeUndefined();
  });

  test.each([
    [receiver, 'refreshed 1 warehouse(s)'],
    [reconciler, 'reconciled'],
    [registrar, SHOP],
  ])('no secret and no token is in the log of %s, which has "%s"', async (logging, expected) => {
    const log = (await stage.account.log(logging)).join('\n');
    expect(log).toContain(expected);
    for (const secret of [...Object.values(SECRETS), TOKEN]) expect(log).not.toContain(secret);
    expect(log).not.toMatch(SERVICE_ACCOUNT_TOKEN);
  });

  test('removing the deployment leaves its logs, and nothing else', async () => {
    await stage.secrets.delete(CREDENTIALS_ID);
    await deleteSecrets(stage, demo);
    await remove(frontDoor.packaged, stage.emulator);
    const logs = [
      `/aws/apigateway/${name}`,
      ...[receiver, reconciler, redelivery, registrar].map((one) => `/aws/lambda/${one}`),
    ];
    const left = [...frontDoor.before, ...logs.map((group) => `log group ${group}`)];
    expect(await inventory(stage.emulator.clientConfig)).toEqual(left.toSorted());
  });
});
