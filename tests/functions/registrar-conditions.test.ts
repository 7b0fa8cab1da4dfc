import { afterEach, beforeAll, expect, test } from '@jest/globals';
import { annotated, startBitbucketTestbed, type BitbucketTestbed } from '../support/bitbucket-testbed.ts';
import { project } from '../support/kargo-objects.ts';
import { loadReconciler, LOADING_TIMEOUT_MS } from '../support/load-reconciler.ts';
import { skipWaits } from '../support/waits.ts';

let testbed: BitbucketTestbed;

beforeAll(loadReconciler, LOADING_TIMEOUT_MS);
afterEach(() => testbed.close());

test.each<[what: string, message: string, outcome: unknown]>([
  ['its project is too large for it', 'etcdserver: request is too large', []],
  [
    'a policy denies it',
    'admission webhook "p" denied the request: request is too large',
    '1 failed: ProjectConfig demo/demo: its condition could not be written',
  ],
])('a condition that cannot be written because %s', async (_what, message, outcome) => {
  skipWaits();
  testbed = await startBitbucketTestbed({
    objects: annotated(project('demo'), 'repository:https://bitbucket.org/acme/shop'),
  });
  await testbed.reconcile();
  const body = { kind: 'Status', message };
  testbed.cluster.fault = ({ method, path }) =>
    method === 'PATCH' && path.endsWith('/status') ? { kind: 'answer', status: 500, body } : undefined;
  const registered = testbed.register() as Promise<{ readonly failures: readonly string[] }>;
  expect(
    await registered.then(
      ({ failures }) => failures,
      (error: Error) => error.message,
    ),
  ).toEqual(outcome);
  expect(testbed.cloud.account.webhooksOf('acme/shop')).toHaveLength(1);
});
