import { createHmac, timingSafeEqual } from 'node:crypto';

/** The value of `X-Hub-Signature`: the algorithm's name and 32 bytes in hex. */
const SIGNATURE = /^sha256=([0-9a-fA-F]{64})$/;

/**
 * Verifies the HMAC-SHA256 signature of a delivery. Weaker algorithms are rejected: Bitbucket sends none.
 *
 * @param signature - value of the `X-Hub-Signature` header
 * @param body - request body, exactly as received
 * @param secret - an empty one never verifies, because anyone could sign with it
 * @see https://support.atlassian.com/bitbucket-cloud/docs/manage-webhooks/
 */
export function verifiesSignature(signature: string, body: Uint8Array, secret: string): boolean {
  const hex = SIGNATURE.exec(signature)?.[1];
  if (hex === undefined || secret === '') return false;
  return timingSafeEqual(Buffer.from(hex, 'hex'), createHmac('sha256', secret).update(body).digest());
}
