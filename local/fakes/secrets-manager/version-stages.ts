import type { Secret, SecretVersion } from './secret.ts';

export const CURRENT = 'AWSCURRENT';
const PREVIOUS = 'AWSPREVIOUS';
const PENDING = 'AWSPENDING';

/** The version a label is on; a label is on one version at most. */
export function versionAt(secret: Secret, stage: string): SecretVersion | undefined {
  return versionsOf(secret).find((version) => version.stages.has(stage));
}

/** A secret's versions, the oldest first. */
export function versionsOf(secret: Secret): SecretVersion[] {
  return [...secret.versions.values()];
}

/** The labels of a version in AWS's order; undefined for a deprecated one, whose answer has no such member. */
export function stagesOf(version: SecretVersion): string[] | undefined {
  return version.stages.size === 0 ? undefined : [...version.stages].toSorted();
}

/** Each labelled version's labels, or undefined for a secret that has no value yet. */
export function versionIdsToStages(secret: Secret): Record<string, string[] | undefined> | undefined {
  const labelled = versionsOf(secret).filter((version) => version.stages.size > 0);
  if (labelled.length === 0) return undefined;
  return Object.fromEntries(labelled.map((version) => [version.id, stagesOf(version)]));
}

/**
 * Moves labels to a version. The version that AWSCURRENT leaves becomes AWSPREVIOUS, and gives up AWSPENDING, which
 * says that a rotation to it is under way.
 */
export function moveStages(secret: Secret, to: SecretVersion, stages: readonly string[]): void {
  for (const stage of stages) {
    const from = versionAt(secret, stage);
    if (from !== to) {
      from?.stages.delete(stage);
      to.stages.add(stage);
    }
    if (stage === CURRENT && from !== undefined && from !== to) {
      versionAt(secret, PREVIOUS)?.stages.delete(PREVIOUS);
      from.stages.delete(PENDING);
      from.stages.add(PREVIOUS);
    }
  }
}
