import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { stopClock } from '../../support/clock.ts';
import type { ReconcilerHandler } from '../../support/cold-functions.ts';
import {
  CONFORMANCE_FILES,
  playCase,
  readConformanceCases,
  stagesOf,
  type ConformanceCase,
  type Expectation,
} from '../../support/conformance.ts';
import { lambdaContext, receiverPath, type ReceiverHandler } from '../../support/deliver.ts';
import { bitbucket, clusterConfig, namespace, project } from '../../support/kargo-objects.ts';
import { removeIndex } from '../../support/testbed.ts';
import { startClusterTestbed, type ClusterTestbed } from './cluster-testbed.ts';

/** Projects with the same objects, for the receiver that acts on all projects. */
const PROJECTS = ['wide-a', 'wide-b', 'wide-c'];

let testbed: ClusterTestbed;

beforeAll(async () => {
  testbed = await startClusterTestbed();
  await testbed.objects.create(...PROJECTS.map(namespace));
});

afterAll(() => testbed.close());

const suites = CONFORMANCE_FILES.map(([name, file], suite) => ({ name, file, suite }));

describe.each(suites)("a project's receiver: $name", ({ file, suite }) => {
  const projectOf = (index: number): string => `suite-${suite}-${index}`;
  const cases = readConformanceCases(file, projectOf);
  let handler: ReceiverHandler;

  beforeAll(async () => {
    await Promise.all(
      cases.map(async ({ objects, secret }, index) => {
        await testbed.objects.create(
          ...project(projectOf(index), [bitbucket('bitbucket')]),
          ...stagesOf(objects),
          ...objects,
        );
        await testbed.secrets.create(`kargo/${projectOf(index)}/bitbucket`, JSON.stringify({ secret }));
      }),
    );
    handler = await testbed.receiver();
  });

  // The receiver of the ClusterConfig would refresh them too.
  afterAll(() =>
    Promise.all(cases.flatMap(({ objects }) => objects.map((one) => testbed.objects.delete(one)))),
  );

  test('the reconciler writes a URL into every status', async () => {
    const reconcile = await testbed.reconciler();
    expect(await reconcile({}, lambdaContext())).toMatchObject({ written: cases.length, failures: [] });
    const first = await testbed.objects.get('ProjectConfig', projectOf(0), projectOf(0));
    const path = `/kargo${cases[0]?.delivery.path}`;
    expect(first.status).toMatchObject({
      webhookReceivers: [{ name: 'bitbucket', path, url: `https://hooks.example.com${path}` }],
      conditions: [{ type: 'BitbucketReceiversReady', status: 'True' }],
    });
  });

  test.each(cases)('$name', async (one) => {
    const result = await playCase(handler, testbed.objects, one, kindsOf(one));
    expect(result).toEqual({ ...result, ...one.expected });
  });

  test('nothing else was refreshed', async () => {
    expect(await testbed.objects.takeRefreshed()).toEqual([]);
  });
});

describe("the ClusterConfig's receiver", () => {
  const wide = suites.flatMap(({ file }) => readConformanceCases(file, () => '').map(inAllProjects));
  const secrets = [...new Set(wide.map(({ secret }) => secret))];
  let handler: ReceiverHandler;
  let reconcile: ReconcilerHandler;

  beforeAll(async () => {
    await testbed.objects.create(
      clusterConfig(secrets.map((_, index) => bitbucket(receiverName(index), secretName(index)))),
    );
    for (const [index, secret] of secrets.entries()) {
      await testbed.secrets.create(`kargo/kargo-system-resources/${secretName(index)}`, secret);
    }
    reconcile = await testbed.reconciler();
    handler = await testbed.receiver();
  });

  afterAll(() => void jest.useRealTimers());

  describe.each<[by: string, prepare: () => Promise<void>]>([
    ['by listing', () => removeIndex(testbed.objects)],
    [
      'by the index',
      async () => {
        await reconcile({}, lambdaContext());
        // What the receiver has cached expires.
        stopClock(new Date(Date.now() + 1_000).toISOString());
      },
    ],
  ])('%s', (_by, prepare) => {
    test.each(wide)('$name', async (one) => {
      const isOwnPath = one.delivery.path === receiverPath('', 'bitbucket', one.secret);
      const name = receiverName(secrets.indexOf(one.secret));
      const ownPath = { path: receiverPath('', name, one.secret) };
      const delivery = { ...one.delivery, ...(isOwnPath && ownPath) };
      const objects = [...stagesOf(one.objects), ...one.objects];
      await Promise.all(objects.map((object) => testbed.objects.create(object)));
      await prepare();
      const result = await playCase(handler, testbed.objects, { delivery }, kindsOf(one));
      expect(result).toEqual({ ...result, ...one.expected });
      await Promise.all(objects.map((object) => testbed.objects.delete(object)));
    });
  });
});

/** Only the kinds of a case are checked: the API can take 0.1 s to list one kind after a write of another. */
const kindsOf = ({ objects }: ConformanceCase): string[] => [...new Set(objects.map(({ kind }) => kind))];
const receiverName = (index: number): string => `bitbucket-${index}`;
const secretName = (index: number): string => `secret-${index}`;

function inAllProjects(one: ConformanceCase): ConformanceCase {
  const objects = PROJECTS.flatMap((inside) =>
    one.objects.map((object) => ({ ...object, metadata: { ...object.metadata, namespace: inside } })),
  );
  return { ...one, objects, expected: timesThree(one.expected) };
}

/** Expects the result of the case in each of the three projects. */
function timesThree({ body, refreshed, ...expected }: Expectation): Expectation {
  const everywhere = refreshed?.flatMap((object) =>
    PROJECTS.map((inside) => object.replace('/', ` ${inside}/`)),
  );
  return {
    ...expected,
    ...(everywhere && { refreshed: everywhere.toSorted() }),
    ...(body !== undefined && { body: countingThrice(body) }),
  };
}

function countingThrice(body: unknown): unknown {
  const text = JSON.stringify(body).replace(
    /refreshed (\d+) /,
    (_, count) => `refreshed ${Number(count) * PROJECTS.length} `,
  );
  return JSON.parse(text) as unknown;
}
