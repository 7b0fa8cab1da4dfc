import { Aws, aws_iam as iam } from 'aws-cdk-lib';
import type { FunctionName } from '../../lib/functions.ts';
import { hasCluster } from '../deployed-functions.ts';
import type { DeploymentSettings } from '../deployment-settings.ts';
import { fixedPrefixOf } from '../../lib/adapters/aws/secret-ids.ts';
import type { FunctionContext } from './function.ts';
import { RECEIVING_ACTIONS, type RetryQueue } from './retry-queue.ts';

/** One statement of a role's policy; docs/security.md has a line for each `Sid`. */
export interface Permission {
  readonly statement: iam.PolicyStatement;
  /** Why its resource is a pattern; undefined where it is none. */
  readonly patternReason?: string | undefined;
}

/** The rights to EC2 with which Lambda connects a function to subnets; Lambda acts with the function's role, on any resource. */
const NETWORK_INTERFACES = [
  'ec2:AssignPrivateIpAddresses',
  'ec2:CreateNetworkInterface',
  'ec2:DeleteNetworkInterface',
  'ec2:DescribeNetworkInterfaces',
  'ec2:DescribeSubnets',
  'ec2:UnassignPrivateIpAddresses',
];

/**
 * Returns every right of a function's role.
 *
 * @param functionName - the name in AWS of the function itself
 */
export function permissionsOf(
  name: FunctionName,
  functionName: string,
  { settings, network, apiId, retries, receiversSecretArn }: FunctionContext,
): Permission[] {
  return [
    allow(
      'WriteLogs',
      ['logs:CreateLogStream', 'logs:PutLogEvents'],
      arn('logs', `log-group:/aws/lambda/${functionName}:*`),
      "the streams of the function's own log group are named by Lambda",
    ),
    ...(hasCluster(settings) && name !== 'redelivery'
      ? readReceiverSecrets(settings.SECRET_NAME_TEMPLATE)
      : []),
    ...(name === 'reconciler' ? [listSecrets()] : []),
    ...(receiversSecretArn === undefined ? [] : useReceiversCopy(name, receiversSecretArn)),
    ...(settings.KUBECONFIG_SECRET_ID === undefined
      ? []
      : [readSecret('ReadKubeconfig', settings.KUBECONFIG_SECRET_ID)]),
    ...(name === 'receiver' || name === 'redelivery' ? readRegistrySecrets(name, settings) : []),
    ...(readsBitbucketCredentials(name, settings) && settings.BITBUCKET_CREDENTIALS_SECRET_ID !== undefined
      ? [readSecret('ReadBitbucketCredentials', settings.BITBUCKET_CREDENTIALS_SECRET_ID)]
      : []),
    ...(settings.SECRETS_KEY_ARN === undefined ? [] : [decryptSecrets(settings.SECRETS_KEY_ARN)]),
    ...(network === undefined
      ? []
      : useNetwork(functionName, name === 'receiver' && settings.CANARY !== 'false')),
    ...(settings.TRACING === 'true' ? [writeTraces()] : []),
    ...(name === 'reconciler' && settings.ROUTES === 'per-receiver' ? keepRoutes(apiId) : []),
    ...(retries === undefined ? [] : useQueues(name, retries)),
    ...(retries === undefined || name === 'reconciler' || settings.QUEUE_KEY_ARN === undefined
      ? []
      : [useQueueKey(settings.QUEUE_KEY_ARN)]),
  ];
}

function readReceiverSecrets(template: string): Permission[] {
  return [
    allow(
      'ReadReceiverSecrets',
      ['secretsmanager:GetSecretValue'],
      arn('secretsmanager', `secret:${fixedPrefixOf(template)}*`),
      'a receiver, with its secret, may be declared at any time; the prefix confines it',
    ),
    allow(
      'BatchReceiverSecrets',
      ['secretsmanager:BatchGetSecretValue'],
      '*',
      'the action knows no resource; each secret in a batch needs ReadReceiverSecrets as well',
    ),
  ];
}

function listSecrets(): Permission {
  const actions = ['secretsmanager:ListSecrets'];
  return allow(
    'ListSecretChanges',
    actions,
    '*',
    'the action knows no resource; it returns names and dates of changes, and no value',
  );
}

function useReceiversCopy(name: FunctionName, secretArn: string): Permission[] {
  const read = 'secretsmanager:GetSecretValue';
  switch (name) {
    case 'receiver':
      return [allow('ReadReceiversCopy', [read], secretArn)];
    case 'reconciler':
      return [allow('WriteReceiversCopy', [read, 'secretsmanager:PutSecretValue'], secretArn)];
    case 'redelivery':
    case 'registrar':
      return [];
    default:
      return name satisfies never;
  }
}

