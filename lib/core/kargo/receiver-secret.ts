/** Content of one version of a secret: the HMAC secret, or why it cannot be used. `reason` continues the sentence `Secret "…" …`. */
export type SecretContent =
  | { readonly kind: 'secret'; readonly value: string }
  | { readonly kind: 'unusable'; readonly fault: 'empty' | 'malformed'; readonly reason: string };

/** Versions of a receiver's secret in the store. */
export interface SecretVersions {
  readonly current: SecretContent;
  /** When the current version was made; the grace of the previous one starts here. */
  readonly currentSince: Date;
  readonly previous?: SecretContent | undefined;
}

/** Result of reading a receiver's secret. `secretId` is its name in the store. */
export type SecretReading =
  { readonly kind: 'found'; readonly secretId: string; readonly versions: SecretVersions } | SecretFault;

/** Why a secret cannot be used: it does not exist, or cannot be read. */
export interface SecretFault {
  readonly kind: 'fault';
  readonly secretId: string;
  readonly fault: 'missing' | 'unreadable';
  /** A sentence that names the secret. */
  readonly reason: string;
  /** Set where the store failed to return it, so that the next attempt may succeed. */
  readonly isRetryable?: true;
}

/** A secret that verifies deliveries of a receiver. */
export interface AcceptedSecret {
  readonly value: string;
  /** End of the grace; undefined for the current secret, which has no end. */
  readonly validUntil?: Date;
}

/** The key under which Kargo's Kubernetes Secret keeps the value, so that one document serves both. */
const KEY = 'secret';

/** Anyone who has one signed delivery can try secrets offline. 128 random bits resist that. */
const MIN_SECRET_BYTES = 16;

/**
 * Reads the text of a secret: a JSON object with the key `secret`, or else the bare secret. Text that begins like an object and is
 * not one is malformed.
 *
 * @param text - undefined for a binary secret
 * @param key - of the value in a JSON object
 */
export function readSecretContent(text: string | undefined, key = KEY): SecretContent {
  if (text === undefined) return unusable('malformed', 'is binary, not text');
  const value = text.trimStart().startsWith('{') ? readObject(text, key) : text;
  if (value === undefined)
    return unusable('malformed', `is neither a bare string nor JSON with the key "${key}"`);
  return value === '' ? unusable('empty', 'is empty') : { kind: 'secret', value };
}

/** Checks whether a secret may exist, but cannot be read. */
export function isUnreadable(
  reading: { readonly kind: 'found' } | SecretFault | undefined,
): reading is SecretFault & { readonly fault: 'unreadable' } {
  return reading?.kind === 'fault' && reading.fault === 'unreadable';
}

/**
 * Lists the secrets that deliveries may be signed with at `now`, the current one first. The previous one stays valid until
 * `graceMs` after the current one was made, so that there is time to change it in Bitbucket.
 */
export function acceptedSecrets(
  { current, previous, currentSince }: SecretVersions,
  now: Date,
  graceMs: number,
): AcceptedSecret[] {
  const accepted: AcceptedSecret[] = current.kind === 'secret' ? [{ value: current.value }] : [];
  const isPreviousAccepted = previous?.kind === 'secret' && inGrace(currentSince, now, graceMs);
  if (isPreviousAccepted && previous.value !== accepted[0]?.value) {
    accepted.push({ value: previous.value, validUntil: new Date(currentSince.getTime() + graceMs) });
  }
  return accepted;
}

/** Checks whether a version older than the one made at `currentSince` is still valid. */
export function inGrace(currentSince: Date, now: Date, graceMs: number): boolean {
  return now.getTime() < currentSince.getTime() + graceMs;
}

/**
 * Describes what makes a secret weak or easy to enter wrongly. Such a secret works.
 *
 * @returns text that continues the sentence `Secret "…" …`; undefined for a good secret
 */
export function describeWeakness(secret: string): string | undefined {
  const bytes = Buffer.byteLength(secret);
  const weaknesses = [
    ...(bytes < MIN_SECRET_BYTES ? [`has ${bytes} bytes, fewer than ${MIN_SECRET_BYTES}`] : []),
    ...(secret.trim() === secret ? [] : ['begins or ends with whitespace, which is part of the secret']),
  ];
  return weaknesses.length === 0 ? undefined : weaknesses.join(' and ');
}

function readObject(text: string, key: string): string | undefined {
  try {
    const value: unknown = (JSON.parse(text) as Record<string, unknown>)[key];
    return typeof value === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}

function unusable(fault: 'empty' | 'malformed', reason: string): SecretContent {
  return { kind: 'unusable', fault, reason };
}
