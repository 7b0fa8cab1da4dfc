import { afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { stopClock } from '../support/clock.ts';
import { bitbucket, clusterConfig, project, projectConfig } from '../support/kargo-objects.ts';
import { loadReconciler, LOADING_TIMEOUT_MS } from '../support/load-reconciler.ts';
import { startTestbed, type Testbed } from '../support/testbed.ts';
import { skipWaits } from '../support/waits.ts';

const HASH = '1907723f0dad3263464cb73611e7ba90b4d633c29c1603bd4750e8e37e11bea3';
const demo = projectConfig('demo', []);
const github = { name: 'gh', path: '/kargo/github/abc', url: 'https://hooks.example.com/kargo/github/abc' };

let testbed: Testbed;

beforeAll(loadReconciler, LOADING_TIMEOUT_MS);
beforeEach(async () => {
  stopClock();
  skipWaits();
  testbed = await startTestbed({
    objects: [...project('demo'), ...project('zoo')],
    secrets: { 'kargo/demo/bitbucket': 's3cret', 'kargo/zoo/bitbucket': 's3cret' },
  });
});

afterEach(() => testbed.close());

const statusOf = async (name: string) => (await testbed.objects.get('ProjectConfig', name, name)).status;
const nameOf = async (name: string) => {
  const status = (await statusOf(name)) as { webhookReceivers?: { path: string }[] } | undefined;
  return status?.webhookReceivers?.map(({ path }) => path);
};
const demoPath = [`/kargo/bitbucket/${HASH}`];
const isStatusOf = (name: string, path: string): boolean => path.endsWith(`/projectconfigs/${name}/status`);

describe('a concurrent change by another writer', () => {
  test('of the status is kept together with the own one', async () => {
    let times = 1;
    testbed.cluster.fault = async ({ path }) => {
      if (isStatusOf('demo', path) && times-- > 0)
        await testbed.objects.patchStatus(demo, { webhookReceivers: [github] });
      return undefined;
    };
    expect(await testbed.reconcile()).toEqual({ configs: 2, written: 2, failures: [] });
    expect(await nameOf('demo')).toEqual([...demoPath, github.path]);
  });

  test('to the planned status leaves nothing to write', async () => {
    await testbed.reconcile();
    const status = await statusOf('demo');
    await testbed.objects.patchStatus(demo, { webhookReceivers: null, conditions: null });
    testbed.cluster.fault = async ({ path }) => {
      if (isStatusOf('demo', path)) await testbed.objects.patchStatus(demo, status);
      return undefined;
    };
    expect(await testbed.reconcile()).toEqual({ configs: 2, written: 0, failures: [] });
    expect(await statusOf('demo')).toEqual(status);
  });

  test('of the spec is followed', async () => {
    let times = 1;
    testbed.cluster.fault = async ({ path }) => {
      if (isStatusOf('demo', path) && times-- > 0)
        await testbed.objects.patch(demo, { spec: { webhookReceivers: [bitbucket('gone', 'gone')] } });
      return undefined;
    };
    await testbed.reconcile();
    expect(await statusOf('demo')).toMatchObject({
      webhookReceivers: [],
      conditions: [{ reason: 'SecretMissing', observedGeneration: 2 }],
    });
  });

  test('that declares a receiver publishes its URL in the next run, when the index has it', async () => {
    await testbed.secrets.create('kargo/demo/late', 's3cret');
    let times = 1;
    testbed.cluster.fault = async ({ path }) => {
      const webhookReceivers = [bitbucket('bb'), bitbucket('late', 'late')];
      if (isStatusOf('demo', path) && times-- > 0)
        await testbed.objects.patch(demo, { spec: { webhookReceivers } });
      return undefined;
    };
    await testbed.reconcile();
    expect(await statusOf('demo')).toMatchObject({
      webhookReceivers: [{ name: 'bb' }],
      conditions: [{ reason: 'RouteMissing', observedGeneration: 2 }],
    });
    await testbed.reconcile();
    expect(await statusOf('demo')).toMatchObject({ webhookReceivers: [{ name: 'bb' }, { name: 'late' }] });
  });

  test('that deletes the project does not affect the others', async () => {
    testbed.cluster.fault = async ({ path }) => {
      if (isStatusOf('demo', path)) await testbed.objects.delete(demo);
      return undefined;
    };
    expect(await testbed.reconcile()).toEqual({ configs: 2, written: 1, failures: [] });
    expect(await nameOf('zoo')).toHaveLength(1);
  });

  test('at every attempt fails the run and does not affect the others', async () => {
    let turn = 0;
    testbed.cluster.fault = async ({ path }) => {
      turn += 1;
      if (isStatusOf('demo', path))
        await testbed.objects.patchStatus(demo, { lastHandledRefresh: String(turn) });
      return undefined;
    };
    await expect(testbed.reconcile()).rejects.toThrow(/^1 failed: ProjectConfig demo\/demo: /);
    expect(await nameOf('zoo')).toHaveLength(1);
  });
});

describe('the run fails and does not affect the others', () => {
  test('when a write fails', async () => {
    testbed.cluster.fault = ({ path }) =>
      isStatusOf('zoo', path) ? { kind: 'answer', status: 422, body: { kind: 'Status' } } : undefined;
    await expect(testbed.reconcile()).rejects.toThrow(
      /^1 failed: ProjectConfig zoo\/zoo: .*status could not be written/,
    );
    expect(await nameOf('demo')).toEqual(demoPath);
    testbed.cluster.reset();
    expect(await testbed.reconcile()).toEqual({ configs: 2, written: 1, failures: [] });
  });

  test('when the cluster refuses a write', async () => {
    testbed.cluster.fault = ({ path }) =>
      isStatusOf('demo', path) ? { kind: 'answer', status: 403 } : undefined;
    await expect(testbed.reconcile()).rejects.toThrow(/^1 failed: ProjectConfig demo\/demo: /);
    expect(await nameOf('zoo')).toHaveLength(1);
  });

  test('when a config cannot be read', async () => {
    await testbed.objects.create(clusterConfig([]));
    testbed.cluster.fault = ({ path }) =>
      path.includes('/projectconfigs?')
        ? {
            kind: 'rewrite',
            rewrite: (answer) => answer.replace('"webhookReceivers":[', '"webhookReceivers":"x","x":['),
          }
        : undefined;
    await expect(testbed.reconcile()).rejects.toThrow(
      '1 failed: ProjectConfig demo/demo: spec.webhookReceivers cannot be read',
    );
    expect(await nameOf('demo')).toBeUndefined();
    expect(await nameOf('zoo')).toHaveLength(1);
  });
});

describe('a secret that cannot be read is reported in the condition and does not fail the run', () => {
  const unreadable = (reason: string) => ({
    conditions: [
      {
        status: 'False',
        reason: 'SecretUnreadable',
        message: `receiver "bb": Secret "kargo/demo/bitbucket" cannot be read: ${reason}`,
      },
    ],
  });
  const POLICY = 'Check its resource policy and the policy of its KMS key; it is read again every minute.';
  const inBatch = (rewrite: (answer: string) => string): void => {
    testbed.store.fault = ({ operation }) =>
      operation === 'BatchGetSecretValue' ? { kind: 'rewrite', rewrite } : undefined;
  };

  test.each([
    ['AccessDeniedException', POLICY],
    ['DecryptionFailure', POLICY],
    ['InternalServiceError', 'It is read again every minute.'],
  ])('when the store answers %s for it, and its URL is kept', async (code, advice) => {
    await testbed.reconcile();
    inBatch((answer) => denyDemo(answer, code));
    expect(await testbed.reconcile()).toEqual({ configs: 2, written: 1, failures: [] });
    expect(await nameOf('demo')).toEqual(demoPath);
    expect(await statusOf('demo')).toMatchObject(unreadable(`${code}. ${advice}`));
    expect(await testbed.reconcile()).toEqual({ configs: 2, written: 0, failures: [] });
  });

  test('when a batch has no answer for it', async () => {
    inBatch((answer) => JSON.stringify({ ...JSON.parse(denyDemo(answer)), Errors: [] }));
    expect(await testbed.reconcile()).toEqual({ configs: 2, written: 2, failures: [] });
    expect(await nameOf('demo')).toEqual([]);
    expect(await statusOf('demo')).toMatchObject(
      unreadable('the store returned nothing for it. It is read again every minute.'),
    );
    expect(await nameOf('zoo')).toHaveLength(1);
  });

  test.each(['DecryptionFailure', 'InternalServiceError'])(
    'when the whole batch answers %s because of it',
    async (code) => {
      testbed.store.fault = ({ operation, body }) =>
        operation === 'BatchGetSecretValue' || body.includes('kargo/demo/')
          ? { kind: 'answer', status: 400, body: { __type: code } }
          : undefined;
      expect(await testbed.reconcile()).toEqual({ configs: 2, written: 2, failures: [] });
      expect(await statusOf('demo')).toMatchObject({ conditions: [{ reason: 'SecretUnreadable' }] });
      expect(await nameOf('zoo')).toHaveLength(1);
    },
  );
});

test('a config that is too large for its status fails neither the run nor the others', async () => {
  const body = { kind: 'Status', message: 'etcdserver: request is too large' };
  testbed.cluster.fault = ({ path }) =>
    path.includes('/demo/status') ? { kind: 'answer', status: 500, body } : undefined;
  expect(await testbed.reconcile()).toEqual({ configs: 2, written: 1, failures: [] });
  expect(await nameOf('zoo')).toHaveLength(1);
});

test('a batch of secrets that is answered in parts is read to its end', async () => {
  let rest: object = {};
  const rewrite = (answer: string): string => {
    const { SecretValues: values } = JSON.parse(answer) as { SecretValues: object[] };
    rest = { SecretValues: values.splice(1) };
    return JSON.stringify({ SecretValues: values, NextToken: 'more' });
  };
  testbed.store.fault = ({ operation, body }) => {
    if (body.includes('NextToken')) return { kind: 'answer', status: 200, body: rest };
    return operation === 'BatchGetSecretValue' ? { kind: 'rewrite', rewrite } : undefined;
  };
  await testbed.reconcile();
  expect(await nameOf('zoo')).toHaveLength(1);
});

describe('nothing is written', () => {
  test('while the cluster is unreachable', async () => {
    await testbed.cluster.stop();
    await expect(testbed.reconcile()).rejects.toThrow('cluster API unreachable');
  });

  test.each(['InternalServiceError', 'UnrecognizedClientException'])(
    'while the secret store answers %s',
    async (name) => {
      await testbed.reconcile();
      const before = await statusOf('demo');
      testbed.store.fault = () => ({ kind: 'answer', status: 400, body: { __type: name } });
      await expect(testbed.reconcile()).rejects.toThrow(`secret store unavailable: ${name}`);
      expect(await statusOf('demo')).toEqual(before);
    },
  );
});

/** Replaces the secret of `demo` in a batch's answer by an error. */
function denyDemo(answer: string, ErrorCode = 'AccessDeniedException'): string {
  const SecretId = 'kargo/demo/bitbucket';
  const { SecretValues } = JSON.parse(answer) as { SecretValues: { Name: string }[] };
  return JSON.stringify({
    SecretValues: SecretValues.filter(({ Name }) => Name !== SecretId),
    Errors: [{ SecretId, ErrorCode, Message: 'no' }],
  });
}
