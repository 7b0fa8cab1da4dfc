import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Maximum age of a token: the limit of aws-iam-authenticator, whatever the token says. */
const TOKEN_LIFETIME_MS = 15 * 60_000;

/** The content of a received token. */
interface SeenToken {
  readonly accessKeyId: string;
  readonly signedAt: Date;
}

/** Fake of the webhook with which EKS authenticates tokens, and of the cluster's access entries. */
export interface EksAuthenticator {
  /** Flags with which kube-apiserver calls the webhook. */
  readonly apiServerFlags: readonly string[];
  /** Every received token, the oldest first. */
  readonly seen: SeenToken[];
  close(): Promise<void>;
}

/** Starts the webhook on loopback. `groups` are the access entries: the group of each role, by the role's access key. */
export async function startEksAuthenticator(
  groups: Readonly<Record<string, string>>,
): Promise<EksAuthenticator> {
  const seen: SeenToken[] = [];
  const review = async (request: IncomingMessage): Promise<object> => {
    const { spec } = JSON.parse(await textOf(request)) as { spec: { token: string } };
    const token = readToken(spec.token);
    if (token !== undefined) seen.push(token);
    const isCurrent = token !== undefined && Date.now() - token.signedAt.getTime() < TOKEN_LIFETIME_MS;
    const group = isCurrent ? groups[token.accessKeyId] : undefined;
    return group
      ? { authenticated: true, user: { username: `role-of-${token?.accessKeyId}`, groups: [group] } }
      : { authenticated: false };
  };
  const server = createServer((request, response) => {
    response.setHeader('content-type', 'application/json');
    void review(request).then((status) =>
      response.end(JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', status })),
    );
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const folder = mkdtempSync(join(tmpdir(), 'front-door-test-'));
  const file = join(folder, 'authenticator');
  writeFileSync(file, webhookConfig(`http://127.0.0.1:${port}`));
  return {
    apiServerFlags: [
      `--authentication-token-webhook-config-file=${file}`,
      '--authentication-token-webhook-version=v1',
    ],
    seen,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
      rmSync(folder, { recursive: true });
    },
  };
}

/** Reads a token as aws-iam-authenticator does, except the signature, which only STS can verify. */
function readToken(token: string): SeenToken | undefined {
  const [, encoded] = /^k8s-aws-v1\.([\w-]+)$/.exec(token) ?? [];
  if (encoded === undefined) return undefined;
  const { searchParams } = new URL(Buffer.from(encoded, 'base64url').toString());
  const [accessKeyId = ''] = (searchParams.get('X-Amz-Credential') ?? '').split('/');
  const [, ...digits] =
    /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(searchParams.get('X-Amz-Date') ?? '') ?? [];
  const [year, month, day, hour, minute, second] = digits;
  return { accessKeyId, signedAt: new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`) };
}

function webhookConfig(server: string): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'authenticator',
    clusters: [{ name: 'authenticator', cluster: { server } }],
    users: [{ name: 'api', user: {} }],
    contexts: [{ name: 'authenticator', context: { cluster: 'authenticator', user: 'api' } }],
  });
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