function useQueues(name: FunctionName, { queue, deadLetterQueue }: RetryQueue): Permission[] {
  const send = ['sqs:SendMessage'];
  switch (name) {
    case 'receiver':
      return [allow('QueueUnfinished', send, queue.queueArn)];
    case 'redelivery':
      return [
        allow('ReceiveUnfinished', RECEIVING_ACTIONS, queue.queueArn),
        allow('QueueUnfinished', send, queue.queueArn),
        allow('BuryMessages', send, deadLetterQueue.queueArn),
      ];
    case 'reconciler':
    case 'registrar':
      return [];
    default:
      return name satisfies never;
  }
}

function useQueueKey(keyArn: string): Permission {
  const permission = allow('UseQueueKey', ['kms:Decrypt', 'kms:GenerateDataKey'], keyArn);
  permission.statement.addCondition('StringEquals', {
    'kms:ViaService': `sqs.${Aws.REGION}.${Aws.URL_SUFFIX}`,
  });
  return permission;
}

function readRegistrySecrets(
  name: FunctionName,
  { CARGOMAN_TOKEN_SECRET_ID: token, BITBUCKET_WEBHOOK_SECRET_ID: webhook }: DeploymentSettings,
): Permission[] {
  return [
    ...(token === undefined ? [] : [readSecret('ReadRegistryToken', token)]),
    ...(webhook === undefined || name === 'redelivery'
      ? []
      : [readSecret('ReadRegistryWebhookSecret', webhook)]),
  ];
}

/** Returns whether a function reads the credentials for Bitbucket: the registrar, and for path filters the receiver. */
export function readsBitbucketCredentials(name: FunctionName, settings: DeploymentSettings): boolean {
  if (settings.BITBUCKET_CREDENTIALS_SECRET_ID === undefined) return false;
  return name === 'registrar' || (name === 'receiver' && settings.CHANGED_FILES === 'true');
}

/** Allows reading one secret, by its name or ARN. */
function readSecret(sid: string, secretId: string): Permission {
  // Secrets Manager adds six characters of its own to a name.
  const resource = secretId.startsWith('arn:')
    ? secretId
    : arn('secretsmanager', `secret:${secretId}-??????`);
  return allow(sid, ['secretsmanager:GetSecretValue'], resource);
}

function decryptSecrets(keyArn: string): Permission {
  const permission = allow('DecryptSecrets', ['kms:Decrypt'], keyArn);
  const service = `secretsmanager.${Aws.REGION}.${Aws.URL_SUFFIX}`;
  permission.statement.addCondition('StringEquals', { 'kms:ViaService': service });
  return permission;
}

/** @param isVersioned - whether versions of the function are invoked, whose ARNs end with the version */
function useNetwork(functionName: string, isVersioned: boolean): Permission[] {
  const functionArn = arn('lambda', `function:${functionName}`);
  const keepFromCode = new iam.PolicyStatement({
    sid: 'KeepNetworkFromCode',
    effect: iam.Effect.DENY,
    actions: NETWORK_INTERFACES,
    resources: ['*'],
    conditions: {
      ArnEquals: {
        'lambda:SourceFunctionArn': isVersioned ? [functionArn, `${functionArn}:*`] : functionArn,
      },
    },
  });
  return [
    allow(
      'AttachToSubnets',
      NETWORK_INTERFACES,
      '*',
      'Lambda creates the network interfaces, whose names are not known before',
    ),
    { statement: keepFromCode, patternReason: 'it denies: the code itself has no network rights' },
  ];
}

function writeTraces(): Permission {
  const actions = ['xray:PutTelemetryRecords', 'xray:PutTraceSegments'];
  return allow('WriteTraces', actions, '*', 'the actions know no resource');
}

function keepRoutes(apiId: string): Permission[] {
  const api = `arn:${Aws.PARTITION}:apigateway:${Aws.REGION}::/apis/${apiId}`;
  const whyPattern = 'the API names its routes itself; other APIs are out of reach';
  return [
    allow('ListAndAddRoutes', ['apigateway:GET', 'apigateway:POST'], `${api}/routes`),
    allow('RemoveRoutes', ['apigateway:DELETE'], `${api}/routes/*`, whyPattern),
    allow('FindIntegration', ['apigateway:GET'], `${api}/integrations`),
  ];
}

function allow(sid: string, actions: string[], resource: string, patternReason?: string): Permission {
  return { statement: new iam.PolicyStatement({ sid, actions, resources: [resource] }), patternReason };
}

function arn(service: string, resource: string): string {
  return `arn:${Aws.PARTITION}:${service}:${Aws.REGION}:${Aws.ACCOUNT_ID}:${resource}`;
}
