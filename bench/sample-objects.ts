import { createHash } from 'node:crypto';
import type { KubernetesObject } from '../local/fakes/kubernetes/fake-kubernetes.ts';
import { bitbucket, project } from '../tests/support/kargo-objects.ts';

/** As many as a Warehouse discovers unless told otherwise. */
const COMMITS = 20;

/** Of ten Warehouses, one also subscribes to the repository that a platform team keeps for all. */
export const SHARED_REPOSITORY = 'acme/platform';
const EVERY = 10;

/** How many Warehouses subscribe to one and the same service's repository. */
const WAREHOUSES_OF_A_SERVICE = 10;

/** How much there is of everything. */
export interface SampleSize {
  readonly projects: number;
  readonly warehouses: number;
}

export const projectName = (index: number): string => `bench-${index}`;

/** Gives the projects, each a namespace and a ProjectConfig that declares one receiver. */
export function* sampleProjects({ projects }: SampleSize): Generator<KubernetesObject[]> {
  for (let index = 0; index < projects; index += 1) yield project(projectName(index), [bitbucket('bb')]);
}

/** Gives the Warehouses as Kargo's controller leaves them behind: with the commits that it has discovered, about 7 KB. */
export function* sampleWarehouses(size: SampleSize): Generator<KubernetesObject> {
  for (let index = 0; index < size.warehouses; index += 1) {
    const namespace = projectName(index % size.projects);
    yield sampleWarehouse(namespace, `warehouse-${index}`, repositoriesOf(index, size));
  }
}

/** Tells how many Warehouses a push to this repository affects, of all projects or of the one with this number. */
export function countAffected(size: SampleSize, repository: string, ofProject?: number): number {
  return Array.from({ length: size.warehouses }, (_, index) => index).filter(
    (index) =>
      repositoriesOf(index, size).includes(repository) &&
      (ofProject === undefined || index % size.projects === ofProject),
  ).length;
}

function repositoriesOf(index: number, { warehouses }: SampleSize): string[] {
  const services = Math.max(1, Math.floor(warehouses / WAREHOUSES_OF_A_SERVICE));
  return [`acme/service-${index % services}`, ...(index % EVERY === 0 ? [SHARED_REPOSITORY] : [])];
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
