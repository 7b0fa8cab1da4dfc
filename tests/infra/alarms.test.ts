import { expect, test } from '@jest/globals';
import type { aws_cloudwatch as cloudwatch } from 'aws-cdk-lib';
import { alarmsOf } from '../../infra/constructs/alarms.ts';
import { readDeploymentSettings, type DeploymentSetting } from '../../infra/deployment-settings.ts';
import { countDelivery, createMetrics } from '../../lib/adapters/observability/metrics.ts';

const REGISTRY = { CARGOMAN_URL: 'https://packages.example.com', KUBECONFIG_SECRET_ID: 'ops/kubeconfig' };

function alarmsWith(settings: Partial<Record<DeploymentSetting, string>>, deploymentName = 'kargo') {
  const read = readDeploymentSettings({ get: (name) => settings[name] });
  return alarmsOf({ deploymentName, apiId: 'api-id', settings: read });
}

test('the alarm on signatures reads the metric that the receiver of this deployment emits', () => {
  process.env['POWERTOOLS_METRICS_DISABLED'] = 'true';
  process.env['DEPLOYMENT_NAME'] = 'hooks';
  const metrics = createMetrics('receiver');
  countDelivery(metrics, 'repo:push', { kind: 'unauthorized' });
  const { _aws: meta, service } = metrics.serializeMetrics();
  const [emitted] = meta.CloudWatchMetrics;
  expect(service).toBe('hooks-receiver');
  expect(alarmsWith({}, 'hooks')['signature-failures']?.metric).toMatchObject({
    namespace: emitted?.Namespace,
    metricName: emitted?.Metrics[0]?.Name,
    dimensions: { service },
  });
});

test.each([
  ['refused-refreshes', 'receiver', 'RefusedRefreshes', 'Sum', 300, 1],
  ['refused-syncs', 'receiver', 'RefusedSyncs', 'Sum', 300, 1],
  ['unready-receivers', 'reconciler', 'UnreadyReceivers', 'Maximum', 300, 1],
  ['contested-receivers', 'reconciler', 'ContestedReceivers', 'Maximum', 300, 1],
  ['index-unavailable', 'receiver', 'IndexUnavailable', 'Sum', 300, 3],
  ['missing-routes', 'reconciler', 'RouteMissing', 'Maximum', 60, 5],
  ['previous-secret-ending', 'receiver', 'EndingSecretDeliveries', 'Sum', 86_400, 1],
  ['failing-webhooks', 'registrar', 'FailingWebhooks', 'Maximum', 300, 3],
])('%s: the %s emits %s, and its %s over %i s is 1 in %i period(s)', (id, name, metricName, ...rest) => {
  const [statistic, seconds, evaluationPeriods] = rest;
  const settings = { ...REGISTRY, BITBUCKET_CREDENTIALS_SECRET_ID: 'ops/bitbucket' };
  const { metric, ...alarm } = alarmsWith(settings)[id] as cloudwatch.AlarmProps;
  const { period, ...read } = metric as cloudwatch.Metric;
  expect(period.toSeconds()).toBe(seconds);
  expect(read).toMatchObject({
    namespace: 'KargoFrontDoor',
    metricName,
    dimensions: { service: `kargo-${name}` },
    statistic,
  });
  expect(alarm).toMatchObject({
    threshold: 1,
    evaluationPeriods,
    comparisonOperator: 'GreaterThanOrEqualToThreshold',
    treatMissingData: 'notBreaching',
  });
});

test('the alarm on gone receivers counts what the access log of the same deployment shows', () => {
  expect(alarmsWith({})['gone-receivers']?.metric).toMatchObject({
    namespace: 'KargoFrontDoor',
    metricName: 'GoneReceiverDeliveries',
    dimensions: { service: 'kargo-api' },
    statistic: 'Sum',
  });
});
