import { expect, test } from '@jest/globals';
import { alarmsOf } from '../../infra/constructs/alarms.ts';
import { dashboardBody } from '../../infra/constructs/dashboard.ts';
import { countDelivery, createMetrics } from '../../lib/adapters/observability/metrics.ts';

test('the alarm on signatures reads the metric that the receiver emits', () => {
  process.env['POWERTOOLS_METRICS_DISABLED'] = 'true';
  const metrics = createMetrics('receiver');
  countDelivery(metrics, 'repo:push', { kind: 'unauthorized' });
  const { _aws: meta, service } = metrics.serializeMetrics();
  const [emitted] = meta.CloudWatchMetrics;
  const alarm = alarmsOf('kargo', 'api-id').find(({ id }) => id === 'signature-failures');
  expect(alarm).toMatchObject({
    namespace: emitted?.Namespace,
    metricName: emitted?.Metrics[0]?.Name,
    dimensions: { service },
  });
});

test.each([
  ['refused-refreshes', 'receiver', 'RefusedRefreshes', {}],
  ['unready-receivers', 'reconciler', 'UnreadyReceivers', { statistic: 'Maximum' }],
  ['contested-receivers', 'reconciler', 'ContestedReceivers', { statistic: 'Maximum' }],
  ['missing-routes', 'reconciler', 'RouteMissing', { statistic: 'Maximum', periodSeconds: 60, periods: 3 }],
])('the alarm %s reads a metric of the %s', (id, name, metricName, rest) => {
  expect(alarmsOf('kargo', 'api-id').find((alarm) => alarm.id === id)).toEqual({
    id,
    description: expect.any(String),
    namespace: 'KargoFrontDoor',
    metricName,
    dimensions: { service: `kargo-front-door-${name}` },
    ...rest,
  });
});

test('every alarm is on the dashboard, with its graphs', () => {
  const ids = alarmsOf('kargo', 'api-id').map(({ id }) => id);
  expect(ids).toEqual([
    'reconciler-errors',
    'reconciler-silent',
    'receiver-errors',
    'server-errors',
    'signature-failures',
    'refused-refreshes',
    'unready-receivers',
    'contested-receivers',
    'missing-routes',
  ]);
  const { widgets } = JSON.parse(dashboardBody('kargo', 'api-id', ids)) as {
    widgets: { properties: { title: string; alarms?: string[] } }[];
  };
  expect(widgets.map(({ properties }) => properties.title)).toEqual([
    'Are webhooks working?',
    'Deliveries by event and outcome',
    'Refreshed',
    'Rejected and failed',
    'Reconciler: five runs in five minutes',
    'Receivers that are not served',
    'Time to answer Bitbucket (it times out after 10 s)',
    'Cluster API latency',
  ]);
  expect(widgets[0]?.properties.alarms?.map((arn) => arn.split(':kargo-').at(-1))).toEqual(ids);
});
