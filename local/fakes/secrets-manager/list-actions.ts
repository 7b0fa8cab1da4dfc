import type { Action } from './action.ts';
import { secretIdOf } from './action.ts';
import { secretsNamed } from './name-filter.ts';
import { pageOf } from './page.ts';
import { readFlag, readString } from './request-members.ts';
import type { Secret } from './secret.ts';
import { invalidParameter } from './service-error.ts';
import { stagesOf, versionIdsToStages, versionsOf } from './version-stages.ts';

/** The most entries of a page, and as many as one holds unless MaxResults says less. */
const PAGE_LIMIT = 100;

/** ListSecrets: descriptions without values, the newest first; those marked for deletion only where asked for. */
export const listSecrets: Action = (catalog, members) => {
  const sortBy = readString(members, 'SortBy', { max: 64 }) ?? 'created-date';
  if (sortBy !== 'created-date') throw invalidParameter('This fake sorts by created-date only.');
  const newestFirst = readString(members, 'SortOrder', { max: 64 }) !== 'asc';
  const deletedToo = readFlag(members, 'IncludePlannedDeletion');
  const secrets = secretsNamed(catalog.all(), members).filter(
    ({ deletedDate }) => deletedToo || deletedDate === undefined,
  );
  const { items, NextToken } = pageOf(secrets, members, PAGE_LIMIT, newestFirst);
  return {
    SecretList: items.map((secret) => ({
      ...description(secret),
      SecretVersionsToStages: versionIdsToStages(secret),
    })),
    NextToken,
  };
};

/** DescribeSecret: everything but the value, also of a secret marked for deletion. */
export const describeSecret: Action = (catalog, members) => {
  const secret = catalog.describe(secretIdOf(members));
  return { ...description(secret), VersionIdsToStages: versionIdsToStages(secret) };
};

/** ListSecretVersionIds: the labelled versions, the oldest first, and the deprecated ones where asked for. */
export const listSecretVersionIds: Action = (catalog, members) => {
  const secret = catalog.open(secretIdOf(members));
  const deprecatedToo = readFlag(members, 'IncludeDeprecated');
  const versions = versionsOf(secret).filter(({ stages }) => deprecatedToo || stages.size > 0);
  const { items, NextToken } = pageOf(versions, members, PAGE_LIMIT);
  return {
    ARN: secret.arn,
    Name: secret.name,
    Versions: items.map((version) => ({
      VersionId: version.id,
      VersionStages: stagesOf(version),
      CreatedDate: version.createdDate,
      LastAccessedDate: version.lastAccessedDate,
      KmsKeyIds: ['DefaultEncryptionKey'],
    })),
    NextToken,
  };
};

function description(secret: Secret): object {
  return {
    ARN: secret.arn,
    Name: secret.name,
    Description: secret.description,
    Tags: secret.tags,
    CreatedDate: secret.createdDate,
    LastChangedDate: secret.lastChangedDate,
    LastAccessedDate: secret.lastAccessedDate,
    DeletedDate: secret.deletedDate,
  };
}
