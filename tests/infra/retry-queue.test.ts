import { afterAll, expect, test } from '@jest/globals';
import { deployedWith, removeScratch } from './deployed.ts';
import { propertiesOf } from './template-reading.ts';

afterAll(removeScratch);

const defaults = deployedWith({});

interface Statement {
  readonly Sid?: string;
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Principal: { readonly AWS: unknown };
  readonly Condition?: unknown;
}

interface QueuePolicy {
  readonly Queues: readonly unknown[];
  readonly PolicyDocument: { readonly Statement: readonly Statement[] };
}

test('both queues are encrypted and keep messages for 14 days; what is received too often goes to the second', () => {
  const common = { SqsManagedSseEnabled: true, MessageRetentionPeriod: 1_209_600 };
  expect(propertiesOf(defaults, 'AWS::SQS::Queue')).toEqual([
    { ...common, QueueName: 'kargo-retries-dead' },
    {
      ...common,
      QueueName: 'kargo-retries',
      VisibilityTimeout: 180,
      RedrivePolicy: {
        deadLetterTargetArn: { 'Fn::GetAtt': [expect.stringContaining('DeadLetters'), 'Arn'] },
        maxReceiveCount: 236,
      },
    },
  ]);
});

test('a key of the team encrypts both queues, and the functions may use it through SQS only', () => {
  const keyArn = 'arn:aws:kms:eu-central-1:123456789012:key/01234567-89ab-cdef-0123-456789abcdef';
  const template = deployedWith({ QUEUE_KEY_ARN: keyArn });
  expect(propertiesOf(template, 'AWS::SQS::Queue')).toMatchObject([
    { KmsMasterKeyId: keyArn },
    { KmsMasterKeyId: keyArn },
  ]);
  const roles = propertiesOf(template, 'AWS::IAM::Role') as {
    Policies: { PolicyName: string; PolicyDocument: { Statement: Statement[] } }[];
  }[];
  const keyRights = roles.flatMap(({ Policies }) =>
    Policies.flatMap(({ PolicyName, PolicyDocument }) =>
      PolicyDocument.Statement.filter(({ Sid }) => Sid === 'UseQueueKey').map(({ Condition, Action }) => ({
        PolicyName,
        Action,
        Condition,
      })),
    ),
  );
  const Condition = {
    StringEquals: {
      'kms:ViaService': {
        'Fn::Join': ['', ['sqs.', { Ref: 'AWS::Region' }, '.', { Ref: 'AWS::URLSuffix' }]],
      },
    },
  };
  const Action = ['kms:Decrypt', 'kms:GenerateDataKey'];
  expect(keyRights).toEqual([
    { PolicyName: 'receiver', Action, Condition },
    { PolicyName: 'redelivery', Action, Condition },
  ]);
});

test('the policies of the queues allow the two functions only', () => {
  const policies = propertiesOf(defaults, 'AWS::SQS::QueuePolicy') as QueuePolicy[];
  const role = (name: string) => ({ 'Fn::GetAtt': [expect.stringContaining(name), 'Arn'] });
  expect(policies.map(({ PolicyDocument }) => PolicyDocument.Statement)).toMatchObject([
    [{ Effect: 'Allow', Action: 'sqs:SendMessage', Principal: { AWS: role('Redelivery') } }],
    [
      { Effect: 'Allow', Action: 'sqs:SendMessage', Principal: { AWS: role('Receiver') } },
      {
        Effect: 'Allow',
        Action: [
          'sqs:ReceiveMessage',
          'sqs:DeleteMessage',
          'sqs:ChangeMessageVisibility',
          'sqs:GetQueueAttributes',
          'sqs:SendMessage',
        ],
        Principal: { AWS: role('Redelivery') },
      },
    ],
  ]);
});

test.each([
  ['2', 2],
  ['5', 5],
  // Without a reserved concurrency, the queue has a limit of its own.
  ['0', 2],
])(
  'with REDELIVERY_CONCURRENCY=%s, at most %i batches are handled at a time',
  (concurrency, MaximumConcurrency) => {
    const template = deployedWith({ REDELIVERY_CONCURRENCY: concurrency });
    expect(propertiesOf(template, 'AWS::Lambda::EventSourceMapping')).toMatchObject([
      {
        BatchSize: 10,
        FunctionResponseTypes: ['ReportBatchItemFailures'],
        ScalingConfig: { MaximumConcurrency },
      },
    ]);
  },
);

test('the functions know the queue, and the redelivery the age at which an event ends', () => {
  const template = deployedWith({ RETRY_MAX_AGE_HOURS: '12' });
  const functions = propertiesOf(template, 'AWS::Lambda::Function') as {
    FunctionName: string;
    Environment: { Variables: Record<string, unknown> };
  }[];
  const url = { Ref: expect.stringContaining('RetryQueue') };
  expect(
    functions.map(({ FunctionName, Environment: { Variables } }) => [
      FunctionName,
      Variables['RETRY_QUEUE_URL'],
      Variables['RETRY_MAX_AGE_HOURS'],
    ]),
  ).toEqual([
    ['kargo-receiver', url, undefined],
    ['kargo-reconciler', undefined, undefined],
    ['kargo-redelivery', url, '12'],
  ]);
});

test('a package registry alone has a queue too, without rights to what only a cluster needs', () => {
  const template = deployedWith({
    CARGOMAN_URL: 'https://packages.example.com',
    CARGOMAN_TOKEN_SECRET_ID: 'ops/registry-token',
    BITBUCKET_WEBHOOK_SECRET_ID: 'ops/registry-webhook',
    ROUTES: 'shared',
  });
  const roles = propertiesOf(template, 'AWS::IAM::Role') as {
    Policies: { PolicyName: string; PolicyDocument: { Statement: Statement[] } }[];
  }[];
  expect(
    roles.flatMap(({ Policies }) =>
      Policies.map(({ PolicyName, PolicyDocument }) => [
        PolicyName,
        PolicyDocument.Statement.map(({ Sid }) => Sid),
      ]),
    ),
  ).toEqual([
    ['receiver', ['WriteLogs', 'ReadRegistryToken', 'ReadRegistryWebhookSecret', 'QueueUnfinished']],
    [
      'redelivery',
      ['WriteLogs', 'ReadRegistryToken', 'ReceiveUnfinished', 'QueueUnfinished', 'BuryMessages'],
    ],
  ]);
  expect(JSON.stringify(template.toJSON())).not.toContain('redelivery-refused');
});

test('without a queue there is no function, alarm or right for it', () => {
  const template = deployedWith({ RETRY_QUEUE: 'false' });
  expect(propertiesOf(template, 'AWS::SQS::Queue')).toEqual([]);
  expect(propertiesOf(template, 'AWS::Lambda::EventSourceMapping')).toEqual([]);
  expect(propertiesOf(template, 'AWS::Lambda::Function')).toHaveLength(2);
  expect(JSON.stringify(template.toJSON()).match(/sqs:|AWS\/SQS|RETRY_/g) ?? []).toEqual([]);
});
