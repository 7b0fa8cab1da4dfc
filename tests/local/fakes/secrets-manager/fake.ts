import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';

import { startFakeSecretsManager } from '../../../../local/fakes/secrets-manager/fake-secrets-manager.ts';

/** A fake on a free port, the SDK's own client on it, and a way to send what that client would not. */
export interface StoreUnderTest extends AsyncDisposable {
  readonly client: SecretsManagerClient;
  /** Posts a body as it is; gives the status, `__type` and message of the answer. */
  post(
    target: string | undefined,
    body: string,
  ): Promise<{ status: number; type: unknown; message: unknown }>;
}

/** Starts a fake that holds these secrets; disposing of it ends the client, the fake and their connections. */
export async function startStore(secrets: Record<string, string> = {}): Promise<StoreUnderTest> {
  const { url, close } = await startFakeSecretsManager({ port: 0, secrets });
  const client = new SecretsManagerClient({
    endpoint: url,
    region: 'eu-central-1',
    credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
    maxAttempts: 1,
  });
  return {
    client,
    async post(target, body) {
      const response = await fetch(url, {
        method: 'POST',
        headers: {
          'content-type': 'application/x-amz-json-1.1',
          authorization: 'AWS4-HMAC-SHA256 Credential=test/x, SignedHeaders=host, Signature=0',
          ...(target === undefined ? {} : { 'x-amz-target': target }),
        },
        body,
      });
      const answer = (await response.json()) as Record<string, unknown>;
      return { status: response.status, type: answer['__type'], message: answer['Message'] };
    },
    async [Symbol.asyncDispose]() {
      client.destroy();
      await close();
    },
  };
}

/** How a call that fails does so: the exception's name and message. Throws where the call succeeds. */
export async function failureOf(call: Promise<unknown>): Promise<string> {
  const outcome = await call.then(
    () => undefined,
    (error: unknown) => error as Error,
  );
  if (outcome === undefined) throw new Error('the call succeeded');
  return `${outcome.name}: ${outcome.message}`;
}

/** A ClientRequestToken, and so a version's id, that is easily told from another. */
export function token(digit: number): string {
  return String(digit).repeat(32);
}
