/** What a secret in the store holds at one version: the HMAC secret, or what is wrong with it. */
export type SecretContent =
  | { readonly kind: 'secret'; readonly value: string }
  | { readonly kind: 'unusable'; readonly fault: 'empty' | 'malformed'; readonly reason: string };

/** A receiver's secret as the store holds it now. */
export interface SecretVersions {
  readonly current: SecretContent;
  /** When the current version was made; the previous one's grace counts from here. */
  readonly currentSince: Date;
  readonly previous?: SecretContent | undefined;
}

/** What the store said of a receiver's secret. `reason` is in words and names the secret. */
export type SecretReading =
  | { readonly kind: 'found'; readonly versions: SecretVersions }
  | { readonly kind: 'fault'; readonly fault: 'missing' | 'unreadable'; readonly reason: string };

/** The key under which Kargo's Kubernetes Secret keeps the value, so that one document can serve both. */
const KEY = 'secret';

/**
 * Reads the text of a secret: a JSON object with the key `secret`, or else the bare secret. Text that begins like an object and is
 * none is taken for a slip, not for a secret.
 */
export function readSecretContent(text: string | undefined): SecretContent {
  if (text === undefined) return unusable('malformed', 'it is binary; it must be text');
  const value = text.trimStart().startsWith('{') ? readObject(text) : text;
  if (value === undefined)
    return unusable('malformed', `it is neither a bare string nor JSON with the key "${KEY}"`);
  return value === '' ? unusable('empty', 'it is empty') : { kind: 'secret', value };
}

/**
 * Gives the secrets that deliveries may be signed with at `now`, the current one first. The previous one stays good until
 * `graceMs` milliseconds after the current one was made: whoever configured Bitbucket has that long to follow a rotation.
 */
export function acceptedSecrets(versions: SecretVersions, now: Date, graceMs: number): string[] {
  const accepted = [versions.current];
  if (versions.previous && inGrace(versions.currentSince, now, graceMs)) accepted.push(versions.previous);
  return [...new Set(accepted.filter((content) => content.kind === 'secret').map(({ value }) => value))];
}

/** Tells whether a version older than the one made at `currentSince` may still be used. */
export function inGrace(currentSince: Date, now: Date, graceMs: number): boolean {
  return now.getTime() < currentSince.getTime() + graceMs;
}

function readObject(text: string): string | undefined {
  try {
    const value: unknown = (JSON.parse(text) as Record<string, unknown>)[KEY];
    return typeof value === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}

function unusable(fault: 'empty' | 'malformed', reason: string): SecretContent {
  return { kind: 'unusable', fault, reason };
}
