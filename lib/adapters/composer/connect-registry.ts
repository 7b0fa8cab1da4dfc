import type { PackageRegistry } from '../../app/targets/registry/package-registry.ts';
import type { ReadWebhookSecret } from '../../app/delivery/registry-webhook.ts';
import type { Clock } from '../../app/ports.ts';
import { readSecretContent } from '../../core/kargo/receiver-secret.ts';
import type { StoredReceiverSecrets } from '../aws/receiver-secrets.ts';
import { unreturnedSecret, type SecretsManager } from '../aws/secrets-manager.ts';
import type { RegistrySettings } from '../settings/registry-settings.ts';
import { CargomanRegistry } from './cargoman-registry.ts';
import { RegistryClient } from './registry-client.ts';
import { registryToken } from './registry-token.ts';

/** Connects to the registry that the settings name; nothing is sent before the first use. */
export function connectToRegistry(
  { url, tokenSecretId }: RegistrySettings,
  store: SecretsManager,
  clock: Clock,
): PackageRegistry {
  return new CargomanRegistry(
    new RegistryClient({ url, token: registryToken(tokenSecretId, store, clock), clock }),
  );
}

/** Returns the reader of the secret of the registry's webhook; undefined where deliveries are accepted unsigned. */
export function webhookSecretReader(
  { webhookSecret }: RegistrySettings,
  secrets: Pick<StoredReceiverSecrets, 'readIds'>,
): ReadWebhookSecret | undefined {
  switch (webhookSecret?.kind) {
    case undefined:
      return undefined;
    case 'given': {
      const versions = { current: readSecretContent(webhookSecret.value), currentSince: new Date(0) };
      const reading = { kind: 'found', secretId: 'BITBUCKET_WEBHOOK_SECRET', versions } as const;
      return () => Promise.resolve(reading);
    }
    case 'stored': {
      const { secretId } = webhookSecret;
      return async (from, signal) => {
        const [reading] = await secrets.readIds([secretId], from, signal);
        return reading ?? unreturnedSecret(secretId);
      };
    }
    default:
      return webhookSecret satisfies never;
  }
}
