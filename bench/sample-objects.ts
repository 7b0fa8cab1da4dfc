import { createHash } from 'node:crypto';
import type { KubernetesObject } from '../local/fakes/kubernetes/fake-kubernetes.ts';
import { bitbucket, project } from '../tests/support/kargo-objects.ts';

/** Commits that a Warehouse discovers by default. */
const COMMITS = 20;

/** Repository of a platform team, to which every tenth Warehouse also subscribes. */
export const SHARED_REPOSITORY = 'acme/platform';
const SHARED_BY_EVERY = 10;

/** Warehouses that subscribe to the repository of one service. */
const WAREHOUSES_OF_A_SERVICE = 10;

/** Number of objects to create. */
export interface SampleSize {
  readonly projects: number;
  readonly warehouses: number;
}

export const projectName = (index: number): string => `bench-${index}`;

/** Generates the projects: for each, a namespace and a ProjectConfig that declares one receiver. */
export function* sampleProjects({ projects }: SampleSize): Generator<KubernetesObject[]> {
  for (let index = 0; index < projects; index += 1) yield project(projectName(index), [bitbucket('bb')]);
}

/** Generates the Warehouses with the status that Kargo's controller writes: with discovered commits, about 7 KB. */
export function* sampleWarehouses(size: SampleSize): Generator<KubernetesObject> {
  for (let index = 0; index < size.warehouses; index += 1) {
    const namespace = projectName(index % size.projects);
    yield sampleWarehouse(namespace, `warehouse-${index}`, repositoriesOf(index, size));
  }
}

/** Counts the Warehouses that a push to this repository affects, in all projects or in the one with this index. */
export function countAffected(size: SampleSize, repository: string, ofProject?: number): number {
  return Array.from({ length: size.warehouses }, (_, index) => index).filter(
    (index) =>
      repositoriesOf(index, size).includes(repository) &&
      (ofProject === undefined || index % size.projects === ofProject),
  ).length;
}

function repositoriesOf(index: number, { warehouses }: SampleSize): string[] {
  const services = Math.max(1, Math.floor(warehouses / WAREHOUSES_OF_A_SERVICE));
  return [`acme/service-${index % services}`, ...(index % SHARED_BY_EVERY === 0 ? [SHARED_REPOSITORY] : [])];
}

function sampleWarehouse(namespace: string, name: string, repositories: readonly string[]): KubernetesObject {
  return {
    apiVersion: 'kargo.akuity.io/v1alpha1',
    kind: 'Warehouse',
    metadata: { name, namespace },
    spec: {
      interval: '5m0s',
      freightCreationPolicy: 'Automatic',
      subscriptions: repositories.map((repository) => ({
        git: {
          repoURL: addressOf(repository),
          branch: 'main',
          commitSelectionStrategy: 'NewestFromBranch',
          discoveryLimit: COMMITS,
          includePaths: ['glob:deploy/base/*', 'glob:deploy/stages/**'],
        },
      })),
    },
    status: {
      observedGeneration: 1,
      conditions: ['Ready', 'Healthy'].map((type) => ({
        type,
        status: 'True',
        reason: 'ArtifactsDiscovered',
        message: 'Successfully discovered artifacts from 1 subscription',
        observedGeneration: 1,
        lastTransitionTime: '2026-05-04T10:11:12Z',
      })),
      discoveredArtifacts: {
        discoveredAt: '2026-05-04T10:11:12Z',
        git: repositories.slice(0, 1).map((repository) => ({
          repoURL: addressOf(repository),
          commits: Array.from({ length: COMMITS }, (_, index) => commit(repository, index)),
        })),
      },
    },
  };
}

function addressOf(repository: string): string {
  return `https://bitbucket.org/${repository}`;
}

function commit(repository: string, index: number): object {
  const id = createHash('sha1').update(`${repository}${index}`).digest('hex');
  return {
    id,
    branch: 'main',
    subject: `Merged in feature/SHOP-${1000 + index} (pull request #${index})`,
    author: 'Ada Lovelace <ada@acme.example>',
    committer: 'Bitbucket <noreply@bitbucket.org>',
    creatorDate: '2026-05-04T10:11:12Z',
  };
}
