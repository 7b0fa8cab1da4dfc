import {
  BatchGetSecretValueCommand,
  GetSecretValueCommand,
  SecretsManagerClient,
  SecretsManagerServiceException,
  type GetSecretValueResponse,
} from '@aws-sdk/client-secrets-manager';
import { RetryableError } from '../../app/errors.ts';

/** A version of a secret as the store holds it; `text` is undefined for a binary one. */
export interface StoredVersion {
  readonly text: string | undefined;
  readonly versionId: string | undefined;
  readonly createdAt: Date;
}

export type StoredReading =
  | { readonly kind: 'found'; readonly version: StoredVersion }
  | { readonly kind: 'fault'; readonly fault: 'missing' | 'unreadable'; readonly reason: string };

export type VersionStage = 'AWSCURRENT' | 'AWSPREVIOUS';

/** Secrets Manager's limit for one BatchGetSecretValue. */
export const BATCH_SIZE = 20;

/** Connecting and answering take milliseconds within a region; waiting longer would eat into the ten seconds that Bitbucket waits. */
const CONNECT_TIMEOUT_MS = 1_500;
const REQUEST_TIMEOUT_MS = 3_000;

/** What the store says of a secret that is not there, or will soon not be. */
const MISSING = new Set(['ResourceNotFoundException', 'InvalidRequestException']);

/** What it says of a secret that our role, or the key's policy, keeps from us. Asking again changes nothing. */
const UNREADABLE = new Set([
  'AccessDeniedException',
  'DecryptionFailure',
  'InvalidParameterException',
  'ValidationException',
]);

/** Reads secrets of AWS Secrets Manager; keeps one client. Every method raises `RetryableError` when the store is away or throttles. */
export class SecretsManager {
  readonly #client = new SecretsManagerClient({
    requestHandler: {
      connectionTimeout: CONNECT_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      throwOnRequestTimeout: true,
    },
  });

  /** Reads one secret at one stage. */
  async read(secretId: string, stage: VersionStage, abortSignal: AbortSignal): Promise<StoredReading> {
    const command = new GetSecretValueCommand({ SecretId: secretId, VersionStage: stage });
    try {
      const answer = await this.#client.send(command, { abortSignal });
      return { kind: 'found', version: toVersion(answer) };
    } catch (error) {
      if (error instanceof SecretsManagerServiceException) {
        const fault = faultOf(secretId, error.name);
        if (fault !== undefined) return fault;
      }
      throw unavailable(error);
    }
  }

  /** Reads the current versions of at most `BATCH_SIZE` secrets with one request; by secret id. */
  async readBatch(
    secretIds: readonly string[],
    abortSignal: AbortSignal,
  ): Promise<Map<string, StoredReading>> {
    const command = new BatchGetSecretValueCommand({ SecretIdList: [...secretIds] });
    const answer = await this.#client.send(command, { abortSignal }).catch((error: unknown) => {
      throw unavailable(error);
    });
    const readings = new Map<string, StoredReading>();
    for (const value of answer.SecretValues ?? []) {
      if (value.Name !== undefined) readings.set(value.Name, { kind: 'found', version: toVersion(value) });
    }
    for (const { SecretId: id = '', ErrorCode: code = '' } of answer.Errors ?? []) {
      readings.set(id, faultOf(id, code) ?? unreadable(id, code));
    }
    return readings;
  }
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

function faultOf(secretId: string, code: string): StoredReading | undefined {
  if (MISSING.has(code)) {
    return { kind: 'fault', fault: 'missing', reason: `secret "${secretId}" does not exist` };
  }
  return UNREADABLE.has(code) ? unreadable(secretId, code) : undefined;
}

function unreadable(secretId: string, code: string): StoredReading {
  return { kind: 'fault', fault: 'unreadable', reason: `secret "${secretId}" cannot be read: ${code}` };
}

function unavailable(error: unknown): RetryableError {
  const detail = error instanceof Error ? error.name : undefined;
  return new RetryableError('secret store unavailable', {
    cause: error,
    ...(detail === undefined ? {} : { detail }),
  });
}
