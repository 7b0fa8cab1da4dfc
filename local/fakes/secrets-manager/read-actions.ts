import type { Action } from './action.ts';
import { secretIdOf } from './action.ts';
import { secretsNamed } from './name-filter.ts';
import { pageOf } from './page.ts';
import { readString, readStrings } from './request-members.ts';
import type { Members } from './request-members.ts';
import type { SecretCatalog } from './secret-catalog.ts';
import type { Secret, SecretVersion } from './secret.ts';
import { noteAccess } from './secret.ts';
import { ServiceError, invalidParameter, invalidRequest, notFound } from './service-error.ts';
import { CURRENT, stagesOf, versionAt } from './version-stages.ts';

/** The most secrets one batch may hold. */
const BATCH_LIMIT = 20;

/** GetSecretValue: the version of an id, of a label, or the current one. */
export const getSecretValue: Action = (catalog, members) => {
  const secret = catalog.open(secretIdOf(members));
  return answer(secret, versionAsked(secret, members));
};

/** BatchGetSecretValue: current values by id or by name; a secret that has none is an entry of Errors, not a failure. */
export const batchGetSecretValue: Action = (catalog, members) => {
  const ids = readStrings(members, 'SecretIdList', { max: BATCH_LIMIT });
  if ((ids === undefined) === ((members['Filters'] ?? undefined) === undefined))
    throw invalidParameter("Either 'SecretIdList' or 'Filters' must be provided, but not both.");
  if (ids !== undefined) {
    if (members['MaxResults'] !== undefined)
      throw invalidParameter(
        "'Filters' not specified. 'Filters' must also be specified when 'MaxResults' is provided.",
      );
    return currentValues(catalog, ids);
  }
  const active = secretsNamed(catalog.all(), members).filter(({ deletedDate }) => deletedDate === undefined);
  const { items, NextToken } = pageOf(active, members, BATCH_LIMIT, true);
  return {
    ...currentValues(
      catalog,
      items.map(({ arn }) => arn),
    ),
    NextToken,
  };
};

function currentValues(
  catalog: SecretCatalog,
  ids: readonly string[],
): { SecretValues: object[]; Errors: object[] } {
  const SecretValues: object[] = [];
  const Errors: object[] = [];
  for (const SecretId of ids) {
    try {
      SecretValues.push(getSecretValue(catalog, { SecretId }));
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      Errors.push({ SecretId, ErrorCode: error.type, Message: error.message });
    }
  }
  return { SecretValues, Errors };
}

function versionAsked(secret: Secret, members: Members): SecretVersion {
  const id = readString(members, 'VersionId', { min: 32, max: 64 });
  const stage = readString(members, 'VersionStage', { max: 256 });
  if (id === undefined) {
    const version = versionAt(secret, stage ?? CURRENT);
    if (version === undefined) throw notFound(`secret value for staging label: ${stage ?? CURRENT}`);
    return version;
  }
  const version = secret.versions.get(id);
  if (version === undefined) throw notFound(`secret value for VersionId: ${id}`);
  if (stage !== undefined && !version.stages.has(stage))
    throw invalidRequest('You provided a VersionStage that is not associated to the provided VersionId.');
  return version;
}

function answer(secret: Secret, version: SecretVersion): object {
  noteAccess(secret, version);
  return {
    ARN: secret.arn,
    Name: secret.name,
    VersionId: version.id,
    ...version.value,
    VersionStages: stagesOf(version),
    CreatedDate: version.createdDate,
  };
}
