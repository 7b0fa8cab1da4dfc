import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { loopbackKubeconfig } from '../../local/chosen-cluster.ts';
import { explainDelivery } from '../../local/explain-delivery.ts';
import { readExplainOptions } from '../../local/explain-options.ts';
import { startFakeKubernetes } from '../../local/fakes/kubernetes/fake-kubernetes.ts';
import type { LoopbackServer } from '../../local/fakes/loopback-server.ts';
import { bitbucket, clusterConfig, project, promotion, warehouse } from '../support/kargo-objects.ts';
import { LoopbackProxy } from '../support/loopback-proxy.ts';
import { cloudPullRequest, cloudPush, refsChanged } from '../support/payloads.ts';

const pullRequest = (id: number) => `https://bitbucket.org/acme/shop/pull-requests/${id}`;
const tags = (fields: object = {}) => ({ commitSelectionStrategy: 'NewestTag', ...fields });
const versions = (fields: object = {}) => ({ commitSelectionStrategy: 'SemVer', ...fields });

let fake: LoopbackServer;
let cluster: LoopbackProxy;
let folder: string;

beforeAll(async () => {
  fake = await startFakeKubernetes({
    port: 0,
    objects: [
      ...project('demo'),
      ...project('empty'),
      clusterConfig([bitbucket('all')]),
      warehouse('demo', 'dev', { branch: 'dev' }),
      warehouse('demo', 'unset', {}),
      warehouse('demo', 'blog', { repoURL: 'https://bitbucket.org/acme/blog.git' }),
      { ...warehouse('demo', 'images'), spec: { subscriptions: [{ image: { repoURL: 'acme/shop' } }] } },
      warehouse('demo', 'newest', { strategy: 'x' }, tags()),
      warehouse('demo', 'allowed', tags({ allowTagsRegexes: ['^v', '^release-'] })),
      warehouse('demo', 'ignored', tags({ ignoreTagsRegexes: ['^2'] })),
      warehouse('demo', 'strict', versions({ strictSemvers: true })),
      warehouse('demo', 'constraint', versions({ semverConstraint: '^1.0.0' })),
      warehouse('demo', 'unknown', { commitSelectionStrategy: 'Oldest' }),
      warehouse('demo', 'broken', tags({ allowTagsRegexes: ['('] })),
      promotion('demo', 'same', pullRequest(7)),
      promotion('demo', 'other', pullRequest(8)),
      promotion('demo', 'ended', pullRequest(7), { status: { phase: 'Failed' } }),
      promotion('demo', 'early', pullRequest(7), { status: { currentStep: 0 } }),
    ],
  });
  cluster = new LoopbackProxy(fake.url);
  await cluster.start();
  folder = mkdtempSync(join(tmpdir(), 'front-door-test-'));
});

afterAll(async () => {
  rmSync(folder, { recursive: true });
  await cluster.stop();
  await fake.close();
});

/** Explains a payload, and returns the lines that are printed. */
async function explain(payload: unknown, ...args: string[]): Promise<string[]> {
  const file = join(folder, 'payload.json');
  writeFileSync(file, typeof payload === 'string' ? payload : JSON.stringify(payload));
  const options = readExplainOptions(['--receiver', 'demo/bb', '--payload', file, ...args]);
  return (await explainDelivery(loopbackKubeconfig(cluster.url, 'none'), options)).split('\n');
}

const branchPush = cloudPush('acme/shop', 'feature', 'hotfix');
const tagPush = cloudPush('acme/shop', 'tag 2.0');

