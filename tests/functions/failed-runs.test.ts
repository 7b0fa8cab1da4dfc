import { expect, test } from '@jest/globals';
import { CREDENTIALS_SECRET, startBitbucketTestbed } from '../support/bitbucket-testbed.ts';
import { ConsoleLines } from '../support/console-lines.ts';
import { startTestbed, type Testbed } from '../support/testbed.ts';
import { useTestbed } from '../support/use-testbed.ts';

let testbed: Testbed;

useTestbed(() => testbed);

test('a run of the reconciler that ends early is logged with its error', async () => {
  testbed = await startTestbed({ settings: { LOG_LEVEL: 'INFO' } });
  await testbed.cluster.stop();
  const lines = new ConsoleLines();
  await expect(testbed.reconcile()).rejects.toThrow('cluster API unreachable');
  const [{ error }, ...others] = lines.takeLogs('run failed') as [{ readonly error: unknown }];
  expect(others).toEqual([]);
  expect(error).toMatchObject({
    name: 'RetryableError',
    message: expect.stringMatching(/^cluster API unreachable/),
    stack: expect.stringMatching(/\n {4}at /),
  });
});

test('a run of the registrar that ends early is logged with its error', async () => {
  const registrar = await startBitbucketTestbed({ settings: { LOG_LEVEL: 'INFO' } });
  testbed = registrar;
  await registrar.secrets.rotate(CREDENTIALS_SECRET, 'token');
  const lines = new ConsoleLines();
  await expect(registrar.register()).rejects.toThrow('Bitbucket credentials unavailable');
  expect(lines.takeLogs('run failed')).toMatchObject([
    { error: { message: expect.stringMatching(/^Bitbucket credentials unavailable/) } },
  ]);
});
