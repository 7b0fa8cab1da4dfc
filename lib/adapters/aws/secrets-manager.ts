import {
  BatchGetSecretValueCommand,
  GetSecretValueCommand,
  ListSecretsCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
  SecretsManagerServiceException,
  type BatchGetSecretValueResponse,
  type GetSecretValueResponse,
  type SecretListEntry,
} from '@aws-sdk/client-secrets-manager';
import type { RetryableError } from '../../app/errors.ts';
import type { SecretFault } from '../../core/kargo/receiver-secret.ts';
import { throwRetryable, toRetryableError } from './aws-errors.ts';

/** A version of a secret; `text` is undefined for a binary one. */
export interface StoredVersion {
  readonly text: string | undefined;
  readonly versionId: string | undefined;
  readonly createdAt: Date;
}

/** Result of reading one version of a secret. */
export type StoredReading = { readonly kind: 'found'; readonly version: StoredVersion } | SecretFault;

export type VersionStage = 'AWSCURRENT' | 'AWSPREVIOUS';

/** Secrets Manager's limit for one page of ListSecrets. */
const LIST_SIZE = 100;

/** Secrets Manager's limit for one BatchGetSecretValue. */
export const BATCH_SIZE = 20;

/** Within a region, connecting and answering take milliseconds; Bitbucket Cloud waits ten seconds for everything together. */
const CONNECT_TIMEOUT_MS = 1_500;
const REQUEST_TIMEOUT_MS = 3_000;

/**
 * Connections that idled for longer are replaced. While Lambda freezes an environment, idle connections are dropped silently, and each
 * attempt of the SDK would take another one of them and wait for its timeout.
 */
const MAX_IDLE_MS = 60_000;

/** Reason of every error that a caller may read. */
export const STORE_UNAVAILABLE = 'secret store unavailable';

/** Errors of the store for a secret that does not exist, or is scheduled for deletion. */
const MISSING = new Set(['ResourceNotFoundException', 'InvalidRequestException']);

/** Errors for a secret that the role's rights, its own policy, or that of its key protect. A retry changes nothing. */
const UNREADABLE = new Set([
  'AccessDeniedException',
  'DecryptionFailure',
  'InvalidParameterException',
  'ValidationException',
]);

/** Errors that one secret of a batch can cause for the whole batch. */
const ABOUT_ONE_SECRET = new Set([
  ...MISSING,
  'DecryptionFailure',
  'InternalServiceError',
  'InvalidParameterException',
]);

/** Client of AWS Secrets Manager. Every method throws `RetryableError` when the store is unavailable or throttles. */
export class SecretsManager {
  #client = createClient();
  #usedAt = Date.now();

  /** Reads one secret at one stage. */
  async read(secretId: string, stage: VersionStage, abortSignal: AbortSignal): Promise<StoredReading> {
    const command = new GetSecretValueCommand({ SecretId: secretId, VersionStage: stage });
    try {
      const answer = await this.#connected().send(command, { abortSignal });
      return { kind: 'found', version: toVersion(answer) };
    } catch (error) {
      if (error instanceof SecretsManagerServiceException) {
        const fault = faultOf(secretId, error.name);
        if (fault !== undefined) return fault;
      }
      throw toRetryableError(STORE_UNAVAILABLE, error);
    }
  }

  /** Writes a new version of a secret that exists. */
  async write(secretId: string, text: string, abortSignal: AbortSignal): Promise<void> {
    const command = new PutSecretValueCommand({ SecretId: secretId, SecretString: text });
    await this.#connected().send(command, { abortSignal }).catch(throwRetryable(STORE_UNAVAILABLE));
  }

