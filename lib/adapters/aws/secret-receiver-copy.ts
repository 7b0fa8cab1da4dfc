import type { ReceiverCopy } from '../../app/ports.ts';
import type { SecretsManager } from './secrets-manager.ts';

/** The copy of the receivers, in a secret: the functions have a way to Secrets Manager in any case. */
export class SecretReceiverCopy implements ReceiverCopy {
  readonly #store: SecretsManager;
  readonly #secretId: string;

  constructor(store: SecretsManager, secretId: string) {
    this.#store = store;
    this.#secretId = secretId;
  }

  async read(signal: AbortSignal): Promise<string | undefined> {
    const reading = await this.#store.read(this.#secretId, 'AWSCURRENT', signal);
    return reading.kind === 'found' ? reading.version.text : undefined;
  }

  write(text: string, signal: AbortSignal): Promise<void> {
    return this.#store.write(this.#secretId, text, signal);
  }
}
