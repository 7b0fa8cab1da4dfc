import { MetricUnit, type Metrics } from '@aws-lambda-powertools/metrics';
import { RetryableError } from '../../app/errors.ts';
import type { Log } from '../../app/ports.ts';
import type { Redelivery } from '../../app/redelivery/redeliver-batch.ts';
import { receiverFields } from '../../core/kargo/receiver.ts';
import type { RetryMessage } from '../../app/redelivery/retry-message.ts';
import { eventFields, resultFields } from './logging.ts';
import { countResult } from './metrics.ts';

/** Writes the one line of a message of the retry queue: where its event comes from, what was done, and what became of it. */
export function logRedelivery(log: Log, now: Date, redelivery: Redelivery): void {
  const { kind, received, message, result, reason, error } = redelivery;
  const line = {
    messageId: received.id,
    attempt: received.receiveCount,
    ...(message !== undefined && {
      requestUuid: message.requestUuid,
      target: message.target,
      ...receiverFields({ name: message.receiver, project: message.project }),
      ageSeconds: ageSeconds(message, now),
      ...eventFields(message.event),
    }),
    ...(result !== undefined && resultFields(result)),
    outcome: kind,
    ...(reason !== undefined && { reason }),
    ...(error !== undefined && { error }),
  };
  const isBug = error !== undefined && !(error instanceof RetryableError);
  if (kind === 'dead' || isBug) log.error('redelivery', line);
  else if (kind === 'done') log.info('redelivery', line);
  else log.warn('redelivery', line);
}

/** Counts a message of the retry queue by what became of it, the age of one that waits on, and the result of its target. */
export function countRedelivery(metrics: Metrics, now: Date, { kind, message, result }: Redelivery): void {
  if (kind === 'postponed' && message !== undefined)
    metrics.addMetric('RetryAge', MetricUnit.Seconds, ageSeconds(message, now));
  metrics.singleMetric().addDimension('outcome', kind).addMetric('Redeliveries', MetricUnit.Count, 1);
  if (result !== undefined) countResult(metrics, result);
}

function ageSeconds({ since }: RetryMessage, now: Date): number {
  return Math.round((now.getTime() - since.getTime()) / 1_000);
}
