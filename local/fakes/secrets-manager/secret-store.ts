import { randomBytes } from 'node:crypto';

/** The value of a version: text, or bytes in base64, as the protocol carries them. */
export type SecretValue = { readonly SecretString: string } | { readonly SecretBinary: string };

interface SecretVersion {
  readonly id: string;
  readonly value: SecretValue;
  /** Seconds since the epoch, as the protocol carries dates. */
  readonly createdDate: number;
}

/** A secret with its versions, the oldest first: the last is AWSCURRENT, the one before it AWSPREVIOUS. */
export interface Secret {
  readonly name: string;
  readonly arn: string;
  readonly versions: readonly SecretVersion[];
  /** When it will be removed; such a secret can only be removed or looked at. */
  readonly deletionDate?: number;
}

/** A failed request. Secrets Manager answers every one with status 400. */
export class ServiceError extends Error {
  override readonly name = 'ServiceError';
  /** The exception's name, which the protocol carries as `__type`. */
  readonly type: string;

  constructor(type: string, message: string) {
    super(message);
    this.type = type;
  }
}

/** An account that cannot exist, so that no ARN is that of a real secret. */
const ARN_PREFIX = 'arn:aws:secretsmanager:us-east-1:000000000000:secret:';

/** Where in the list of versions the one with a staging label is. */
const STAGES: ReadonlyMap<string, number> = new Map([
  ['AWSCURRENT', -1],
  ['AWSPREVIOUS', -2],
]);

const RECOVERY_WINDOW_SECONDS = 30 * 86_400;

/** Stores secrets by name, with the staging labels that a rotation moves. */
export class SecretStore {
  readonly #secrets = new Map<string, Secret>();

  /** @throws {ServiceError} `ResourceExistsException`, or `InvalidRequestException` for a name that is still being deleted */
  create(name: string, versionId: string, value: SecretValue): Secret {
    const existing = this.#secrets.get(name);
    if (existing?.deletionDate !== undefined) {
      throw new ServiceError(
        'InvalidRequestException',
        "You can't create this secret because a secret with this name is already scheduled for deletion.",
      );
    }
    if (existing) {
      throw new ServiceError(
        'ResourceExistsException',
        `The operation failed because the secret ${name} already exists.`,
      );
    }
    // Six characters tell the ARN from that of a deleted secret of the same name.
    const arn = `${ARN_PREFIX}${name}-${randomBytes(3).toString('hex')}`;
    return this.#put({ name, arn, versions: [newVersion(versionId, value)] });
  }

  /** Adds a version, which becomes the current one. The same version sent again changes nothing, as with a retry. */
  putVersion(secretId: string, versionId: string, value: SecretValue): Secret {
    const secret = this.open(secretId);
    const existing = secret.versions.find(({ id }) => id === versionId);
    if (existing === undefined)
      return this.#put({ ...secret, versions: [...secret.versions, newVersion(versionId, value)] });
    if (JSON.stringify(existing.value) === JSON.stringify(value)) return secret;
    throw new ServiceError(
      'ResourceExistsException',
      `You can't use ClientRequestToken ${versionId} because that value is already in use for a version of secret ${secret.arn}.`,
    );
  }

  /**
   * Returns a secret by name or ARN.
   *
   * @throws {ServiceError} `ResourceNotFoundException`, or `InvalidRequestException` for one that is being deleted
   */
  open(secretId: string): Secret {
    const secret = this.#find(secretId);
    if (secret === undefined) throw notFound('secret.');
    if (secret.deletionDate === undefined) return secret;
    throw new ServiceError(
      'InvalidRequestException',
      "You can't perform this operation on the secret because it was marked for deletion.",
    );
  }

  /** Marks a secret for deletion after the recovery window. */
  markForDeletion(secretId: string): Secret {
    return this.#put({ ...this.open(secretId), deletionDate: nowInSeconds() + RECOVERY_WINDOW_SECONDS });
  }

  /** Removes a secret at once. Returns undefined if there is none, which is not an error in Secrets Manager. */
  remove(secretId: string): Secret | undefined {
    const secret = this.#find(secretId);
    if (secret) this.#secrets.delete(secret.name);
    return secret;
  }

  #find(secretId: string): Secret | undefined {
    return this.#secrets.get(secretId) ?? [...this.#secrets.values()].find(({ arn }) => arn === secretId);
  }

  #put(secret: Secret): Secret {
    this.#secrets.set(secret.name, secret);
    return secret;
  }
}

/** @throws {ServiceError} `ResourceNotFoundException` when no version has the label */
export function versionAt({ versions }: Secret, stage: string): SecretVersion {
  const index = STAGES.get(stage);
  const version = index === undefined ? undefined : versions.at(index);
  if (version === undefined) throw notFound(`secret value for staging label: ${stage}`);
  return version;
}

export function nowInSeconds(): number {
  return Date.now() / 1_000;
}

function newVersion(id: string, value: SecretValue): SecretVersion {
  return { id, value, createdDate: nowInSeconds() };
}

function notFound(what: string): ServiceError {
  return new ServiceError('ResourceNotFoundException', `Secrets Manager can't find the specified ${what}`);
}
