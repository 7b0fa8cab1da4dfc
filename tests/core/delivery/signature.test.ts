import { describe, expect, test } from '@jest/globals';
import { verifiesSignature } from '../../../lib/core/delivery/signature.ts';

/** Atlassian's own example (https://support.atlassian.com/bitbucket-cloud/docs/manage-webhooks/, "Secure webhooks"). */
const SECRET = "It's a Secret to Everybody";
const BODY = 'Hello World!';
const HEX = 'a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9';
const SHA1_HEX = 'c515f330a339e006a451ec24110648f028c87a11';
const UNDER_EMPTY_KEY = '0366d43cf5215a646b90008490ca34b5994cc08f173c9e6cdccef82656896592';

const verifies = (signature: string, secret: string, body: string | Buffer) =>
  verifiesSignature(signature, Buffer.from(body), secret);

describe('a signature verifies', () => {
  test.each([
    ['as Bitbucket sends it', `sha256=${HEX}`],
    ['with hex in upper case', `sha256=${HEX.toUpperCase()}`],
  ])('%s', (_what, signature) => {
    expect(verifies(signature, SECRET, BODY)).toBe(true);
  });
});

describe('a signature is refused', () => {
  test.each<[what: string, signature: string, secret?: string, body?: string]>([
    ['empty', ''],
    ['without the algorithm', HEX],
    ['with the algorithm in upper case', `SHA256=${HEX}`],
    ['SHA-1', `sha1=${SHA1_HEX}`],
    ['SHA-1 that calls itself SHA-256', `sha256=${SHA1_HEX}`],
    ['SHA-512 in name', `sha512=${HEX}`],
    ['another algorithm of as many bytes', `sha3-256=${HEX}`],
    ['a digit short', `sha256=${HEX.slice(1)}`],
    ['a digit long', `sha256=${HEX}0`],
    ['two digits long', `sha256=${HEX}00`],
    ['no hex', `sha256=${'g'.repeat(64)}`],
    ['space before', ` sha256=${HEX}`],
    ['space after', `sha256=${HEX} `],
    ['a line break after', `sha256=${HEX}\n`],
    ['two of them', `sha256=${HEX},sha256=${HEX}`],
    ['one bit off', `sha256=${HEX.replace(/9$/, '8')}`],
    ['under another secret', `sha256=${HEX}`, 'other'],
    ['under an empty secret, though it is right', `sha256=${UNDER_EMPTY_KEY}`, ''],
    ['over other bytes', `sha256=${HEX}`, SECRET, 'Hello World'],
    ['over an empty body', `sha256=${HEX}`, SECRET, ''],
  ])('%s', (_what, signature, secret = SECRET, body = BODY) => {
    expect(verifies(signature, secret, body)).toBe(false);
  });
});

test('verifies the bytes, not the decoded text', () => {
  const overLatin1 = 'sha256=9f224b80b870d55d22edfa181ab8b5f0a41aed78210b3702ff34845a6f67f58c';
  expect(verifies(overLatin1, SECRET, Buffer.from([0xe9]))).toBe(true);
  expect(verifies(overLatin1, SECRET, 'é')).toBe(false);
});
