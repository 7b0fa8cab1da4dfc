import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda';
import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import { logMetrics } from '@aws-lambda-powertools/metrics/middleware';
import middy from '@middy/core';
import httpHeaderNormalizer from '@middy/http-header-normalizer';
import { webhookSecretReader } from '../lib/adapters/composer/connect-registry.ts';
import { StoredReceiverSecrets } from '../lib/adapters/aws/receiver-secrets.ts';
import { openRetryQueue } from '../lib/adapters/aws/retry-queue.ts';
import { compileSecretNameTemplate } from '../lib/adapters/aws/secret-ids.ts';
import { SecretReceiverCopy } from '../lib/adapters/aws/secret-receiver-copy.ts';
import { SecretsManager } from '../lib/adapters/aws/secrets-manager.ts';
import { ApiChangedFiles } from '../lib/adapters/bitbucket/api-changed-files.ts';
import { BitbucketClients } from '../lib/adapters/bitbucket/bitbucket-clients.ts';
import { BitbucketCredentials } from '../lib/adapters/bitbucket/bitbucket-credentials.ts';
import { answerTo } from '../lib/adapters/gateway/answer.ts';
import { readGatewayDelivery, toGatewayResult } from '../lib/adapters/gateway/gateway-delivery.ts';
import { answerInternalErrors } from '../lib/adapters/gateway/internal-errors.ts';
import { connectToIndexedKargo } from '../lib/adapters/kubernetes/indexed-kargo.ts';
import { KargoReceiverConfigs } from '../lib/adapters/kubernetes/receiver-configs.ts';
import { createLog, createLogger, logDelivery } from '../lib/adapters/observability/logging.ts';
import {
  countDelivery,
  countPreviousSecret,
  createMetrics,
  indexFaultRecorder,
  latencyRecorder,
} from '../lib/adapters/observability/metrics.ts';
import { readSettings } from '../lib/adapters/settings/settings.ts';
import { createTargets } from '../lib/adapters/targets.ts';
import { handleDelivery } from '../lib/app/delivery/handle-delivery.ts';
import { QUEUEING_TIMEOUT_MS } from '../lib/app/delivery/queue-unfinished.ts';
import { ReceiverDirectory } from '../lib/app/delivery/receiver-directory.ts';
import { RegistryWebhook } from '../lib/app/delivery/registry-webhook.ts';
import { CopiedReceivers } from '../lib/app/lookup/copied-receivers.ts';
import { RecentRefreshes } from '../lib/app/targets/kargo/recent-refreshes.ts';

/** Bitbucket Cloud times out after 10 s, of which two are left for the network. */
const BUDGET_MS = 8_000;

/** Part of the function's own timeout that is kept for the answer. */
const ANSWER_RESERVE_MS = 500;

/** Leaves time for another attempt after one on a dead connection. */
const ATTEMPT_TIMEOUT_MS = 3_000;

/**
 * Batch reads of secrets in a second and environment. Unknown paths cause them, so that all environments together, 20 by default, must
 * leave the quota of the account, 100 a second, to others most of the time. 10 batches are 200 secrets.
 */
const SECRET_BATCHES_PER_SECOND = 10;

const settings = readSettings(process.env);
const logger = createLogger('receiver');
const log = createLog(logger);
const metrics = createMetrics('receiver');
const store = new SecretsManager();
const clock = (): Date => new Date();
const { registry, graceMs, receiversSecretId } = settings;
const secrets = new StoredReceiverSecrets({
  store,
  secretIdOf: compileSecretNameTemplate(settings.secretNameTemplate, settings.systemNamespace),
  clock,
  graceMs,
  batchesPerSecond: SECRET_BATCHES_PER_SECOND,
});
const kargo = connectToIndexedKargo(settings, store, {
  attemptTimeoutMs: ATTEMPT_TIMEOUT_MS,
  recordLatency: latencyRecorder(metrics),
  onFault: indexFaultRecorder(metrics, log),
  clock,
});
const deps = {
  directory:
    kargo &&
    new ReceiverDirectory({
      index: kargo.index,
      copy:
        receiversSecretId === undefined
          ? undefined
          : new CopiedReceivers(new SecretReceiverCopy(store, receiversSecretId), clock),
      // One attempt: the caller is not authenticated yet.
      configs: new KargoReceiverConfigs(kargo.api, { ...settings, maxAttempts: 1 }),
      secrets,
      clock,
      graceMs,
    }),
  registryWebhook:
    registry && new RegistryWebhook({ readSecret: webhookSecretReader(registry, secrets), clock, graceMs }),
  targets: createTargets({
    kargo,
    registry,
    store,
    recent: new RecentRefreshes(clock),
    changedFiles: createChangedFiles(),
    clock,
    log,
  }),
  queue: settings.retryQueueUrl === undefined ? undefined : openRetryQueue(settings.retryQueueUrl),
  clock,
  log,
};

/** Part of the budget that is kept for queueing what is not finished. */
const QUEUE_RESERVE_MS = deps.queue === undefined ? 0 : QUEUEING_TIMEOUT_MS;

/** Returns undefined where path filters do not decide by changed files. */
function createChangedFiles(): ApiChangedFiles | undefined {
  const { bitbucket } = settings;
  if (bitbucket === undefined || !bitbucket.usesChangedFiles) return undefined;
  const { credentialsSecretId: secretId, cloudApiUrl } = bitbucket;
  const credentials = new BitbucketCredentials({ store, secretId, cloudApiUrl, clock });
  return new ApiChangedFiles(new BitbucketClients(credentials, clock));
}

/** Answers one delivery to `POST /bitbucket/<hash>`, or to the webhook of the package registry. */
async function receive(
  event: APIGatewayProxyEventV2,
  context: Context,
): Promise<APIGatewayProxyStructuredResultV2> {
  const received = readGatewayDelivery(event);
  log.addFields({ requestUuid: received.requestUuid });
  const budgetMs = Math.min(BUDGET_MS, context.getRemainingTimeInMillis() - ANSWER_RESERVE_MS);
  const signal = AbortSignal.timeout(Math.max(0, budgetMs - QUEUE_RESERVE_MS));
  const handled = await handleDelivery(deps, received, signal);
  const answer = answerTo(handled.outcome);
  countDelivery(metrics, received.delivery.eventKey, handled.outcome);
  countPreviousSecret(metrics, handled.previousSecret, clock());
  logDelivery(log, received, handled, answer);
  return toGatewayResult(answer);
}

export const handler = middy<APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2>()
  .use(injectLambdaContext(logger, { resetKeys: true }))
  .use(logMetrics(metrics))
  .use(httpHeaderNormalizer())
  .use(answerInternalErrors(log, metrics))
  .handler(receive);
