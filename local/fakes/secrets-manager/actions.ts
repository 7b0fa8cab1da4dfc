import type { Action } from './action.ts';
import { deleteSecret, restoreSecret } from './delete-actions.ts';
import { describeSecret, listSecretVersionIds, listSecrets } from './list-actions.ts';
import { batchGetSecretValue, getSecretValue } from './read-actions.ts';
import { updateSecretVersionStage } from './stage-action.ts';
import { createSecret, putSecretValue, updateSecret } from './write-actions.ts';

/** The operations there are, by the name that follows `secretsmanager.` in the x-amz-target header. */
export const actions: ReadonlyMap<string, Action> = new Map([
  ['BatchGetSecretValue', batchGetSecretValue],
  ['CreateSecret', createSecret],
  ['DeleteSecret', deleteSecret],
  ['DescribeSecret', describeSecret],
  ['GetSecretValue', getSecretValue],
  ['ListSecretVersionIds', listSecretVersionIds],
  ['ListSecrets', listSecrets],
  ['PutSecretValue', putSecretValue],
  ['RestoreSecret', restoreSecret],
  ['UpdateSecret', updateSecret],
  ['UpdateSecretVersionStage', updateSecretVersionStage],
]);
