import { Sha256 } from '@aws-crypto/sha256-js';
import { SignatureV4 } from '@smithy/signature-v4';

/** Credentials of the function's role, and the cluster they are for. */
export interface EksTokenRequest {
  readonly clusterName: string;
  readonly region: string;
  readonly credentials: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string | undefined;
  };
  readonly now: Date;
}

/** EKS accepts a token for this long after it was signed, whatever the URL in it says (aws-iam-authenticator: 15 minutes). */
export const EKS_TOKEN_LIFETIME_MS = 15 * 60_000;

/** Expiry in the URL, in seconds, as `aws eks get-token` writes it. */
const URL_EXPIRES_S = 60;

/**
 * Creates a bearer token for an EKS cluster: a presigned request to STS, with which the cluster authenticates the role. The same request,
 * with the same signature, as `aws eks get-token` makes of the same credentials at the same second.
 */
export async function presignEksToken({
  clusterName,
  region,
  credentials,
  now,
}: EksTokenRequest): Promise<string> {
  const hostname = `sts.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`;
  const { accessKeyId, secretAccessKey, sessionToken } = credentials;
  const signer = new SignatureV4({
    service: 'sts',
    region,
    sha256: Sha256,
    credentials: { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) },
  });
  const signed = await signer.presign(
    {
      method: 'GET',
      protocol: 'https:',
      hostname,
      path: '/',
      query: { Action: 'GetCallerIdentity', Version: '2011-06-15' },
      headers: { host: hostname, 'x-k8s-aws-id': clusterName },
    },
    { expiresIn: URL_EXPIRES_S, signingDate: now, unhoistableHeaders: new Set(['x-k8s-aws-id']) },
  );
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(signed.query ?? {})) query.append(name, String(value));
  const url = `https://${hostname}/?${query.toString()}`;
  return `k8s-aws-v1.${Buffer.from(url).toString('base64url')}`;
}
