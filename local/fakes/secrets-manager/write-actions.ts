import type { Action } from './action.ts';
import { secretIdOf } from './action.ts';
import { readList, readString, readStrings, requireString } from './request-members.ts';
import type { Members } from './request-members.ts';
import type { Secret, SecretValue, SecretVersion } from './secret.ts';
import { nowInSeconds, sameValue } from './secret.ts';
import { readSecretValue } from './secret-value.ts';
import { alreadyExists, invalidParameter, invalidRequest } from './service-error.ts';
import { CURRENT, moveStages, stagesOf } from './version-stages.ts';

const DESCRIPTION = { min: 0, max: 2048 };

/** CreateSecret, with or without a first value. The same token and value as the secret's own is not an error. */
export const createSecret: Action = (catalog, members) => {
  const name = requireString(members, 'Name', { max: 512 });
  const token = tokenOf(members);
  const value = readSecretValue(members);
  const existing = catalog.find(name);
  if (existing?.deletedDate !== undefined)
    throw invalidRequest(
      "You can't create this secret because a secret with this name is already scheduled for deletion.",
    );
  const version = existing?.versions.get(token);
  if (
    existing !== undefined &&
    (version === undefined || value === undefined || !sameValue(version.value, value))
  )
    throw alreadyExists(`The operation failed because the secret ${name} already exists.`);
  const description = readString(members, 'Description', DESCRIPTION);
  const tags = readList(members, 'Tags', { min: 0, max: 50 });
  const secret = existing ?? catalog.add(name, description, tags);
  if (value !== undefined) putVersion(secret, token, value, [CURRENT]);
  return { ARN: secret.arn, Name: secret.name, VersionId: value && token };
};

/** PutSecretValue: a new version with the given labels, AWSCURRENT where none are given. */
export const putSecretValue: Action = (catalog, members) => {
  const token = tokenOf(members);
  const secret = catalog.open(secretIdOf(members));
  const value = readSecretValue(members);
  if (value === undefined) throw invalidRequest('You must provide either SecretString or SecretBinary.');
  const stages = readStrings(members, 'VersionStages', { max: 20 }) ?? [CURRENT];
  const version = putVersion(secret, token, value, stages);
  return { ARN: secret.arn, Name: secret.name, VersionId: token, VersionStages: stagesOf(version) };
};

/** UpdateSecret: a new current version where it brings a value, and a new description where it brings one. */
export const updateSecret: Action = (catalog, members) => {
  const token = tokenOf(members);
  const secret = catalog.open(secretIdOf(members));
  const value = readSecretValue(members);
  if (value !== undefined) putVersion(secret, token, value, [CURRENT]);
  secret.description = readString(members, 'Description', DESCRIPTION) ?? secret.description;
  secret.lastChangedDate = nowInSeconds();
  return { ARN: secret.arn, Name: secret.name, VersionId: value && token };
};

/** The token, which becomes the version's id: a request sent again finds what it made the first time. */
function tokenOf(members: Members): string {
  const token = readString(members, 'ClientRequestToken', { min: 0, max: Infinity });
  if (token === undefined)
    throw invalidRequest('You must provide a ClientRequestToken value. We recommend a UUID-type value.');
  if (token.length < 32 || token.length > 64)
    throw invalidParameter('ClientRequestToken must be 32-64 characters long.');
  return token;
}

function putVersion(
  secret: Secret,
  id: string,
  value: SecretValue,
  stages: readonly string[],
): SecretVersion {
  const existing = secret.versions.get(id);
  if (existing !== undefined) {
    if (sameValue(existing.value, value)) return existing;
    throw alreadyExists(
      `You can't use ClientRequestToken ${id} because that value is already in use for a version of secret ${secret.arn}.`,
    );
  }
  const number = secret.versions.size + 1;
  const version: SecretVersion = { id, number, value, createdDate: nowInSeconds(), stages: new Set() };
  secret.versions.set(id, version);
  // The first version is the current one, whatever labels it was sent with.
  moveStages(secret, version, number === 1 ? [CURRENT, ...stages] : stages);
  secret.lastChangedDate = version.createdDate;
  return version;
}
