import { createHmac, timingSafeEqual } from 'node:crypto';

/** The value of `X-Hub-Signature`: the algorithm's name and 32 bytes in hex. */
const SIGNATURE = /^sha256=([0-9a-fA-F]{64})$/;

/**
 * Verifies the HMAC-SHA256 signature of a delivery.
 *
 * Every secret is tried, so that the time taken does not show which one verified. Weaker algorithms are rejected: Bitbucket sends none.
 *
 * @param signature - value of the `X-Hub-Signature` header
 * @param body - request body, exactly as received
 * @param secrets - accepted secrets; two during a rotation
 * @returns true if any secret verifies; an empty secret never does, because anyone could sign with it
 * @see https://support.atlassian.com/bitbucket-cloud/docs/manage-webhooks/
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
