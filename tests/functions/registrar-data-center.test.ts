import { expect, test } from '@jest/globals';
import {
  annotated,
  BASE,
  startBitbucketTestbed,
  type BitbucketTestbed,
  type BitbucketTestbedOptions,
} from '../support/bitbucket-testbed.ts';
import { coldRegistrar } from '../support/cold-functions.ts';
import { lambdaContext, receiverPath } from '../support/deliver.ts';
import { project } from '../support/kargo-objects.ts';
import { useTestbed } from '../support/use-testbed.ts';

const URL_OF_BB = `${BASE}${receiverPath()}`;

let testbed: BitbucketTestbed;

useTestbed(() => testbed);

/** Starts the fakes with this subject, below the URL of Data Center, in the annotation. Returns the subject. */
async function start(kind: string, path: string, options: BitbucketTestbedOptions = {}): Promise<string> {
  testbed = await startBitbucketTestbed({ objects: annotated(project('demo'), ''), ...options });
  const subject = `${kind}:${testbed.dataCenterApi.url}${path}`;
  await testbed.annotate(subject);
  return subject;
}
const startWithWeb = (): Promise<string> => start('repository', '/scm/shop/web');

test('registers a webhook on a project of Data Center, and tests its connection once', async () => {
  await start('project', '/SHOP, pull-requests');
  await testbed.register();
  await testbed.register();
  expect(testbed.dataCenter.account.webhooksOf('SHOP')).toMatchObject([
    {
      description: `Kargo receiver demo/bb at ${BASE}`,
      url: URL_OF_BB,
      active: true,
      events: ['repo:refs_changed', 'pr:merged', 'pr:declined'],
      secret: 's3cret',
      verifiesTls: true,
    },
  ]);
  expect(testbed.dataCenter.tested).toEqual([URL_OF_BB]);
});

test('says that a version of Data Center has no webhooks of projects', async () => {
  const subject = await start('project', '/SHOP', { dataCenter: { hasProjectWebhooks: false } });
  await testbed.register();
  expect(await testbed.condition()).toEqual([
    'False',
    'Unsupported',
    `0 of 1 Bitbucket webhook(s) for the receivers at ${BASE}. ${subject}: HTTP 404: this version of Data Center has no webhooks of ` +
      'projects, which 8.8 and later have. Name repositories instead.',
  ]);
});

test('reports a connection test of Data Center that fails, until it passes', async () => {
  const subject = await startWithWeb();
  testbed.dataCenter.answers.set(URL_OF_BB, 404);
  // Of a server that does not count its test among the deliveries.
  testbed.dataCenterApi.fault = ({ path }) =>
    path.endsWith('/statistics/summary') ? { kind: 'answer', status: 200, body: {} } : undefined;
  await testbed.reconcile();
  const registrar = await coldRegistrar();
  const run = (): Promise<unknown> => registrar({}, lambdaContext({ remainingMs: 60_000 }));
  await run();
  await run();
  expect(await testbed.condition()).toEqual([
    'False',
    'ConnectionTestFailed',
    `0 of 1 Bitbucket webhook(s) for the receivers at ${BASE}. ${subject}: the webhook is registered, and the connection test of Data ` +
      "Center got HTTP 404. Check that Data Center reaches the receiver's URL.",
  ]);
  testbed.dataCenter.answers.clear();
  await run();
  expect(await testbed.condition()).toEqual(['True', 'WebhooksRegistered', expect.any(String)]);
});

test('keeps what it knows where the statistics of Data Center cannot be read', async () => {
  await startWithWeb();
  await testbed.register();
  testbed.dataCenterApi.fault = ({ path }) =>
    path.endsWith('/statistics/summary') ? { kind: 'answer', status: 500 } : undefined;
  await testbed.register();
  expect(await testbed.condition()).toEqual(['True', 'WebhooksRegistered', expect.any(String)]);
});

test('reports deliveries of Data Center that fail, from its statistics', async () => {
  const subject = await startWithWeb();
  await testbed.register();
  testbed.dataCenter.answers.set(URL_OF_BB, 503);
  await testbed.register();
  expect(await testbed.condition()).toEqual([
    'False',
    'DeliveriesFail',
    `0 of 1 Bitbucket webhook(s) for the receivers at ${BASE}. ${subject}: the webhook is registered, and its last delivery was answered ` +
      'HTTP 503. After repeated failures Data Center sends none for up to 10 hours. Correct the cause, then use Test connection in the ' +
      'settings of the webhook.',
  ]);
});
