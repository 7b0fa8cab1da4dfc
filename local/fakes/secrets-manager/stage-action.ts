import type { Action } from './action.ts';
import { secretIdOf } from './action.ts';
import { readString, requireString } from './request-members.ts';
import type { Members } from './request-members.ts';
import type { Secret, SecretVersion } from './secret.ts';
import { nowInSeconds } from './secret.ts';
import { invalidParameter, notFound } from './service-error.ts';
import { CURRENT, moveStages, versionAt } from './version-stages.ts';

/** UpdateSecretVersionStage: puts a label on a version, moves it from the version that has it, or takes it away. */
export const updateSecretVersionStage: Action = (catalog, members) => {
  const secret = catalog.open(secretIdOf(members));
  const stage = requireString(members, 'VersionStage', { max: 256 });
  const to = versionIn(secret, members, 'MoveToVersionId');
  const from = versionIn(secret, members, 'RemoveFromVersionId');
  const holder = versionAt(secret, stage);
  if (to === undefined && from === undefined)
    throw invalidParameter('You must specify MoveToVersionId or RemoveFromVersionId.');
  if (to === undefined && stage === CURRENT)
    throw invalidParameter(
      'You can only move staging label AWSCURRENT to a different secret version. It can’t be completely removed.',
    );
  if (to !== undefined && from === undefined && holder !== undefined && holder !== to)
    throw invalidParameter(
      `The parameter RemoveFromVersionId can't be empty. Staging label ${stage} is currently attached to version ${holder.id}, so you must explicitly reference that version in RemoveFromVersionId.`,
    );
  if (from !== undefined && from !== holder)
    throw invalidParameter(`Staging label ${stage} is not attached to version ${from.id}.`);

  if (to === undefined) from?.stages.delete(stage);
  else moveStages(secret, to, [stage]);
  secret.lastChangedDate = nowInSeconds();
  return { ARN: secret.arn, Name: secret.name };
};

function versionIn(secret: Secret, members: Members, member: string): SecretVersion | undefined {
  const id = readString(members, member, { min: 32, max: 64 });
  if (id === undefined) return undefined;
  const version = secret.versions.get(id);
  if (version === undefined) throw notFound(`secret value for VersionId: ${id}`);
  return version;
}
