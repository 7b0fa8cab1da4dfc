import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { examine } from '../../cli/doctor.ts';
import type { CheckResult } from '../../cli/doctor/check.ts';
import { deployedInstallation } from '../../cli/doctor/deployed-installation.ts';
import { RetryableError } from '../../lib/app/errors.ts';
import { bitbucket, projectConfig } from '../support/kargo-objects.ts';
import { skipWaits } from '../support/waits.ts';
import { BREAKAGES } from './breakages.ts';
import { CLUSTER_BREAKAGES } from './cluster-breakages.ts';
import { DoctorWorld } from './doctor-world.ts';

let world: DoctorWorld;

beforeEach(async () => {
  skipWaits();
  world = new DoctorWorld();
  await world.start();
});

afterEach(async () => {
  await world.stop();
  jest.useRealTimers();
  jest.restoreAllMocks();
});

type Row = CheckResult & { readonly check: string };

async function runDoctor(
  receiver?: { project: string; name: string },
  context?: string,
): Promise<{ status: number; rows: Row[] }> {
  let output = '';
  const print = (text: string): void => void (output += text);
  const status = await examine(deployedInstallation(world, context), { receiver, json: true }, print);
  return { status, rows: JSON.parse(output) as Row[] };
}
const stateOf = (rows: readonly Row[]) => Object.fromEntries(rows.map(({ check, state }) => [check, state]));
const config = projectConfig('demo', [bitbucket('bb')]);

test('a healthy deployment has no wrong row, and the exit status 0', async () => {
  const lines: string[] = [];
  const print = (text: string): void => void lines.push(text);
  expect(
    await examine(deployedInstallation(world, undefined), { receiver: undefined, json: false }, print),
  ).toBe(0);
  expect(lines).toEqual([
    `✓ settings            valid for receiver, reconciler; base URL ${world.base}`,
    '✓ cluster             reachable, Kubernetes v1.33.2',
    '✓ kargo               v1.11.0 in namespace kargo',
    `✓ kargo base URL      the same as Kargo's: ${world.base}`,
    '✓ admission           1 webhooks of Kargo; the policy kargo-front-door-receiver is in force',
    expect.stringMatching(/^✓ rights              \d+ rights granted$/),
    '✓ receivers           1 declared',
    '✓ secrets             1 present, readable and strong',
    '✓ status URLs         1 published',
    '✓ routes              1 receivers, 1 routes',
    expect.stringMatching(/^✓ lookup index        written \d+ s ago$/),
    '✓ alarms              2, none active',
    '✓ queue               0 waiting, no dead letters',
    '✓ other deployments   no other server publishes these receivers',
    '✓ previous secrets    none is accepted',
    '✓ leftovers           no secret and no route without a receiver',
    '✓ delivery            1 signed and accepted',
    '– bitbucket webhooks  not checked: this deployment has no credentials for Bitbucket: webhooks are made by hand',
    '– registrar           not checked: no config has its webhooks registered by this deployment',
    '\n17 right, 0 wrong, 2 not checked',
  ]);
});

const matching = (expected: string | RegExp): unknown =>
  typeof expected === 'string' ? expected : expect.stringMatching(expected);

describe('shows what is wrong, and following its advice makes it right:', () => {
  const all = [...BREAKAGES, ...CLUSTER_BREAKAGES];
  test.each(all)('$what', async ({ breakIt, check, fact, advice, followAdvice }) => {
    await breakIt(world);
    const broken = await runDoctor();
    expect(broken.status).toBe(1);
    const row = broken.rows.find((one) => one.check === check);
    expect(row).toMatchObject({
      check,
      state: 'failed',
      problems: [{ fact: matching(fact), advice: matching(advice) }],
    });
    await followAdvice(world);
    const repaired = await runDoctor();
    expect(repaired.rows.find((one) => one.check === check)).toMatchObject({ state: 'ok' });
  });
});