  /** Reads the current versions of at most `BATCH_SIZE` secrets with one request. Returns them by secret id. */
  async readBatch(
    secretIds: readonly string[],
    abortSignal: AbortSignal,
  ): Promise<Map<string, StoredReading>> {
    const readings = new Map<string, StoredReading>();
    let next: string | undefined;
    do {
      const command = new BatchGetSecretValueCommand({
        SecretIdList: [...secretIds],
        ...(next !== undefined && { NextToken: next }),
      });
      const answer: BatchGetSecretValueResponse = await this.#connected()
        .send(command, { abortSignal })
        .catch(throwRetryable(STORE_UNAVAILABLE));
      for (const value of answer.SecretValues ?? []) {
        if (value.Name !== undefined) readings.set(value.Name, { kind: 'found', version: toVersion(value) });
      }
      for (const { SecretId: id = '', ErrorCode: code = '' } of answer.Errors ?? []) {
        readings.set(id, faultOf(id, code) ?? unreturnedSecret(id, code));
      }
      next = answer.NextToken;
    } while (next !== undefined);
    return readings;
  }

  /**
   * Lists the secrets whose names begin with `namePrefix`, without their values. What was changed in the last five minutes may be missing.
   *
   * @returns by name: a text that differs after each change of the secret, such as a new version
   */
  async listChanges(namePrefix: string, abortSignal: AbortSignal): Promise<Map<string, string>> {
    const changes = new Map<string, string>();
    let next: string | undefined;
    do {
      const command = new ListSecretsCommand({
        MaxResults: LIST_SIZE,
        ...(namePrefix !== '' && { Filters: [{ Key: 'name', Values: [namePrefix] }] }),
        ...(next !== undefined && { NextToken: next }),
      });
      const answer = await this.#connected()
        .send(command, { abortSignal })
        .catch(throwRetryable(STORE_UNAVAILABLE));
      for (const secret of answer.SecretList ?? [])
        if (secret.Name !== undefined) changes.set(secret.Name, describeChange(secret));
      next = answer.NextToken;
    } while (next !== undefined);
    return changes;
  }

  /** Returns the client, with new connections where the pooled ones have idled for too long. */
  #connected(): SecretsManagerClient {
    const now = Date.now();
    if (now - this.#usedAt > MAX_IDLE_MS) {
      this.#client.destroy();
      this.#client = createClient();
    }
    this.#usedAt = now;
    return this.#client;
  }
}

function createClient(): SecretsManagerClient {
  return new SecretsManagerClient({
    requestHandler: {
      connectionTimeout: CONNECT_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      throwOnRequestTimeout: true,
    },
  });
}

function toVersion(
  value: Pick<GetSecretValueResponse, 'SecretString' | 'VersionId' | 'CreatedDate'>,
): StoredVersion {
  return {
    text: value.SecretString,
    versionId: value.VersionId,
    createdAt: value.CreatedDate ?? new Date(0),
  };
}

function describeChange({ LastChangedDate, SecretVersionsToStages = {} }: SecretListEntry): string {
  const versions = Object.entries(SecretVersionsToStages).map(([id, stages]) => `${id}:${stages.join()}`);
  return `${LastChangedDate?.getTime() ?? 0} ${versions.toSorted().join(' ')}`;
}

function faultOf(secretId: string, code: string): SecretFault | undefined {
  if (MISSING.has(code)) {
    const reason = `Secret "${secretId}" not found in Secrets Manager`;
    return { kind: 'fault', fault: 'missing', secretId, reason };
  }
  return UNREADABLE.has(code) ? unreadableSecret(secretId, code) : undefined;
}

/** Makes the reading of a secret that may exist, but cannot be read. */
function unreadableSecret(secretId: string, why: string): SecretFault {
  const reason = `Secret "${secretId}" cannot be read: ${why}`;
  return { kind: 'fault', fault: 'unreadable', secretId, reason };
}

/** Makes the reading of a secret that the store failed to return. */
export function unreturnedSecret(secretId: string, why = 'the store returned nothing for it'): SecretFault {
  return { ...unreadableSecret(secretId, why), isRetryable: true };
}

/** Checks whether one secret of a batch may be the cause of the error, so that reading them one by one can succeed for the others. */
export function isAboutOneSecret({ cause }: RetryableError): boolean {
  return cause instanceof SecretsManagerServiceException && ABOUT_ONE_SECRET.has(cause.name);
}
