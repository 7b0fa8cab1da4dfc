import type { Context } from 'aws-lambda';
import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import { logMetrics } from '@aws-lambda-powertools/metrics/middleware';
import middy from '@middy/core';
import { StoredReceiverSecrets } from '../lib/adapters/aws/receiver-secrets.ts';
import { compileSecretNameTemplate } from '../lib/adapters/aws/secret-ids.ts';
import { SecretsManager } from '../lib/adapters/aws/secrets-manager.ts';
import { ApiWebhooks } from '../lib/adapters/bitbucket/api-webhooks.ts';
import { BitbucketClients } from '../lib/adapters/bitbucket/bitbucket-clients.ts';
import { BitbucketCredentials } from '../lib/adapters/bitbucket/bitbucket-credentials.ts';
import { connectToCluster } from '../lib/adapters/kubernetes/cluster-connection.ts';
import { KargoApi } from '../lib/adapters/kubernetes/kargo-api.ts';
import { KargoReceiverConfigs } from '../lib/adapters/kubernetes/receiver-configs.ts';
import { createLog, createLogger } from '../lib/adapters/observability/logging.ts';
import { createMetrics, latencyRecorder, recordRegisterRun } from '../lib/adapters/observability/metrics.ts';
import { readSettings, requireCluster, SettingsError } from '../lib/adapters/settings/settings.ts';
import { registerWebhooks, type RegisterResult } from '../lib/app/register/register-webhooks.ts';
import { RegistrarMemory } from '../lib/app/register/registrar-memory.ts';

/** Part of the function's own timeout that is kept for the end of the run. */
const END_RESERVE_MS = 500;

/** A cluster under load may take long for a page of objects. */
const ATTEMPT_TIMEOUT_MS = 15_000;

const settings = readSettings(process.env);
const { bitbucket } = settings;
if (bitbucket === undefined)
  throw new SettingsError('invalid settings: BITBUCKET_CREDENTIALS_SECRET_ID must be set');
const logger = createLogger('registrar');
const store = new SecretsManager();
const metrics = createMetrics('registrar');
const cluster = connectToCluster(requireCluster(settings), store, {
  attemptTimeoutMs: ATTEMPT_TIMEOUT_MS,
  recordLatency: latencyRecorder(metrics),
});
const kargo = new KargoApi(cluster);
const configs = new KargoReceiverConfigs(kargo, settings);
const clock = (): Date => new Date();
const secretIdOf = compileSecretNameTemplate(settings.secretNameTemplate, settings.systemNamespace);
const { credentialsSecretId: secretId, cloudApiUrl } = bitbucket;
const credentials = new BitbucketCredentials({ store, secretId, cloudApiUrl, clock });
const deps = {
  configs,
  statuses: configs,
  objects: kargo,
  secrets: new StoredReceiverSecrets({ store, secretIdOf, clock, graceMs: settings.graceMs }),
  bitbucket: new ApiWebhooks(new BitbucketClients(credentials, clock)),
  memory: new RegistrarMemory(),
  graceMs: settings.graceMs,
  base: settings.base,
  dryRun: settings.dryRun,
  clock,
  log: createLog(logger),
};

/**
 * Makes the webhooks in Bitbucket as declared, once.
 *
 * @throws {Error} at the end of a run with failures, so that the alarm on the function's errors reports them
 */
async function register(_event: unknown, context: Context): Promise<RegisterResult> {
  const budgetMs = Math.max(0, context.getRemainingTimeInMillis() - END_RESERVE_MS);
  const { result, gauges } = await registerWebhooks(deps, AbortSignal.timeout(budgetMs)).catch(
    (error: unknown) => {
      // Lambda logs it too, with positions in the bundle.
      deps.log.error('run failed', { error });
      recordRegisterRun(metrics, 1);
      throw error;
    },
  );
  if (result.changed > 0) deps.log.info('registered', { ...result, ...gauges });
  recordRegisterRun(metrics, result.failures.length, gauges);
  if (result.failures.length > 0) throw new Error(`${result.failures.length} failed: ${result.failures[0]}`);
  return result;
}

export const handler = middy<unknown, RegisterResult>()
  .use(injectLambdaContext(logger))
  .use(logMetrics(metrics))
  .handler(register);
