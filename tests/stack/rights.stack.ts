import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { until } from '../cluster/functions/until.ts';
import { removeIndex } from '../support/testbed.ts';
import { resultOf } from './account.ts';
import {
  createDemo,
  deleteSecrets,
  demoOf,
  deployFrontDoor,
  namesOf,
  queuedPush,
  REFRESHED,
  rotateDemo,
  type FrontDoor,
} from './deployed-front-door.ts';
import { remove, TOOLS } from './deployments.ts';
import { startStage, type Stage } from './stage.ts';

const UNAVAILABLE = { status: 503, body: { error: 'temporarily unavailable' } };

const queued = (reason: string) => ({ status: 202, body: { msg: `queued: ${reason}` } });

let stage: Stage;

beforeAll(async () => {
  stage = await startStage({ auth: true });
});

afterAll(() => stage?.close());

describe.each(TOOLS)('the rights of a deployment with %s', (tool) => {
  const { receiver, reconciler, redelivery } = namesOf(tool);
  const demo = demoOf(tool);
  const { project, main, config, withoutReceiver, secretNames, first, second } = demo;
  let frontDoor: FrontDoor;

  beforeAll(async () => {
    frontDoor = await deployFrontDoor(tool, stage);
    await stage.account.stopSchedules();
    await createDemo(stage, demo);
    await rotateDemo(stage, demo);
    await frontDoor.reconcile();
  });

  afterAll(async () => {
    await deleteSecrets(stage, demo);
    await remove(frontDoor.packaged, stage.emulator);
    await stage.objects.delete(config);
    await stage.objects.delete(main);
  });

  /** Sends a message to the retry queue, and returns whether it is still there after the function has run. */
  const isKept = async (message: object | string): Promise<boolean> => {
    const runs = await stage.account.runs(redelivery);
    await stage.queues.send(
      frontDoor.retries,
      typeof message === 'string' ? message : JSON.stringify(message),
    );
    await until(async () => (await stage.account.runs(redelivery)) > runs);
    const left = await stage.queues.count(frontDoor.retries);
    await stage.queues.purge(frontDoor.retries);
    return left === 1;
  };

  const run = async (): Promise<unknown> => resultOf(await frontDoor.reconcile());
  const runWithoutReceiver = async (): Promise<unknown> => {
    await stage.objects.patch(config, withoutReceiver);
    return run();
  };
  const current = () => frontDoor.post(second, 'second');
  /** Without the index and its copy, and with a URL that is no longer in the status, the receiver searches all secrets for it. */
  const previous = async () => {
    await removeIndex(stage.objects);
    return stage.grants.without(receiver, 'ReadReceiversCopy', () => frontDoor.post(first, 'first'));
  };
  /** The second run is warm: it reads what was changed, where it can list that. */
  const runAfterRotation = async (): Promise<unknown> => {
    await run();
    await stage.secrets.rotate(secretNames[1], 'something else');
    return run();
  };
  const unnoticed = { configs: 1, written: 0, failures: [] };
  const noRoutes = (verb: string): string =>
    `1 failed: routes could not be ${verb}: API Gateway unavailable: AccessDeniedException`;
  const noKubeconfig =
    'cluster API not configured: Secret "kargo-front-door/kubeconfig" cannot be read: AccessDeniedException';
  const noCopy =
    '1 failed: the copy of the receivers could not be written: secret store unavailable: AccessDeniedException';
  const noStore = 'secret store unavailable: AccessDeniedException';

  /** Runs the reconciler and returns the reason of the condition that it writes. */
  const runForReason = async (): Promise<unknown> => {
    await run();
    const { status } = await stage.objects.get('ProjectConfig', project, project);
    return (status as { conditions: { reason: string }[] }).conditions[0]?.reason;
  };

  const GRANTS: readonly {
    readonly role: string;
    readonly sid: string;
    /** Whose policy allows the same, and is removed too. */
    readonly queue?: () => string;
    readonly act: () => Promise<unknown>;
    readonly becomes: unknown;
  }[] = [
    { role: receiver, sid: 'ReadReceiverSecrets', act: current, becomes: UNAVAILABLE },
    { role: receiver, sid: 'BatchReceiverSecrets', act: previous, becomes: UNAVAILABLE },
    {
      role: receiver,
      sid: 'ReadReceiversCopy',
      act: () => frontDoor.postColdWhileDown(second, 'second'),
      becomes: UNAVAILABLE,
    },
    { role: receiver, sid: 'ReadKubeconfig', act: current, becomes: queued('cluster API not configured') },
    {
      role: receiver,
      sid: 'QueueUnfinished',
      queue: () => frontDoor.retries,
      act: () => frontDoor.postWhileDown(second, 'second'),
      becomes: { status: 503, body: { error: 'cluster API unreachable' } },
    },
    { role: redelivery, sid: 'ReadKubeconfig', act: () => isKept(queuedPush(demo)), becomes: true },
    {
      role: redelivery,
      sid: 'ReceiveUnfinished',
      queue: () => frontDoor.retries,
      act: () => isKept('hello'),
      becomes: true,
    },
    {
      role: redelivery,
      sid: 'BuryMessages',
      queue: () => frontDoor.deadLetters,
      act: () => isKept('hello'),
      becomes: true,
    },
    { role: reconciler, sid: 'ReadReceiverSecrets', act: runForReason, becomes: 'SecretUnreadable' },
    { role: reconciler, sid: 'BatchReceiverSecrets', act: run, becomes: noStore },
    { role: reconciler, sid: 'ListSecretChanges', act: runAfterRotation, becomes: unnoticed },
    { role: reconciler, sid: 'WriteReceiversCopy', act: run, becomes: noCopy },
    { role: reconciler, sid: 'ReadKubeconfig', act: run, becomes: noKubeconfig },
    { role: reconciler, sid: 'ListAndAddRoutes', act: run, becomes: noRoutes('added') },
    { role: reconciler, sid: 'RemoveRoutes', act: runWithoutReceiver, becomes: noRoutes('removed') },
    { role: reconciler, sid: 'FindIntegration', act: run, becomes: noRoutes('added') },
  ];

  test.each(GRANTS)('$role needs $sid', async ({ role, sid, queue, act, becomes }) => {
    const became = await stage.grants.without(role, sid, () =>
      queue === undefined ? act() : stage.queues.withoutPolicy(queue(), act),
    );
    await stage.objects.patch(config, { spec: config.spec });
    expect(became).toEqual(becomes);
    expect(await frontDoor.reconcile()).toMatchObject({ failed: false });
    expect(await current()).toEqual(REFRESHED);
    // What was queued meanwhile is done now.
    await until(async () => (await stage.queues.count(frontDoor.retries)) === 0);
  });

  test('with all rights, a previous URL is found without the index and its copy', async () => {
    expect(await previous()).toEqual(REFRESHED);
    expect(await frontDoor.reconcile()).toMatchObject({ failed: false });
  });

  test('each role has no other rights', async () => {
    const shown = (ofRole: string): string[] =>
      GRANTS.flatMap(({ role, sid }) => (role === ofRole ? sid : []));
    // The emulator writes the logs itself.
    expect(await stage.grants.of(receiver)).toEqual(['WriteLogs', ...shown(receiver)]);
    expect(await stage.grants.of(reconciler)).toEqual(['WriteLogs', ...shown(reconciler)]);
    // A message of which a part is done is shown on the fakes: tests/functions/redelivery.test.ts.
    expect((await stage.grants.of(redelivery)).toSorted()).toEqual(
      ['WriteLogs', 'QueueUnfinished', ...shown(redelivery)].toSorted(),
    );
  });
});