describe('explains why a delivery does not refresh', () => {
  test.each<[what: string, payload: object, name: string, why: string]>([
    [
      'a Warehouse of another repository',
      branchPush,
      'blog',
      'subscribed to https://bitbucket.org/acme/blog.git; pushed to bitbucket.org/acme/shop',
    ],
    ['a Warehouse without a Git subscription', branchPush, 'images', 'no Git subscription'],
    [
      'a Warehouse of another branch',
      branchPush,
      'dev',
      'spec.subscriptions[0].git: branch "dev" is selected; pushed: branch "feature", branch "hotfix"',
    ],
    [
      'a Warehouse that names no branch',
      branchPush,
      'unset',
      'spec.subscriptions[0].git: branch "main" or "master", the default, is selected; pushed: branch "feature", branch "hotfix"',
    ],
    [
      'a Warehouse of tags, for a branch',
      branchPush,
      'newest',
      'spec.subscriptions[1].git: tags are selected (NewestTag); pushed: branch "feature", branch "hotfix"',
    ],
    [
      'a Warehouse that does not allow the tag',
      tagPush,
      'allowed',
      'spec.subscriptions[0].git: allowTagsRegexes (^v, ^release-) allow none of the pushed tags: "2.0"',
    ],
    [
      'a Warehouse that ignores the tag',
      tagPush,
      'ignored',
      'spec.subscriptions[0].git: ignoreTagsRegexes (^2) ignore the pushed tags: "2.0"',
    ],
    [
      'a Warehouse of strict versions',
      tagPush,
      'strict',
      'spec.subscriptions[0].git: none of the pushed tags is a strict semantic version: "2.0"',
    ],
    [
      'a Warehouse of other versions',
      tagPush,
      'constraint',
      'spec.subscriptions[0].git: semverConstraint (^1.0.0) allows none of the pushed tags: "2.0"',
    ],
    [
      'a Warehouse with an unknown strategy',
      tagPush,
      'unknown',
      'spec.subscriptions[0].git: commitSelectionStrategy "Oldest" is unknown',
    ],
    [
      'a Warehouse with a pattern that is not valid',
      tagPush,
      'broken',
      'skipped until it is corrected: spec.subscriptions[0].git.allowTagsRegexes[0]: error parsing regexp: missing closing ): `(`',
    ],
    [
      'a Warehouse whose branch was deleted',
      cloudPush('acme/shop', 'deleted dev'),
      'dev',
      'spec.subscriptions[0].git: the push only deletes refs',
    ],
    [
      'a Promotion that waits for another pull request',
      cloudPullRequest(7),
      'other',
      `waits for ${pullRequest(8)}; closed: ${pullRequest(7)}`,
    ],
    ['a Promotion that is not running', cloudPullRequest(7), 'ended', 'not running: its phase is Failed'],
    [
      'a Promotion that does not wait yet',
      cloudPullRequest(7),
      'early',
      'waits for no pull request: no git-wait-for-pr step with an alias was reached',
    ],
  ])('%s', async (_what, payload, name, why) => {
    const rows = (await explain(payload)).map((line) => line.split(/ {2,}/));
    expect(rows.filter(([object]) => object === `demo/${name}`)).toEqual([[`demo/${name}`, 'no', why]]);
  });
});

test('prints what would be refreshed as a table, and writes nothing', async () => {
  cluster.reset();
  expect(await explain(cloudPullRequest(7))).toEqual([
    'receiver demo/bb: closed pull request https://bitbucket.org/acme/shop/pull-requests/7',
    '',
    'promotion   refreshed  why',
    'demo/early  no         waits for no pull request: no git-wait-for-pr step with an alias was reached',
    'demo/ended  no         not running: its phase is Failed',
    `demo/other  no         waits for ${pullRequest(8)}; closed: ${pullRequest(7)}`,
    'demo/same   yes',
    '',
    '1 of 4 promotion(s) would be refreshed. Nothing was written.',
  ]);
  expect(cluster.requests.map(({ method }) => method).filter((method) => method !== 'GET')).toEqual([]);
});

test.each<[what: string, payload: unknown, args: string[], first: string]>([
  [
    'the event that Data Center names in its body',
    refsChanged('refs/heads/main'),
    [],
    'receiver demo/bb: push to git.acme.example/scm/shop/web, git.acme.example:7999/shop/web: branch main',
  ],
  [
    'all projects of a receiver of the ClusterConfig',
    tagPush,
    ['--receiver', 'all'],
    'receiver all of the ClusterConfig: push to bitbucket.org/acme/shop: tag 2.0',
  ],
  [
    'the answer to an event that nothing is done for',
    tagPush,
    ['--event', 'repo:fork'],
    'nothing is refreshed: the answer is 200 {"msg":"ignored: event type repo:fork"}',
  ],
  [
    'the answer to a payload that lacks a field',
    {},
    ['--event', 'repo:push'],
    'nothing is refreshed: the answer is 400 {"error":"invalid request body","detail":"push is missing"}',
  ],
])('explains %s', async (_what, payload, args, first) => {
  expect((await explain(payload, ...args))[0]).toBe(first);
});

test.each<[what: string, payload: unknown, args: string[], message: string]>([
  [
    'an unknown receiver, with those that there are',
    tagPush,
    ['--receiver', 'demo/bob'],
    'there is no receiver demo/bob. Bitbucket receivers: demo/bb, empty/bb, all of the ClusterConfig',
  ],
  ['a payload without an event', '[]', [], 'the payload does not show its event. Set --event.'],
  ['a file that is missing', tagPush, ['--payload', '/missing'], '--payload: ENOENT'],
  ['an unknown option', tagPush, ['--secret', 'x'], "Unknown option '--secret'"],
])('rejects %s', async (_what, payload, args, message) => {
  await expect(explain(payload, ...args)).rejects.toThrow(message);
});

test('npm run explain reads the fake by default, and says in one line that it is not there', async () => {
  const port = new URL(fake.url).port;
  const run = (clusterPort: string) =>
    promisify(execFile)(
      process.execPath,
      ['local/explain.ts', '--receiver', 'demo/bb', '--payload', 'local/samples/repo-push.json'],
      {
        cwd: join(import.meta.dirname, '../..'),
        env: { ...process.env, NODE_OPTIONS: '', KUBECONFIG: '', CLUSTER_PORT: clusterPort },
      },
    );
  expect((await run(port)).stdout).toMatch(
    /\n6 of 11 warehouse\(s\) would be refreshed\. Nothing was written\.\n$/,
  );
  await expect(run('9')).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^the cluster cannot be read: cluster API unreachable: .*\n$/),
  });
}, 60_000);
