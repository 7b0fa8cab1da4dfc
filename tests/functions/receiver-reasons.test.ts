import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { passSeconds, stopClock } from '../support/clock.ts';
import { ConsoleLines } from '../support/console-lines.ts';
import { deliver, receiverPath, type DeliveryOptions, type ReceiverHandler } from '../support/deliver.ts';
import { bitbucket, clusterConfig, project, promotion, warehouse } from '../support/kargo-objects.ts';
import { cloudPullRequest, cloudPush } from '../support/payloads.ts';
import { startTestbed, type Testbed } from '../support/testbed.ts';

const pullRequest = (id: number) => `https://bitbucket.org/acme/shop/pull-requests/${id}`;
const CROWD = Array.from({ length: 101 }, (_, index) => warehouse('crowd', `w${index}`, { branch: 'dev' }));

let testbed: Testbed;
let handler: ReceiverHandler;
let output: ConsoleLines;

beforeAll(async () => {
  stopClock();
  testbed = await startTestbed({
    objects: [
      ...project('demo'),
      ...project('crowd'),
      clusterConfig([bitbucket('all')]),
      warehouse('demo', 'main'),
      warehouse('demo', 'dev', { branch: 'dev' }),
      warehouse('demo', 'blog', { repoURL: 'https://bitbucket.org/acme/blog' }),
      warehouse('demo', 'releases', {
        commitSelectionStrategy: 'NewestTag',
        allowTagsRegexes: ['^release-'],
      }),
      warehouse('demo', 'broken', { commitSelectionStrategy: 'NewestTag', allowTagsRegexes: ['('] }),
      promotion('demo', 'waits', pullRequest(7)),
      promotion('demo', 'waits-for-another', pullRequest(8)),
      promotion('demo', 'ended', pullRequest(7), { status: { phase: 'Succeeded' } }),
      ...CROWD,
    ],
    secrets: {
      'kargo/demo/bitbucket': 's3cret',
      'kargo/crowd/bitbucket': 's3cret',
      'kargo/kargo-system-resources/bitbucket': 's3cret',
    },
    settings: { LOG_LEVEL: 'DEBUG' },
  });
  handler = await testbed.receiver();
  output = new ConsoleLines();
});

beforeEach(() => {
  passSeconds(31);
  output.lines.length = 0;
  testbed.cluster.reset();
  testbed.store.reset();
});

afterAll(async () => {
  jest.restoreAllMocks();
  await testbed.close();
});

const send = (options: DeliveryOptions = {}) =>
  deliver(handler, { ...options, headers: { 'x-request-uuid': 'f3ae' } });

describe('the line of a delivery counts, by reason, the objects that it does not affect', () => {
  test.each<[what: string, delivery: DeliveryOptions, unaffected: object | undefined]>([
    [
      'a branch',
      { payload: cloudPush('acme/shop', 'main') },
      { 'other-branch': 1, 'other-repository': 1, 'no-tag': 2 },
    ],
    [
      'a tag',
      { payload: cloudPush('acme/shop', 'tag v1') },
      { 'other-branch': 2, 'other-repository': 1, 'tag-not-allowed': 1 },
    ],
    [
      'a pull request',
      { event: 'pullrequest:fulfilled', payload: cloudPullRequest() },
      { 'other-pull-request': 1 },
    ],
    [
      'all projects',
      { project: '', receiver: 'all', payload: cloudPush('acme/blog', 'main') },
      { 'other-repository': 105 },
    ],
    ['an event that nothing is done for', { event: 'repo:fork' }, undefined],
  ])('of %s', async (_what, delivery, unaffected) => {
    await send(delivery);
    expect(output.takeLogs('delivery').map((line) => line['unaffected'])).toEqual([unaffected]);
  });
});

