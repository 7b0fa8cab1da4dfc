import { createHash } from 'node:crypto';
import type { KubernetesObject } from '../local/fakes/kubernetes/fake-kubernetes.ts';
import { bitbucket, project, promotion } from '../tests/support/kargo-objects.ts';

/** The project with all Warehouses and Promotions. The others have a receiver only. */
export const LARGE_PROJECT = 'bench-0';

/** Commits that a Warehouse discovers by default. */
const COMMITS = 20;

/** Repository of a platform team, to which every fiftieth Warehouse also subscribes. */
export const SHARED_REPOSITORY = 'acme/platform';
const SHARED_BY_EVERY = 50;

/** Promotions that wait for a pull request; the others have ended. */
const WAITING_PROMOTIONS = 10;

export const warehouseName = (index: number): string => `warehouse-${index}`;
export const promotionName = (index: number): string => `promotion-${index}`;

/** Each Warehouse has a repository of its own. */
export const repositoryOf = (index: number): string => `acme/service-${index}`;

/** Counts the Warehouses, of this many, that a push to the shared repository affects. */
export const countShared = (warehouses: number): number => Math.ceil(warehouses / SHARED_BY_EVERY);

/** Returns a project: its namespace, and a ProjectConfig that declares one receiver. */
export function sampleProject(index: number): KubernetesObject[] {
  return project(`bench-${index}`, [bitbucket('bb')]);
}

/** Returns a Warehouse with the status that Kargo's controller writes: with discovered commits, about 7 KB. */
export function sampleWarehouse(index: number): KubernetesObject {
  const repositories = [repositoryOf(index), ...(index % SHARED_BY_EVERY === 0 ? [SHARED_REPOSITORY] : [])];
  return {
    apiVersion: 'kargo.akuity.io/v1alpha1',
    kind: 'Warehouse',
    metadata: { name: warehouseName(index), namespace: LARGE_PROJECT },
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
          commits: Array.from({ length: COMMITS }, (_, commitIndex) => commit(repository, commitIndex)),
        })),
      },
    },
  };
}

/** Returns a Promotion. The first ones wait, each for the pull request with its index; the others have succeeded. */
export function samplePromotion(index: number): KubernetesObject {
  const url = `https://bitbucket.org/acme/shop/pull-requests/${index}`;
  const changes = index < WAITING_PROMOTIONS ? {} : { status: { phase: 'Succeeded' } };
  return promotion(LARGE_PROJECT, promotionName(index), url, changes);
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
