import { Logger } from '@aws-lambda-powertools/logger';
import type { Answer } from '../../core/delivery/answer.ts';

/** Makes a function's logger: JSON lines at `LOG_LEVEL` (default INFO). It is a `Log` of the use cases as it stands. */
export function createLogger(functionName: 'receiver' | 'reconciler'): Logger {
  return new Logger({ serviceName: `kargo-front-door-${functionName}` });
}

/** Writes the one line that tells of a delivery: who sent it, what it was about, what was refreshed, what was answered. */
export function logDelivery(
  logger: Logger,
  about: Readonly<Record<string, unknown>>,
  { status, body }: Answer,
): void {
  const line = { ...about, status, answer: body };
  if (status >= 500) logger.error('delivery', line);
  else if (status >= 400) logger.warn('delivery', line);
  else logger.info('delivery', line);
}
