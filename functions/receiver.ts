import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda';
import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import { logMetrics } from '@aws-lambda-powertools/metrics/middleware';
import middy from '@middy/core';
import { connectToKargo } from '../lib/adapters/kubernetes/cluster.ts';
import { gatewayAnswer, readGatewayDelivery } from '../lib/adapters/http/gateway-delivery.ts';
import { answerInternalErrors } from '../lib/adapters/http/internal-errors.ts';
import { createLogger, logDelivery } from '../lib/adapters/observability/logging.ts';
import { countDelivery, createMetrics, noteClusterLatency } from '../lib/adapters/observability/metrics.ts';
import { KargoReceiverConfigs } from '../lib/adapters/kubernetes/receiver-configs.ts';
import { StoredReceiverSecrets } from '../lib/adapters/aws/receiver-secrets.ts';
import { KargoRefreshTargets } from '../lib/adapters/kubernetes/refresh-targets.ts';
import { secretIds } from '../lib/adapters/aws/secret-ids.ts';
import { SecretsManager } from '../lib/adapters/aws/secrets-manager.ts';
import { readSettings } from '../lib/adapters/settings/settings.ts';
import { handleDelivery, type HandledDelivery } from '../lib/app/delivery/handle-delivery.ts';
import { ReceiverDirectory } from '../lib/app/delivery/receiver-directory.ts';
import { answerTo } from '../lib/core/delivery/answer.ts';

/** Bitbucket Cloud gives up after 10 s; this leaves two for the ways there and back. */
const BUDGET_MS = 8_000;

/** What is kept of the function's own timeout to answer in. */
const ANSWER_RESERVE_MS = 500;

/** One silent connection leaves time for another. */
const ATTEMPT_TIMEOUT_MS = 3_000;

const settings = readSettings(process.env);
const logger = createLogger('receiver');
const store = new SecretsManager();
const metrics = createMetrics('receiver');
const kargo = connectToKargo(settings.cluster, store, {
  attemptTimeoutMs: ATTEMPT_TIMEOUT_MS,
  noteLatency: noteClusterLatency(metrics),
});
const clock = (): Date => new Date();
const secretIdOf = secretIds(settings.secretNameTemplate, settings.systemNamespace);
const deps = {
  directory: new ReceiverDirectory({
    configs: new KargoReceiverConfigs(kargo),
    secrets: new StoredReceiverSecrets({ store, secretIdOf, clock, graceMs: settings.graceMs }),
    clock,
    graceMs: settings.graceMs,
  }),
  targets: new KargoRefreshTargets(kargo),
  clock,
  log: logger,
};

/** Answers one delivery of Bitbucket to `POST /bitbucket/<hash>`. */
async function receive(
  event: APIGatewayProxyEventV2,
  context: Context,
): Promise<APIGatewayProxyStructuredResultV2> {
  const { hash, delivery, requestUuid } = readGatewayDelivery(event);
  const budget = Math.min(BUDGET_MS, context.getRemainingTimeInMillis() - ANSWER_RESERVE_MS);
  const handled = await handleDelivery(deps, hash, delivery, AbortSignal.timeout(Math.max(0, budget))).catch(
    (error: unknown): HandledDelivery => ({
      outcome: { kind: 'internal-error', requestId: context.awsRequestId },
      about: { error },
    }),
  );
  const answer = answerTo(handled.outcome);
  countDelivery(metrics, delivery.eventKey, handled.outcome);
  logDelivery(logger, { requestUuid, eventKey: delivery.eventKey, ...handled.about }, answer);
  return gatewayAnswer(answer);
}

export const handler = middy<APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2>()
  .use(injectLambdaContext(logger))
  .use(logMetrics(metrics))
  .use(answerInternalErrors(logger))
  .handler(receive);