describe('at the level DEBUG each object has a line with the reason in words', () => {
  test.each<[what: string, delivery: DeliveryOptions, reasons: Record<string, string>]>([
    [
      'push',
      { payload: cloudPush('acme/shop', 'tag v1') },
      {
        'demo/main': 'spec.subscriptions[0].git: branch "main" is selected; pushed: tag "v1"',
        'demo/dev': 'spec.subscriptions[0].git: branch "dev" is selected; pushed: tag "v1"',
        'demo/blog': 'subscribed to https://bitbucket.org/acme/blog; pushed to bitbucket.org/acme/shop',
        'demo/releases':
          'spec.subscriptions[0].git: allowTagsRegexes (^release-) allow none of the pushed tags: "v1"',
      },
    ],
    [
      'pull request',
      { event: 'pullrequest:rejected', payload: cloudPullRequest() },
      {
        'demo/waits-for-another': `waits for ${pullRequest(8)}; closed: ${pullRequest(7)}`,
      },
    ],
  ])('that says why a %s does not affect it', async (_what, delivery, reasons) => {
    await send(delivery);
    const lines = output.takeLogs('object not affected').map(({ object, reason }) => [object, reason]);
    expect(Object.fromEntries(lines)).toEqual(reasons);
  });

  test('up to 100 of a project, which take no line from those that are skipped', async () => {
    await send({ project: 'crowd' });
    expect(output.takeLogs('object not affected')).toHaveLength(100);
    await send({ project: '', receiver: 'all', payload: cloudPush('acme/shop', 'tag v1') });
    expect(output.takeLogs('object skipped')).toMatchObject([{ object: 'demo/broken' }]);
  });
});

describe('every line of a delivery names its request, receiver and project', () => {
  const answerTo = (end: string, status: number): void => {
    const headers = { 'retry-after': '60' };
    testbed.cluster.fault = ({ path }) =>
      path.endsWith(end) ? { kind: 'answer', status, headers } : undefined;
  };

  test.each<[what: string, arrange: () => void, delivery: DeliveryOptions, messages: string[]]>([
    [
      'a refresh that fails',
      () => answerTo('/main', 503),
      {},
      ['object not affected', 'refresh failed', 'delivery'],
    ],
    [
      'a refresh that is refused',
      () => answerTo('/main', 422),
      {},
      ['object not affected', 'refresh refused by the cluster', 'delivery'],
    ],
    [
      'a Warehouse that is skipped',
      () => undefined,
      { payload: cloudPush('acme/shop', 'tag v1') },
      ['object not affected', 'object skipped', 'delivery'],
    ],
    ['an internal error', () => answerTo('/warehouses?limit=50', 400), {}, ['delivery']],
    ['an outage of the cluster', () => answerTo('/warehouses?limit=50', 503), {}, ['delivery']],
    ['a rejected signature', () => undefined, { signedWith: 'forged' }, ['delivery']],
  ])('%s', async (_what, arrange, delivery, messages) => {
    arrange();
    await send(delivery);
    const lines = output.lines.filter((line) => 'message' in line);
    expect([...new Set(lines.map(({ message }) => message))]).toEqual(messages);
    expect(lines.map(({ requestUuid, receiver, project: name }) => [requestUuid, receiver, name])).toEqual(
      lines.map(() => ['f3ae', 'bb', 'demo']),
    );
  });

  test('as the receiver of the ClusterConfig, which belongs to no project', async () => {
    await send({ project: '', receiver: 'all', payload: cloudPush('acme/shop', 'tag v1') });
    expect(output.takeLogs('object skipped')).toMatchObject([{ receiver: 'all', project: '(cluster)' }]);
  });

  test('and none of the delivery before it', async () => {
    await send();
    output.lines.length = 0;
    await deliver(handler, { path: receiverPath('demo', 'bb', 'unknown') });
    const [line] = output.takeLogs('delivery');
    expect(line).toMatchObject({ status: 404 });
    expect(line).not.toHaveProperty('requestUuid');
    expect(line).not.toHaveProperty('receiver');
    expect(line).not.toHaveProperty('project');
  });
});
