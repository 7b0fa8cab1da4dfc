import { Logger, LogLevelThreshold } from '@aws-lambda-powertools/logger';
import type { PreviousSecretUse } from '../../app/delivery/authenticate-delivery.ts';
import type { HandledDelivery, ReceivedDelivery } from '../../app/delivery/handle-delivery.ts';
import type { Log } from '../../app/ports.ts';
import type { TargetResult } from '../../app/targets/target.ts';
import type { BitbucketEvent } from '../../core/bitbucket/event.ts';
import { receiverFields } from '../../core/kargo/receiver.ts';
import type { FunctionName } from '../../functions.ts';
import type { Answer } from '../gateway/answer.ts';
import { limitRecord } from './log-limits.ts';
import { readServiceName } from './service-name.ts';

/** Creates a function's logger: JSON lines at `LOG_LEVEL` (default INFO). */
export function createLogger(functionName: FunctionName): Logger {
  return new Logger({ serviceName: readServiceName(functionName) });
}

/** Creates the log of the use cases. Its lines are at most 8 KB long. The middleware of the logger removes the fields that were added. */
export function createLog(logger: Logger): Log {
  return {
    get isDebugEnabled() {
      return logger.level <= LogLevelThreshold.DEBUG;
    },
    addFields: (fields) => logger.appendKeys(limitRecord(fields)),
    debug: (message, about) => logger.debug(message, limitRecord(about)),
    info: (message, about) => logger.info(message, limitRecord(about)),
    warn: (message, about) => logger.warn(message, limitRecord(about)),
    error: (message, about) => logger.error(message, limitRecord(about)),
  };
}

/** Writes the one line of a delivery: its request, receiver and event, what was refreshed, and the answer. */
export function logDelivery(
  log: Log,
  { endpoint, delivery, requestUuid }: ReceivedDelivery,
  {
    receiver,
    previousSecret,
    event,
    outcome,
    error,
    queueError,
  }: Omit<HandledDelivery, 'error'> & { readonly error?: unknown },
  { status, body }: Answer,
): void {
  const line = {
    requestUuid,
    eventKey: delivery.eventKey,
    ...(receiver !== undefined && receiverFields(receiver)),
    ...(endpoint?.kind === 'registry' && { endpoint: 'package registry' }),
    ...(previousSecret !== undefined && { previousSecret: previousSecretFields(previousSecret) }),
    ...(event !== undefined && eventFields(event)),
    ...('results' in outcome && Object.assign({}, ...outcome.results.map(resultFields))),
    ...(error !== undefined && { error }),
    ...(queueError !== undefined && { queueError }),
    status,
    answer: body,
  };
  if (status >= 500) log.error('delivery', line);
  else if (status >= 400 || outcome.kind === 'queued') log.warn('delivery', line);
  else log.info('delivery', line);
}

function previousSecretFields({ for: uses, validUntil }: PreviousSecretUse): Record<string, unknown> {
  return { for: uses, validUntil: validUntil.toISOString() };
}

/** Returns the fields of a log line that say what an event is about. */
export function eventFields(event: BitbucketEvent): Record<string, unknown> {
  switch (event.kind) {
    case 'push':
      return {
        repository: event.addresses,
        refs: event.refs.map(({ kind, name }) => `${kind} ${name}`),
      };
    case 'pull-request-closed':
      return { pullRequest: event.url };
    default:
      return event satisfies never;
  }
}

/** Returns the fields of a log line that say what a target did. */
export function resultFields(result: TargetResult): Record<string, unknown> {
  switch (result.target) {
    case 'kargo':
      return {
        refreshed: result.refreshed,
        ...(result.refused.length > 0 && { refused: result.refused }),
        ...(result.leftOut !== undefined && { leftOut: result.leftOut }),
        ...(Object.keys(result.unaffected).length > 0 && { unaffected: result.unaffected }),
      };
    case 'registry':
      return {
        synced: result.synced,
        ...(result.refused.length > 0 && { syncRefused: result.refused }),
      };
    default:
      return result satisfies never;
  }
}
