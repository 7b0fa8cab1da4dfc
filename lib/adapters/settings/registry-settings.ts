import * as v from 'valibot';
import { bitbucketUrlRule, registryUrlRule } from './setting-rules.ts';

/** The package registry, and how its webhook's deliveries are verified. */
export interface RegistrySettings {
  /** Without a trailing slash. */
  readonly url: string;
  /** Name or ARN of the secret that holds the registry's token; undefined where it needs none. */
  readonly tokenSecretId: string | undefined;
  /** The Bitbucket of packages whose `repository_url` is relative; undefined for Bitbucket Cloud. */
  readonly bitbucketUrl: string | undefined;
  /** Undefined where deliveries are accepted unsigned. */
  readonly webhookSecret: WebhookSecretSetting | undefined;
}

/** The secret of the registry's webhook: in Secrets Manager or, in a local run, in the environment. */
type WebhookSecretSetting =
  { readonly kind: 'stored'; readonly secretId: string } | { readonly kind: 'given'; readonly value: string };

type Environment = Readonly<Record<string, string | undefined>>;

const schema = v.object({
  CARGOMAN_URL: registryUrlRule,
  BITBUCKET_URL: v.optional(bitbucketUrlRule),
});

/**
 * Reads the settings of the package registry.
 *
 * @returns the settings, or their faults; undefined where there is no registry
 */
export function readRegistrySettings(environment: Environment): RegistrySettings | undefined | string[] {
  const { CARGOMAN_URL, BITBUCKET_URL, BITBUCKET_WEBHOOK_SECRET: value } = environment;
  const secretId = environment['BITBUCKET_WEBHOOK_SECRET_ID'] || undefined;
  if (!CARGOMAN_URL) return undefined;
  const parsed = v.safeParse(schema, { CARGOMAN_URL, BITBUCKET_URL: BITBUCKET_URL || undefined });
  const faults = (parsed.issues ?? []).map((issue) => `${v.getDotPath(issue)} ${issue.message}`);
  if (secretId && value)
    faults.push('BITBUCKET_WEBHOOK_SECRET and BITBUCKET_WEBHOOK_SECRET_ID must not both be set');
  if (!parsed.success || faults.length > 0) return faults;
  let webhookSecret: WebhookSecretSetting | undefined;
  if (secretId) webhookSecret = { kind: 'stored', secretId };
  else if (value) webhookSecret = { kind: 'given', value };
  return {
    url: parsed.output.CARGOMAN_URL,
    tokenSecretId: environment['CARGOMAN_TOKEN_SECRET_ID'] || undefined,
    bitbucketUrl: parsed.output.BITBUCKET_URL,
    webhookSecret,
  };
}
