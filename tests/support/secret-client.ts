import { randomUUID } from 'node:crypto';
import {
  CreateSecretCommand,
  DeleteSecretCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';

/** Changes secrets as their owners do. */
export class SecretClient {
  readonly #client: SecretsManagerClient;

  constructor(endpoint: string) {
    const credentials = { accessKeyId: 'owner', secretAccessKey: 'owner' };
    this.#client = new SecretsManagerClient({ endpoint, region: 'us-east-1', credentials });
  }

  async create(name: string, text: string): Promise<void> {
    await this.#client.send(new CreateSecretCommand({ Name: name, SecretString: text }));
  }

  /** Stores a new current version; the one before it becomes the previous. */
  async rotate(name: string, text: string): Promise<void> {
    const version = { SecretId: name, SecretString: text, ClientRequestToken: randomUUID() };
    await this.#client.send(new PutSecretValueCommand(version));
  }

  async delete(name: string): Promise<void> {
    await this.#client.send(new DeleteSecretCommand({ SecretId: name, ForceDeleteWithoutRecovery: true }));
  }

  close(): void {
    this.#client.destroy();
  }
}
