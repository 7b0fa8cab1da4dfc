/** What a version holds, in the words of the wire: text, or bytes in base64. */
export type SecretValue = { readonly SecretString: string } | { readonly SecretBinary: string };

/** One value a secret has had. Dates are seconds since the epoch, as the protocol carries them. */
export interface SecretVersion {
  readonly id: string;
  readonly number: number;
  readonly value: SecretValue;
  readonly createdDate: number;
  readonly stages: Set<string>;
  lastAccessedDate?: number;
}

/** A named secret and all its versions, the oldest first. */
export interface Secret {
  readonly name: string;
  readonly arn: string;
  /** The place in the order of creation, which a page continues from. */
  readonly number: number;
  readonly createdDate: number;
  readonly tags: readonly unknown[] | undefined;
  readonly versions: Map<string, SecretVersion>;
  description: string | undefined;
  lastChangedDate: number;
  lastAccessedDate?: number;
  /** When it is to be gone; a secret that has one answers nothing but its description. */
  deletedDate?: number;
}

export const DAY_SECONDS = 86_400;

/** The present, in the protocol's seconds since the epoch. */
export function nowInSeconds(): number {
  return Date.now() / 1000;
}

/** Notes that a version was read; AWS keeps the day of it only. */
export function noteAccess(secret: Secret, version: SecretVersion): void {
  const now = nowInSeconds();
  version.lastAccessedDate = now - (now % DAY_SECONDS);
  secret.lastAccessedDate = version.lastAccessedDate;
}

/** Whether two values are the same kind and the same content. */
export function sameValue(one: SecretValue, other: SecretValue): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
