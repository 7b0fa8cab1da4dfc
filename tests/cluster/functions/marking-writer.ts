import { isDeepStrictEqual } from 'node:util';
import type { ClusterClient } from '../../support/cluster-client.ts';
import { projectConfig } from '../../support/kargo-objects.ts';

interface Status {
  readonly webhookReceivers?: readonly { readonly name: string }[];
  readonly conditions?: readonly { readonly type: string }[];
}

/** The entry of a receiver `gh` of another kind, and a condition of its own, both marked with the round. */
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
 * Writes a ProjectConfig's status so many times, as somebody who cares for his own part alone: reads, puts the next marks in, and
 * merge-patches without a resourceVersion. Gives the rounds whose marks were gone when he came back.
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
    const standing = {
      entry: webhookReceivers.find(({ name }) => name === 'gh'),
      condition: conditions.find(({ type }) => type === 'Ready'),
    };
    if (round > 0 && !isDeepStrictEqual(standing, marksOf(round - 1))) lost.push(round - 1);
    const { entry, condition } = marksOf(round);
    await objects.patchStatus(projectConfig(project, []), {
      webhookReceivers: [entry, ...webhookReceivers.filter((one) => one !== standing.entry)],
      conditions: [...conditions.filter((one) => one !== standing.condition), condition],
    });
  }
  return lost;
}
