import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Template } from 'aws-cdk-lib/assertions';
import { clusterCa } from './cluster-ca.ts';
import { deployedWith, removeScratch, statementIdsOf } from './deployed.ts';
import { environmentOf, functionOf, propertiesOf } from './template-reading.ts';

afterAll(removeScratch);

describe('deployed without any setting', () => {
  let template: Template;

  beforeAll(() => {
    template = deployedWith({});
  });

  test.each([
    ['receiver', 10, 20],
    ['reconciler', 55, 1],
    ['redelivery', 30, 2],
  ])('the %s has its defaults', (name, Timeout, ReservedConcurrentExecutions) => {
    expect(functionOf(template, `kargo-${name}`)).toMatchObject({
      Timeout,
      ReservedConcurrentExecutions,
      Handler: `functions/${name}.handler`,
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      MemorySize: 512,
    });
    expect(environmentOf(template, name)).toMatchObject({
      SECRET_NAME_TEMPLATE: 'kargo/{namespace}/{name}',
      SYSTEM_RESOURCES_NAMESPACE: 'kargo-system-resources',
      ROTATION_GRACE_HOURS: '168',
      MAX_RECEIVERS_PER_PROJECT: '20',
      KUBECONFIG_SECRET_ID: 'kargo-front-door/kubeconfig',
      LOG_LEVEL: 'INFO',
    });
  });

  test('the stack has no route: the reconciler may add and remove them, the receiver may not', () => {
    expect(propertiesOf(template, 'AWS::ApiGatewayV2::Route')).toEqual([]);
    expect(environmentOf(template, 'receiver')).not.toHaveProperty('ROUTES_API_ID');
    expect(environmentOf(template, 'reconciler')).toHaveProperty('ROUTES_API_ID');
    const logsAndSecrets = ['WriteLogs', 'ReadReceiverSecrets', 'BatchReceiverSecrets'];
    expect(statementIdsOf(template)).toEqual([
      [...logsAndSecrets, 'ReadReceiversCopy', 'ReadKubeconfig', 'QueueUnfinished'],
      [
        ...logsAndSecrets,
        'ListSecretChanges',
        'WriteReceiversCopy',
        'ReadKubeconfig',
        'ListAndAddRoutes',
        'RemoveRoutes',
        'FindIntegration',
      ],
      ['WriteLogs', 'ReadKubeconfig', 'ReceiveUnfinished', 'QueueUnfinished', 'BuryMessages'],
    ]);
  });

  test('every alarm is on the dashboard, with its graphs', () => {
    const names = (propertiesOf(template, 'AWS::CloudWatch::Alarm') as { AlarmName: string }[]).map(
      ({ AlarmName }) => AlarmName,
    );
    expect(names.toSorted()).toEqual([
      'kargo-contested-receivers',
      'kargo-dead-letters',
      'kargo-gone-receivers',
      'kargo-index-unavailable',
      'kargo-missing-routes',
      'kargo-previous-secret-ending',
      'kargo-receiver-errors',
      'kargo-receiver-throttles',
      'kargo-reconciler-errors',
      'kargo-reconciler-silent',
      'kargo-redelivery-errors',
      'kargo-redelivery-refused',
      'kargo-refused-refreshes',
      'kargo-retries-late',
      'kargo-retries-waiting',
      'kargo-server-errors',
      'kargo-signature-failures',
      'kargo-unready-receivers',
    ]);
    const [dashboard] = propertiesOf(template, 'AWS::CloudWatch::Dashboard');
    const body = JSON.stringify(dashboard);
    expect([...body.matchAll(/title\\":\\"([^"]*)\\"/g)].map(([, title]) => title)).toEqual([
      'Are webhooks working?',
      'Deliveries by event and outcome',
      'Refreshed',
      'Rejected and failed',
      'Reconciler: five runs in five minutes',
      'Receivers that are not served',
      'Time to answer Bitbucket (it times out after 10 s)',
      'Cluster API latency',
      'Rotations',
      'Lookups without the index',
      'Redeliveries by outcome',
      'Retry queue',
    ]);
    expect(body.match(/FrontDoorObservability/g)).toHaveLength(names.length);
  });

  test('metrics, searches and the dashboard are those of this deployment alone', () => {
    for (const name of ['receiver', 'reconciler'])
      expect(environmentOf(template, name)).toHaveProperty('DEPLOYMENT_NAME', 'kargo');
    const [dashboard] = propertiesOf(template, 'AWS::CloudWatch::Dashboard') as [{ DashboardName: unknown }];
    expect(dashboard.DashboardName).toEqual({ 'Fn::Join': ['', ['kargo-', { Ref: 'AWS::Region' }]] });
    const searches = [...JSON.stringify(dashboard).matchAll(/SEARCH\('(.*?)'/g)].map(([, found]) => found);
    expect(searches.length).toBeGreaterThan(8);
    expect(searches.filter((search) => !/ service=\(.*"kargo-receiver/.test(search ?? ''))).toEqual([]);
  });

  test('a delivery to a URL that no receiver has is counted by the access log', () => {
    expect(propertiesOf(template, 'AWS::Logs::MetricFilter')).toMatchObject([
      {
        FilterPattern: '{ ($.status = "404") && ($.path = %/bitbucket/[0-9a-f]{64}$%) }',
        MetricTransformations: [{ Dimensions: [{ Key: 'service', Value: '$.service' }] }],
      },
    ]);
    const [stage] = propertiesOf(template, 'AWS::ApiGatewayV2::Stage') as [
      { AccessLogSettings: { Format: string } },
    ];
    expect(JSON.parse(stage.AccessLogSettings.Format)).toMatchObject({
      service: 'kargo-api',
      status: '$context.status',
      path: '$context.path',
    });
  });

  test('what a function writes when it crashes is JSON too', () => {
    for (const name of ['kargo-receiver', 'kargo-reconciler'])
      expect(functionOf(template, name)).toMatchObject({
        LoggingConfig: { LogFormat: 'JSON', ApplicationLogLevel: 'INFO' },
      });
  });

  test('every project is served, and only the reconciler can run dry', () => {
    expect(environmentOf(template, 'receiver')).not.toHaveProperty('PROJECTS');
    expect(environmentOf(template, 'receiver')).not.toHaveProperty('DRY_RUN');
    expect(environmentOf(template, 'reconciler')).toHaveProperty('DRY_RUN', 'false');
  });

  test('the logs are kept when the stack is deleted, unless its first deployment fails', () => {
    const kept = {
      DeletionPolicy: 'RetainExceptOnCreate',
      UpdateReplacePolicy: 'Retain',
      Properties: { RetentionInDays: 90 },
    };
    for (const group of Object.values(template.findResources('AWS::Logs::LogGroup')))
      expect(group).toMatchObject(kept);
  });

  test('a run of the reconciler that fails or comes late is left to the next one', () => {
    expect(propertiesOf(template, 'AWS::Events::Rule')).toMatchObject([
      { ScheduleExpression: 'rate(1 minute)' },
    ]);
    expect(propertiesOf(template, 'AWS::Lambda::EventInvokeConfig')).toMatchObject([
      { MaximumRetryAttempts: 0, MaximumEventAgeInSeconds: 60 },
    ]);
  });
});

test('settings of a team reach the functions and the log groups', () => {
  const LOGS_KEY_ARN = 'arn:aws:kms:eu-central-1:123456789012:key/01234567-89ab-cdef-0123-456789abcdef';
  const template = deployedWith({
    MAX_RECEIVERS_PER_PROJECT: '5',
    PROJECTS: 'team-*, (cluster)',
    DRY_RUN: 'true',
    RECEIVER_CONCURRENCY: '0',
    RECONCILER_CONCURRENCY: '2',
    RETRY_QUEUE: 'false',
    LOG_REMOVAL: 'destroy',
    LOGS_KEY_ARN,
    TAGS: 'team=platform,cost centre=a=1',
    PERMISSIONS_BOUNDARY_ARN: 'arn:aws:iam::123456789012:policy/boundary',
  });
  for (const role of propertiesOf(template, 'AWS::IAM::Role'))
    expect(role).toMatchObject({
      PermissionsBoundary: 'arn:aws:iam::123456789012:policy/boundary',
      Tags: [
        { Key: 'cost centre', Value: 'a=1' },
        { Key: 'team', Value: 'platform' },
      ],
    });
  expect(propertiesOf(template, 'AWS::ApiGatewayV2::Api')).toMatchObject([
    { Tags: { team: 'platform', 'cost centre': 'a=1' } },
  ]);
  for (const name of ['receiver', 'reconciler'])
    expect(environmentOf(template, name)).toMatchObject({
      MAX_RECEIVERS_PER_PROJECT: '5',
      PROJECTS: 'team-*,(cluster)',
    });
  expect(environmentOf(template, 'reconciler')).toHaveProperty('DRY_RUN', 'true');
  expect(functionOf(template, 'kargo-receiver')).not.toHaveProperty('ReservedConcurrentExecutions');
  expect(functionOf(template, 'kargo-reconciler')).toHaveProperty('ReservedConcurrentExecutions', 2);
  const group = { DeletionPolicy: 'Delete', Properties: { KmsKeyId: LOGS_KEY_ARN } };
  expect(Object.values(template.findResources('AWS::Logs::LogGroup'))).toMatchObject([group, group, group]);
});

test('with one route for all, the reconciler may change no routes', () => {
  const template = deployedWith({ ROUTES: 'shared' });
  expect(propertiesOf(template, 'AWS::ApiGatewayV2::Route')).toMatchObject([
    { RouteKey: 'POST /bitbucket/{hash}' },
  ]);
  expect(environmentOf(template, 'reconciler')).not.toHaveProperty('ROUTES_API_ID');
  const [, reconciler] = statementIdsOf(template);
  expect(reconciler).toEqual([
    'WriteLogs',
    'ReadReceiverSecrets',
    'BatchReceiverSecrets',
    'ListSecretChanges',
    'WriteReceiversCopy',
    'ReadKubeconfig',
  ]);
});

test('an EKS cluster is preferred to a kubeconfig, and the address of the custom domain is the base URL', () => {
  const template = deployedWith({
    EKS_CLUSTER_NAME: 'apps',
    EKS_CLUSTER_ENDPOINT: 'https://eks.example.com',
    EKS_CLUSTER_CA: clusterCa,
    KUBECONFIG_SECRET_ID: 'ops/kubeconfig',
    DOMAIN_NAME: 'hooks.example.com',
    CERTIFICATE_ARN: 'arn:aws:acm:eu-central-1:123456789012:certificate/1',
    BASE_PATH: '/kargo/',
  });
  const variables = environmentOf(template, 'receiver');
  expect(variables).toMatchObject({
    RECEIVER_BASE_URL: 'https://hooks.example.com/kargo',
    EKS_CLUSTER_NAME: 'apps',
    EKS_CLUSTER_ENDPOINT: 'https://eks.example.com',
    EKS_CLUSTER_CA: clusterCa,
  });
  expect(variables).not.toHaveProperty('KUBECONFIG_SECRET_ID');
  expect(propertiesOf(template, 'AWS::ApiGatewayV2::Api')).toMatchObject([
    { DisableExecuteApiEndpoint: true },
  ]);
});
