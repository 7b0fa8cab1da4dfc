import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { presignEksToken } from '../../../lib/adapters/aws/eks-token.ts';

interface Recorded {
  readonly clusterName: string;
  readonly region: string;
  readonly sessionToken?: string;
  readonly token: string;
}

const recorded = JSON.parse(
  readFileSync(`${import.meta.dirname}/../../fixtures/eks-token/recorded.json`, 'utf8'),
) as Recorded[];

/** A token as the request in it: host, and parameters in any order. */
function read(token: string): { prefix: string; host: string; path: string; query: Record<string, string> } {
  const [prefix = '', encoded = ''] = token.split('.');
  const url = new URL(Buffer.from(encoded, 'base64url').toString());
  return { prefix, host: url.host, path: url.pathname, query: Object.fromEntries(url.searchParams) };
}

/** When the recorded token was signed. */
function signedAt(token: string): Date {
  const date = read(token).query['X-Amz-Date'] ?? '';
  return new Date(date.replace(/(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z/, '$1-$2-$3T$4:$5:$6Z'));
}

describe('the token for an EKS cluster', () => {
  test.each(recorded)(
    'is what the AWS CLI makes for $clusterName in $region, signature and all',
    async ({ token, clusterName, region, sessionToken }) => {
      const credentials = {
        accessKeyId: 'AKIDEXAMPLE',
        secretAccessKey: 'wJalrXUtnFEMIexamplekey',
        sessionToken,
      };
      const ours = await presignEksToken({ clusterName, region, credentials, now: signedAt(token) });
      expect(read(ours)).toEqual(read(token));
    },
  );
});
