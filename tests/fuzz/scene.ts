import * as fc from 'fast-check';
import type { KubernetesObject } from '../../local/fakes/kubernetes/fake-kubernetes.ts';
import { bitbucket, clusterConfig, projectConfig, promotion, warehouse } from '../support/kargo-objects.ts';
import { misshapen } from '../support/misshapen.ts';
import { anyText } from './content.ts';
import { deliveries, type FuzzedDelivery } from './delivery.ts';
import {
  PROJECTS,
  PULL_REQUESTS,
  REPOSITORIES,
  SELECTIONS,
  UNUSABLE_PROJECTS,
  type RepositoryName,
} from './world.ts';

/** An object of the cluster. */
export interface FuzzedObject {
  readonly object: KubernetesObject;
  /**
   * The facts that affect it, as {@link FuzzedDelivery} states them; undefined for a mutated object, which anything in its scope may
   * affect.
   */
  readonly affectedBy: readonly string[] | undefined;
}

/** A cluster and the deliveries that meet it, one after the other. */
export interface Scene {
  /** Whether the reconciler runs before the first delivery. */
  readonly reconciled: boolean;
  readonly configs: readonly FuzzedObject[];
  readonly objects: readonly FuzzedObject[];
  readonly deliveries: readonly FuzzedDelivery[];
}

/** Deliveries to one cluster: enough that its first lookup of all secrets costs little of the run. */
const MAX_DELIVERIES = 100;

/** Patterns, constraints and addresses that were chosen to be expensive or at a limit. */
const STRANGE = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom<unknown>(null, [], {}, '', [null], [[]], 0, -1, 1e308, true),
  fc.constantFrom<unknown>(
    '(',
    '(a+)+$',
    '(?i)[\\pL\\pN]{1,200}x',
    '(?P<name>v)(?<name>1)',
    `(${'a|'.repeat(2_000)}b)`,
    '(x{1,100}){1,100}',
    '((a*)*)*b',
    `[${'\u{1F600}-\u{1F64F}'.repeat(300)}]`,
    '\\C\\z\\Q(\\E',
  ),
  fc.constantFrom<unknown>(
    '>=1 <2 || ~3.x',
    '* - *',
    '1 - 2 - 3',
    '||'.repeat(2_000),
    '^1 '.repeat(2_000),
    `>${'9'.repeat(5_000)}`,
    '99999999999999999999.0.0',
  ),
  fc.constantFrom<unknown>(
    `https://bitbucket.org/${'a/'.repeat(3_000)}`,
    'https://bitbucket.org/acme/../acme/shop',
    'https://[::1]:99999/',
    '\u0000https://bitbucket.org/acme/shop\u3000',
    '://',
    'git@:',
  ),
  anyText,
);

const [repositories, selections] = [
  fc.constantFrom(...(Object.keys(REPOSITORIES) as RepositoryName[])),
  fc.constantFrom(...SELECTIONS),
];

const subscriptions = fc
  .tuple(repositories, fc.nat(), selections)
  .map(([repository, spelling, [fields, refs]]) => {
    const spellings = REPOSITORIES[repository];
    return {
      git: { repoURL: spellings[spelling % spellings.length], ...fields },
      facts: refs.map((ref) => `push ${repository} ${ref}`),
    };
  });

const projects = fc.constantFrom(...PROJECTS);

const plainWarehouses = fc
  .tuple(projects, fc.array(subscriptions, { minLength: 1, maxLength: 4 }))
  .map(([project, list]) => ({
    object: warehouse(project, 'plain', ...list.map(({ git }) => git)),
    affectedBy: list.flatMap(({ facts }) => facts),
  }));

/** Promotions with each reason not to be refreshed, and the facts that refresh them. */
const plainPromotions = fc
  .tuple(
    projects,
    fc.constantFrom(...(['cloud', 'data-center'] as const)),
    fc.constantFrom('waits', 'done', 'not-yet', 'nameless'),
  )
  .map(([project, repository, state]) => {
    const url = PULL_REQUESTS[repository];
    const changes = {
      waits: {},
      done: { status: { phase: 'Succeeded' } },
      'not-yet': { status: { currentStep: 0 } },
      nameless: { spec: { steps: [{ uses: 'git-wait-for-pr' }, { uses: 'git-wait-for-pr' }] } },
    }[state];
    return {
      object: promotion(project, 'plain', url, changes),
      affectedBy: state === 'waits' ? [`pull request ${url}`] : [],
    };
  });

const expensiveWarehouses = fc
  .tuple(
    projects,
    fc.array(fc.string({ maxLength: 30 }), { maxLength: 60 }),
    fc.integer({ min: 1, max: 300 }),
  )
  .map(([project, patterns, count]) => {
    const git = { commitSelectionStrategy: 'NewestTag', allowTagsRegexes: patterns };
    return warehouse(project, 'expensive', ...Array.from({ length: count }, () => git));
  });

const mutatedObjects = fc
  .oneof(
    plainWarehouses.map(({ object }) => object),
    plainPromotions.map(({ object }) => object),
    { arbitrary: expensiveWarehouses, weight: 1 },
  )
  .chain(mutate);

/** Replaces fields of spec and status, as only an older version of Kargo's definitions could have let through. */
function mutate({ spec, status, ...object }: KubernetesObject): fc.Arbitrary<FuzzedObject> {
  return misshapen({ spec, status }, STRANGE).map((content) => ({
    object: { ...object, ...(typeof content === 'object' && content) },
    affectedBy: undefined,
  }));
}

/** Names objects by their place, so that no two of a project have one name. */
function named({ object, affectedBy }: FuzzedObject, index: number): FuzzedObject {
  const metadata = { ...object.metadata, name: `${object.kind.toLowerCase()}-${index}` };
  return { object: { ...object, metadata }, affectedBy };
}

const plainConfigs = [
  clusterConfig([bitbucket('bb')]),
  projectConfig('plain', [{ name: 'hub', github: {} }, bitbucket('bb'), bitbucket('spaced', 'spaced')]),
  ...[...PROJECTS.slice(1), ...UNUSABLE_PROJECTS].map((name) => projectConfig(name, [bitbucket('bb')])),
];

const configs = fc.tuple(
  ...plainConfigs.map((object) =>
    fc.oneof(
      { arbitrary: fc.constant<FuzzedObject>({ object, affectedBy: [] }), weight: 9 },
      { arbitrary: mutate({ ...object, status: { webhookReceivers: [], conditions: [] } }), weight: 1 },
    ),
  ),
);

/** Generates a cluster, and deliveries of which about half are valid in every respect. */
export const scenes: fc.Arbitrary<Scene> = fc.record({
  reconciled: fc.nat({ max: 7 }).map((one) => one === 7),
  configs,
  objects: fc
    .array(
      fc.oneof(
        { arbitrary: plainWarehouses, weight: 4 },
        { arbitrary: plainPromotions, weight: 2 },
        { arbitrary: mutatedObjects, weight: 2 },
      ),
      { maxLength: 12, size: 'max' },
    )
    .map((list) => list.map(named)),
  deliveries: fc.array(deliveries, { maxLength: MAX_DELIVERIES, size: 'max' }),
});
