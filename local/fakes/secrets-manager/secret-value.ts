import { brokenConstraint, readString } from './request-members.ts';
import type { Members } from './request-members.ts';
import type { SecretValue } from './secret.ts';
import { invalidParameter, notSerializable } from './service-error.ts';

/** A value's most bytes, and what base64 makes of them. */
const VALUE_LIMIT = 65_536;
const BASE64_LIMIT = Math.ceil(VALUE_LIMIT / 3) * 4;

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** The value in a request: text or base64, undefined where it has neither; throws where it has both or too much. */
export function readSecretValue(members: Members): SecretValue | undefined {
  const text = readString(members, 'SecretString', { max: VALUE_LIMIT });
  const binary = readString(members, 'SecretBinary', { max: BASE64_LIMIT });
  if (text !== undefined && binary !== undefined)
    throw invalidParameter(
      "You can't specify both a binary secret value and a string secret value in the same secret.",
    );
  if (binary !== undefined && !BASE64.test(binary)) throw notSerializable('Blob is not valid base64');
  if (Buffer.byteLength(text ?? '') > VALUE_LIMIT)
    throw brokenConstraint('SecretString', `Member must have length less than or equal to ${VALUE_LIMIT}`);
  if (text !== undefined) return { SecretString: text };
  return binary === undefined ? undefined : { SecretBinary: binary };
}
