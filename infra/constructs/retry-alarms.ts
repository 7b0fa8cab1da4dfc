import { aws_cloudwatch as cloudwatch, Duration } from 'aws-cdk-lib';
import { METRICS_NAMESPACE, serviceNameOf } from '../../lib/functions.ts';
import { hasCluster } from '../deployed-functions.ts';
import { alarm, sumOf, type ObservedDeployment } from './alarms.ts';
import type { RetryQueue } from './retry-queue.ts';

/** A cluster upgrade takes less. */
const LATE_AFTER_SECONDS = 1_800;

/** Returns the metrics of the queues themselves. */
export function metricsOfQueues({
  queue,
  deadLetterQueue,
}: RetryQueue): Record<'waiting' | 'postponed' | 'dead', cloudwatch.Metric> {
  const period = Duration.minutes(5);
  const maximum = { statistic: 'Maximum', period };
  return {
    waiting: queue.metricApproximateNumberOfMessagesVisible({ ...maximum, label: 'waiting' }),
    postponed: queue.metricApproximateNumberOfMessagesNotVisible({ ...maximum, label: 'postponed' }),
    dead: deadLetterQueue.metricApproximateNumberOfMessagesVisible({ ...maximum, label: 'dead' }),
  };
}

/** Returns the alarms of the retry queue by the ends of their names; docs/operations.md says what each means. */
export function alarmsOfRetries(
  { deploymentName, settings }: ObservedDeployment,
  retries: RetryQueue,
): Record<string, cloudwatch.AlarmProps> {
  const service = serviceNameOf('redelivery', deploymentName);
  const maximum = { statistic: 'Maximum', period: Duration.minutes(5) };
  const ofService = (metricName: string, statistic: string) =>
    sumOf(METRICS_NAMESPACE, metricName, { service }, { statistic });
  return {
    'dead-letters': alarm(
      retries.deadLetterQueue.metricApproximateNumberOfMessagesVisible(maximum),
      'Events are in the dead-letter queue: npm run redrive shows them and sends them back',
    ),
    // SQS counts the age of messages that were received fewer than three times; of the others, the function does.
    'retries-waiting': alarm(
      retries.queue.metricApproximateAgeOfOldestMessage(maximum),
      'Events have waited in the retry queue for half an hour: the redelivery does not run, or cannot keep up',
      { threshold: LATE_AFTER_SECONDS },
    ),
    'retries-late': alarm(
      ofService('RetryAge', 'Maximum'),
      'Events have been retried for half an hour: a target is unavailable',
      { threshold: LATE_AFTER_SECONDS },
    ),
    'redelivery-errors': alarm(
      sumOf('AWS/Lambda', 'Errors', { FunctionName: `${deploymentName}-redelivery` }),
      'The redelivery crashes or times out: events wait in the retry queue',
    ),
    ...(hasCluster(settings) && {
      'redelivery-refused': alarm(
        ofService('RefusedRefreshes', 'Sum'),
        'The cluster refuses to refresh Warehouses or Promotions of queued events',
      ),
    }),
  };
}
