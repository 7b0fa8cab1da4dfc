/**
 * A fake for AWS Secrets Manager, in memory, for `npm start` and the tests: the SDK's client runs on it unchanged.
 *
 * It differs from AWS in this:
 * - Any credentials are accepted, also none; a signature is not checked, and there are no policies.
 * - There is one account and one region (us-east-1), whichever the client names. Nothing is encrypted or kept.
 * - Every operation not in `actions.ts` (rotation, replication, policies, tags, passwords) is an UnknownOperationException.
 * - Lists and batches filter by name only and sort by date of creation only; any other filter or order is refused.
 * - Every change is seen at once; a recovery window does not end; deprecated versions and any number of labels are kept.
 * - Not measured on AWS: newest first as the order of a list, DeletedDate as the end of the recovery window, and success as
 *   the answer to RestoreSecret on a secret that is not deleted.
 * - The wording of ValidationException and SerializationException is AWS's own in part only; so is that of an invalid
 *   NextToken and of UpdateSecretVersionStage given no version or one without the label.
 */
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import { answerAwsJson } from './aws-json-exchange.ts';
import { SecretCatalog } from './secret-catalog.ts';
import { createSecret } from './write-actions.ts';

/** A running fake. */
export interface FakeSecretsManager {
  /** Where it answers, for AWS_ENDPOINT_URL. */
  readonly url: string;
  /** Ends it and every open connection. */
  readonly close: () => Promise<void>;
}

/**
 * Starts the fake.
 *
 * @param options.port 0 for any free one.
 * @param options.host where it listens; loopback unless given, as it lets anybody in.
 * @param options.secrets the SecretString of each secret it holds from the start, by the secret's name.
 * @returns once it answers; rejects with node's own error where the port is in use, with a ServiceError where a secret's name
 *   or text is one that AWS would not take.
 */
export async function startFakeSecretsManager(options: {
  port: number;
  host?: string;
  secrets?: Record<string, string>;
}): Promise<FakeSecretsManager> {
  const { port, host = '127.0.0.1', secrets = {} } = options;
  const catalog = new SecretCatalog();
  for (const [Name, SecretString] of Object.entries(secrets))
    createSecret(catalog, { Name, SecretString, ClientRequestToken: randomUUID() });

  const server = createServer((request, response) => void answerAwsJson(catalog, request, response));
  await listening(server, port, host);
  const address = server.address() as AddressInfo;
  const authority = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return { url: `http://${authority}:${address.port}`, close: () => closed(server) };
}

function listening(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
