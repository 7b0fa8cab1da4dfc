import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { callApi } from '../cluster/api-client.ts';
import { until } from '../cluster/functions/until.ts';
import { readConformanceCases, stagesOf } from '../support/conformance.ts';
import { receiverPath } from '../support/deliver.ts';
import { bitbucket, project } from '../support/kargo-objects.ts';
import { CONFORMANCE_PROGRAM, OWN_CASES, RECORDED_CASES } from './conformance-files.ts';
import { DEPLOYED_NAMES, deploy, packageWith, prepareFor, type Tool } from './deployments.ts';
import { postDelivery } from './post-delivery.ts';
import { bareEnvironment } from './run-program.ts';
import { startStage, type Stage } from './stage.ts';

/** The program changes many receivers in a short time: the schedule would be too slow. */
const RECONCILE_EVERY_MS = 1000;

interface Deployment {
  readonly tool: Tool;
  readonly routes: 'shared' | 'per-receiver';
  /** The answer to an unknown path, by the function or by the gateway itself. */
  readonly unknownPath: object;
  /** The program's lines about recorded cases that do not apply here. */
  readonly misses: readonly string[];
}

const DEPLOYMENTS: readonly Deployment[] = [
  { tool: 'cdk', routes: 'shared', unknownPath: {}, misses: [] },
  {
    tool: 'serverless',
    routes: 'per-receiver',
    unknownPath: { message: 'Not Found' },
    // There is no route: the gateway answers, without a function.
    misses: ['MISS a path that belongs to no receiver: body {"message":"Not Found"}, not {}'],
  },
];

const describeRecorded = existsSync(CONFORMANCE_PROGRAM) ? describe : describe.skip;

describe.each(DEPLOYMENTS)('deployed with $tool, routes $routes', ({ tool, routes, unknownPath, misses }) => {
  const name = DEPLOYED_NAMES[tool];
  const projectOf = (index: number): string => `case-${index}`;
  const cases = readConformanceCases(OWN_CASES, projectOf);
  let stage: Stage;
  let api: { id: string; endpoint: string };

  beforeAll(async () => {
    // The program that plays the recorded cases signs no request to AWS.
    stage = await startStage({ auth: false });
    const packaged = await packageWith(tool, stage.emulator.scratch, {
      ROUTES: routes,
      KUBECONFIG_SECRET_ID: 'kargo-front-door/kubeconfig',
    });
    await prepareFor(packaged, stage);
    await stage.createKubeconfig();
    await deploy(packaged, stage.emulator);
    await stage.account.stopSchedules();
    api = await stage.account.api(name);
    for (const [index, { secret, objects }] of cases.entries()) {
      await stage.secrets.create(`kargo/${projectOf(index)}/bitbucket`, secret);
      const receivers = [bitbucket('bitbucket')];
      await stage.objects.create(...project(projectOf(index), receivers), ...stagesOf(objects), ...objects);
    }
    await stage.account.invoke(`${name}-reconciler`);
  });

  afterAll(() => stage?.close());

  test('the routes are as chosen', async () => {
    const ofReceivers = cases.map(
      ({ secret }, index) => `POST ${receiverPath(projectOf(index), 'bitbucket', secret)}`,
    );
    const expected = routes === 'shared' ? ['POST /bitbucket/{hash}'] : ofReceivers.toSorted();
    expect(await stage.account.routes(api.id)).toEqual(expected);
  });

  test.each(cases)('$name', async ({ delivery, expected }) => {
    const answer = await postDelivery(`${api.endpoint}${delivery.path}`, delivery);
    const refreshed = await stage.objects.takeRefreshed();
    const found = {
      ...answer,
      refreshed: refreshed.map((object) => object.replace(` ${delivery.project}/`, '/')),
    };
    const wanted = expected.status === 404 ? { ...expected, body: unknownPath } : expected;
    expect(found).toEqual({ ...found, ...wanted });
  });

  describeRecorded('what was recorded of Kargo', () => {
    test('holds here too', async () => {
      const played = play(stage, `/_aws/execute-api/${api.id}/$default`);
      await createStages(stage);
      const pause = (): Promise<undefined> => sleep(RECONCILE_EVERY_MS, undefined);
      while ((await Promise.race([played, pause()])) === undefined)
        await stage.account.invoke(`${name}-reconciler`);
      const lines = (await played).trim().split('\n');
      expect(lines.filter((line) => line.startsWith('MISS '))).toEqual(misses);
      expect(lines.at(-1)).toMatch(new RegExp(`^[1-9]\\d* passed, ${misses.length} failed$`));
    });
  });
});

/**
 * Creates the Stages of the recorded cases, which the program does not, once it has created everything else: it delivers
 * nothing before the reconciler has run.
 */
async function createStages({ cluster, objects }: Stage): Promise<void> {
  const path = '/apis/kargo.akuity.io/v1alpha1/projectconfigs';
  const count = readConformanceCases(RECORDED_CASES, String).length;
  let names: string[] = [];
  await until(async () => {
    const { items = [] } = (await callApi(cluster.target, { path })).body;
    names = items.flatMap(({ metadata }) => metadata.name?.match(/^conformance-.+-\d+$/)?.[0] ?? []);
    return names.length === count;
  });
  const run = names[0]?.replace(/-\d+$/, '');
  const cases = readConformanceCases(RECORDED_CASES, (index) => `${run}-${index}`);
  await objects.create(...stagesOf(cases.flatMap((one) => one.objects)));
}

/** Plays the recorded cases against the stack at this path and returns what the program wrote. */
async function play({ emulator, cluster }: Stage, basePath: string): Promise<string> {
  const child = spawn(process.execPath, [CONFORMANCE_PROGRAM, 'check', RECORDED_CASES, emulator.url], {
    env: {
      ...bareEnvironment(emulator.scratch),
      ...emulator.environment,
      BASE_PATH: basePath,
      KUBE_SERVER: cluster.target.url,
      KUBE_TOKEN: cluster.target.token,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  const written = await text(child.stdout);
  await ended;
  return written;
}
