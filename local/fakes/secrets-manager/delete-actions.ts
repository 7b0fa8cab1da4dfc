import type { Action } from './action.ts';
import { secretIdOf } from './action.ts';
import { readFlag, readInteger } from './request-members.ts';
import { DAY_SECONDS, nowInSeconds } from './secret.ts';
import { arnOf } from './secret-catalog.ts';
import { invalidParameter, invalidRequest } from './service-error.ts';

/** How long a deleted secret can be restored, in days. */
const RECOVERY = { least: 7, most: 30 };

/** DeleteSecret: marks a secret for deletion, or with ForceDeleteWithoutRecovery removes it, whether it is there or not. */
export const deleteSecret: Action = (catalog, members) => {
  const secretId = secretIdOf(members);
  const force = readFlag(members, 'ForceDeleteWithoutRecovery');
  const days = readInteger(members, 'RecoveryWindowInDays', { min: -Infinity, max: Infinity });
  if (force && days !== undefined)
    throw invalidParameter(
      "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.",
    );
  if (days !== undefined && (days < RECOVERY.least || days > RECOVERY.most))
    throw invalidParameter('RecoveryWindowInDays value must be between 7 and 30 days (inclusive).');
  if (force) {
    const secret = catalog.find(secretId);
    if (secret !== undefined) catalog.remove(secret);
    return {
      ARN: secret?.arn ?? (secretId.startsWith('arn:') ? secretId : arnOf(secretId)),
      Name: secret?.name ?? secretId,
      DeletionDate: nowInSeconds(),
    };
  }
  const secret = catalog.describe(secretId);
  if (secret.deletedDate !== undefined)
    throw invalidRequest(
      "You can't perform this operation on the secret because it was already scheduled for deletion.",
    );
  secret.deletedDate = nowInSeconds() + (days ?? RECOVERY.most) * DAY_SECONDS;
  return { ARN: secret.arn, Name: secret.name, DeletionDate: secret.deletedDate };
};

/** RestoreSecret: takes the mark off again; a secret without one stays as it is. */
export const restoreSecret: Action = (catalog, members) => {
  const secret = catalog.describe(secretIdOf(members));
  delete secret.deletedDate;
  return { ARN: secret.arn, Name: secret.name };
};
