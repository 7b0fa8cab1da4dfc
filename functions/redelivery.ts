import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import { logMetrics } from '@aws-lambda-powertools/metrics/middleware';
import middy from '@middy/core';
import reportBatchItemFailures from '@middy/sqs-partial-batch-failure';
import { SecretsManager } from '../lib/adapters/aws/secrets-manager.ts';
import { SqsRetryQueue } from '../lib/adapters/aws/sqs-retry-queue.ts';
import { connectToIndexedKargo } from '../lib/adapters/kubernetes/indexed-kargo.ts';
import { createLog, createLogger } from '../lib/adapters/observability/logging.ts';
import { createMetrics, indexFaultRecorder, latencyRecorder } from '../lib/adapters/observability/metrics.ts';
import { countRedelivery, logRedelivery } from '../lib/adapters/observability/redeliveries.ts';
import { readSettings, SettingsError } from '../lib/adapters/settings/settings.ts';
import { createTargets } from '../lib/adapters/targets.ts';
import type { ReceivedMessage } from '../lib/app/ports.ts';
import { redeliverBatch } from '../lib/app/redelivery/redeliver-batch.ts';
import { RecentRefreshes } from '../lib/app/targets/kargo/recent-refreshes.ts';

/** Work on one batch: several times what ten messages of a hundred objects take. */
const BUDGET_MS = 24_000;

/** Part of the function's own timeout that is kept for requests to the queue after the work. */
const QUEUE_RESERVE_MS = 4_000;

/** Part of that which is kept for the end of the invocation. */
const END_RESERVE_MS = 500;

/** No caller waits for the answer, and a cluster after a restart is slow. */
const ATTEMPT_TIMEOUT_MS = 5_000;

const settings = readSettings(process.env);
if (settings.retryQueueUrl === undefined)
  throw new SettingsError('invalid settings: RETRY_QUEUE_URL must be set');
const logger = createLogger('redelivery');
const log = createLog(logger);
const metrics = createMetrics('redelivery');
const clock = (): Date => new Date();
const store = new SecretsManager();
const { registry } = settings;
const kargo = connectToIndexedKargo(settings, store, {
  attemptTimeoutMs: ATTEMPT_TIMEOUT_MS,
  recordLatency: latencyRecorder(metrics),
  onFault: indexFaultRecorder(metrics, log),
  clock,
});
const deps = {
  // Within a batch, no object is refreshed twice.
  targets: createTargets({
    kargo,
    registry,
    store,
    recent: new RecentRefreshes(clock, BUDGET_MS),
    clock,
    log,
  }),
  queue: new SqsRetryQueue(settings.retryQueueUrl),
  maxAgeMs: settings.retryMaxAgeMs,
  clock,
  random: Math.random,
  log,
};

/**
 * Redelivers a batch of queued events.
 *
 * @returns one settled result for each message: Lambda deletes those that are fulfilled
 */
async function redeliver(
  { Records: records }: SQSEvent,
  context: Context,
): Promise<PromiseSettledResult<void>[]> {
  const remainingMs = context.getRemainingTimeInMillis();
  const workMs = Math.min(BUDGET_MS, remainingMs - QUEUE_RESERVE_MS);
  const signals = {
    work: AbortSignal.timeout(Math.max(0, workMs)),
    queue: AbortSignal.timeout(Math.max(0, remainingMs - END_RESERVE_MS)),
  };
  const redeliveries = await redeliverBatch(deps, context.awsRequestId, records.map(toMessage), signals);
  const now = clock();
  for (const redelivery of redeliveries) {
    logRedelivery(log, now, redelivery);
    countRedelivery(metrics, now, redelivery);
  }
  return redeliveries.map(({ kind, reason }) =>
    kind === 'postponed' ? { status: 'rejected', reason } : { status: 'fulfilled', value: undefined },
  );
}

function toMessage({ messageId, receiptHandle, body, attributes }: SQSRecord): ReceivedMessage {
  return {
    id: messageId,
    receiptHandle,
    text: body,
    receiveCount: Math.max(1, Number(attributes.ApproximateReceiveCount) || 1),
  };
}

export const handler = middy<SQSEvent, PromiseSettledResult<void>[] | SQSBatchResponse>()
  .use(injectLambdaContext(logger))
  .use(logMetrics(metrics))
  // Its own log lines would hold the messages.
  .use(reportBatchItemFailures({ logger: () => undefined }))
  .handler(redeliver);
