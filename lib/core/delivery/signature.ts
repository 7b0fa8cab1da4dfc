import { createHmac, timingSafeEqual } from 'node:crypto';

/** What Bitbucket sends in `X-Hub-Signature`: the algorithm's name and 32 bytes in hex. */
const SIGNATURE = /^sha256=([0-9a-fA-F]{64})$/;

/**
 * Tells whether `signature`, the value of `X-Hub-Signature`, is the HMAC-SHA256 of exactly these bytes under any of `secrets`.
 *
 * Every secret is tried, so that the time taken does not tell which one verified. An empty secret verifies nothing: anyone could
 * sign with it. Weaker algorithms are refused, because Bitbucket sends none
 * (https://support.atlassian.com/bitbucket-cloud/docs/manage-webhooks/, "Secure webhooks").
 */
export function verifiesSignature(signature: string, body: Uint8Array, secrets: readonly string[]): boolean {
  const hex = SIGNATURE.exec(signature)?.[1];
  if (hex === undefined) return false;
  const claimed = Buffer.from(hex, 'hex');
  let verified = false;
  for (const secret of secrets) {
    if (secret === '') continue;
    const expected = createHmac('sha256', secret).update(body).digest();
    verified = timingSafeEqual(claimed, expected) || verified;
  }
  return verified;
}
