import { isDeepStrictEqual } from 'node:util';
import type { ClusterClient } from '../../support/cluster-client.ts';
import { projectConfig } from '../../support/kargo-objects.ts';

interface Status {
  readonly webhookReceivers?: readonly { readonly name: string }[];
  readonly conditions?: readonly { readonly type: string }[];
}

/** Returns an entry for the receiver `gh`, of another kind, and another writer's condition, both with the number of the round. */
export function marksOf(round: number) {
  return {
    entry: { name: 'gh', path: '/github/x', url: `https://hooks.example.com/round/${round}` },
    condition: {
      type: 'Ready',
      status: 'True',
      reason: 'Synced',
      message: `round ${round}`,
      lastTransitionTime: '2026-05-04T10:11:12Z',
    },
  };
}

/**
 * Fake of another writer of a ProjectConfig's status, which maintains only its own entry and condition. In each round it reads the status,
 * replaces its marks by those of the round, and merge-patches without a resourceVersion.
 *
 * @returns the rounds whose marks were missing in the next round
 */
export async function keepMarking(
  objects: ClusterClient,
  project: string,
  rounds: number,
): Promise<number[]> {
  const lost: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const { status = {} } = await objects.get('ProjectConfig', project, project);
    const { webhookReceivers = [], conditions = [] } = status as Status;
    const existing = {
      entry: webhookReceivers.find(({ name }) => name === 'gh'),
      condition: conditions.find(({ type }) => type === 'Ready'),
    };
    if (round > 0 && !isDeepStrictEqual(existing, marksOf(round - 1))) lost.push(round - 1);
    const { entry, condition } = marksOf(round);
    await objects.patchStatus(projectConfig(project, []), {
      webhookReceivers: [entry, ...webhookReceivers.filter((one) => one !== existing.entry)],
      conditions: [...conditions.filter((one) => one !== existing.condition), condition],
    });
  }
  return lost;
}