test('without the functions nothing else is wrong, only unknown', async () => {
  const error = new RetryableError('Lambda cannot be read', { detail: 'no credentials' });
  jest.spyOn(world, 'environmentOf').mockRejectedValue(error);
  const { status, rows } = await runDoctor();
  expect(rows.filter(({ state }) => state === 'failed').map(({ check }) => check)).toEqual(['settings']);
  expect(rows.find(({ check }) => check === 'cluster')).toMatchObject({
    state: 'skipped',
    reason: 'Lambda cannot be read: no credentials',
  });
  expect(status).toBe(1);
});

test('a check that cannot run says why, and does not end the others', async () => {
  world.testbed.cluster.fault = () => ({ kind: 'cut' });
  const { status, rows } = await runDoctor();
  expect(status).toBe(1);
  const unreachable = expect.stringMatching(/^cluster API unreachable: /);
  expect(rows.find(({ check }) => check === 'secrets')).toEqual({
    check: 'secrets',
    state: 'skipped',
    reason: unreachable,
  });
  expect(stateOf(rows)).toEqual({
    settings: 'ok',
    cluster: 'failed',
    kargo: 'skipped',
    'kargo base URL': 'skipped',
    admission: 'skipped',
    rights: 'skipped',
    receivers: 'skipped',
    secrets: 'skipped',
    'status URLs': 'skipped',
    routes: 'skipped',
    'lookup index': 'skipped',
    alarms: 'ok',
    queue: 'ok',
    'other deployments': 'skipped',
    'previous secrets': 'skipped',
    leftovers: 'skipped',
    delivery: 'skipped',
    'bitbucket webhooks': 'skipped',
    registrar: 'skipped',
  });
});

test('a deployment of a package registry alone has no cluster to check', async () => {
  const { KUBECONFIG: _kubeconfig, ROUTES_API_ID: _api, ...settings } = world.environments.receiver ?? {};
  const registry = {
    CARGOMAN_URL: 'https://packages.example.com',
    CARGOMAN_TOKEN_SECRET_ID: 'packages/token',
  };
  world.environments = { receiver: { ...settings, ...registry } };
  const { status, rows } = await runDoctor();
  const reason = 'this deployment has no cluster';
  expect(rows.find(({ check }) => check === 'cluster')).toEqual({
    check: 'cluster',
    state: 'skipped',
    reason,
  });
  expect(stateOf(rows)).toMatchObject({ settings: 'ok', alarms: 'ok', queue: 'ok' });
  expect(status).toBe(0);
});

describe('a context of the kubeconfig', () => {
  test('is used instead of what the functions use', async () => {
    // The functions themselves would fail.
    world.setAll('KUBECONFIG', '/missing');
    const { status, rows } = await runDoctor(undefined, 'test');
    expect(stateOf(rows)).toMatchObject({ cluster: 'ok', rights: 'ok', secrets: 'ok' });
    expect(status).toBe(0);
  });

  test('that does not exist is named as such', async () => {
    const { rows } = await runDoctor(undefined, 'typo');
    expect(rows.find(({ check }) => check === 'cluster')).toMatchObject({
      state: 'failed',
      problems: [{ fact: expect.stringMatching(/context "typo" of .*names no cluster with a server URL/) }],
    });
  });
});

describe('one receiver', () => {
  test('is checked alone', async () => {
    await world.testbed.objects.patch(config, {
      spec: { webhookReceivers: [bitbucket('bb'), bitbucket('other', 'gone')] },
    });
    expect(stateOf((await runDoctor({ project: 'demo', name: 'bb' })).rows)).toMatchObject({
      secrets: 'ok',
      delivery: 'ok',
    });
    expect(stateOf((await runDoctor({ project: 'demo', name: 'other' })).rows)).toMatchObject({
      secrets: 'failed',
    });
  });

  test('that does not exist is named as such', async () => {
    const { rows } = await runDoctor({ project: 'demo', name: 'typo' });
    expect(rows.find(({ check }) => check === 'receivers')).toEqual({
      check: 'receivers',
      state: 'failed',
      problems: [
        {
          fact: 'there is no Bitbucket receiver demo/typo that this deployment serves',
          advice: 'Receivers: demo/bb. See also PROJECTS.',
        },
      ],
    });
  });
});
