import { randomInt } from 'node:crypto';

import { invalidMember, invalidRequest, notFound } from './service-error.ts';
import { nowInSeconds } from './secret.ts';
import type { Secret } from './secret.ts';

/** An account that nobody has, so that no real secret has such an ARN. */
const ARN_PREFIX = 'arn:aws:secretsmanager:us-east-1:000000000000:secret:';

const SUFFIX_ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const SUFFIX_LENGTH = 6;
const SUFFIX = new RegExp(`-[A-Za-z0-9]{${SUFFIX_LENGTH}}$`);

/** Every secret there is, found by name or ARN. */
export class SecretCatalog {
  readonly #secrets = new Map<string, Secret>();
  #created = 0;

  /** Adds a secret without a value; throws ValidationException on a name that AWS would not take. */
  add(name: string, description?: string, tags?: readonly unknown[]): Secret {
    checkName(name);
    const createdDate = nowInSeconds();
    const secret: Secret = {
      name,
      arn: arnOf(name),
      number: ++this.#created,
      createdDate,
      lastChangedDate: createdDate,
      description,
      tags,
      versions: new Map(),
    };
    this.#secrets.set(name, secret);
    return secret;
  }

  remove(secret: Secret): void {
    this.#secrets.delete(secret.name);
  }

  /** The secrets in the order they were created. */
  all(): Secret[] {
    return [...this.#secrets.values()];
  }

  /**
   * The secret of a name, an ARN, or an ARN without its suffix. As AWS does, anything that looks like a suffix is taken for
   * one, so a name that ends in a hyphen and six characters is not found by its ARN without the suffix.
   */
  find(secretId: string): Secret | undefined {
    checkName(secretId.startsWith('arn:') ? secretId.replaceAll(':', '') : secretId);
    if (!secretId.startsWith('arn:')) return this.#secrets.get(secretId);
    if (!secretId.startsWith(ARN_PREFIX)) return undefined;
    const resource = secretId.slice(ARN_PREFIX.length);
    if (!SUFFIX.test(resource)) return this.#secrets.get(resource);
    const secret = this.#secrets.get(resource.replace(SUFFIX, ''));
    return secret?.arn === secretId ? secret : undefined;
  }

  /** The secret, also one marked for deletion; throws ResourceNotFoundException where there is none. */
  describe(secretId: string): Secret {
    const secret = this.find(secretId);
    if (secret === undefined) throw notFound();
    return secret;
  }

  /** The secret, for reading or changing; throws InvalidRequestException on one marked for deletion. */
  open(secretId: string): Secret {
    const secret = this.describe(secretId);
    if (secret.deletedDate !== undefined)
      throw invalidRequest(
        "You can't perform this operation on the secret because it was marked for deletion.",
      );
    return secret;
  }
}

/** A new ARN for a name: the random suffix tells it from the ARN of a deleted secret of the same name. */
export function arnOf(name: string): string {
  const letters = Array.from({ length: SUFFIX_LENGTH }, () =>
    SUFFIX_ALPHABET.charAt(randomInt(SUFFIX_ALPHABET.length)),
  );
  return `${ARN_PREFIX}${name}-${letters.join('')}`;
}

function checkName(name: string): void {
  if (!/^[A-Za-z0-9/_+=.@!-]+$/.test(name))
    throw invalidMember(
      'Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!',
    );
}
