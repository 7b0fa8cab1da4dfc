import { Aws, aws_iam as iam, Validations } from 'aws-cdk-lib';
import type { FunctionName } from '../../lib/functions.ts';
import { secretPrefixOf, type DeploymentSettings } from '../deployment-settings.ts';

/** One statement of a role's policy, in CloudFormation's Fn::Sub notation; docs/security.md has a line for each `Sid`. */
export interface Statement {
  readonly Sid: string;
  readonly Effect: 'Allow' | 'Deny';
  readonly Action: readonly string[];
  readonly Resource: readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** The facts that decide the rights of a function. */
export interface PermissionFacts {
  /** The name in AWS of the function itself. */
  readonly functionName: string;
  readonly settings: DeploymentSettings;
  readonly inVpc: boolean;
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

/** Returns every right of a function's role. `${HttpApi}` stands for the id of the API. */
export function permissionsOf(name: FunctionName, facts: PermissionFacts): Statement[] {
  const { functionName, settings } = facts;
  return [
    allow(
      'WriteLogs',
      ['logs:CreateLogStream', 'logs:PutLogEvents'],
      arn('logs', `log-group:/aws/lambda/${functionName}:*`),
    ),
    allow(
      'ReadReceiverSecrets',
      ['secretsmanager:GetSecretValue'],
      arn('secretsmanager', `secret:${secretPrefixOf(settings.SECRET_NAME_TEMPLATE)}*`),
    ),
    allow('BatchReceiverSecrets', ['secretsmanager:BatchGetSecretValue'], '*'),
    ...(settings.KUBECONFIG_SECRET_ID === undefined ? [] : [readKubeconfig(settings.KUBECONFIG_SECRET_ID)]),
    ...(settings.SECRETS_KEY_ARN === undefined ? [] : [decryptSecrets(settings.SECRETS_KEY_ARN)]),
    ...(facts.inVpc ? useNetwork(functionName) : []),
    ...(settings.TRACING === 'true'
      ? [allow('WriteTraces', ['xray:PutTelemetryRecords', 'xray:PutTraceSegments'], '*')]
      : []),
    ...(name === 'reconciler' && settings.ROUTES === 'per-receiver' ? keepRoutes() : []),
  ];
}

function readKubeconfig(secretId: string): Statement {
  // Secrets Manager adds six characters of its own to a name.
  const resource = secretId.startsWith('arn:')
    ? secretId
    : arn('secretsmanager', `secret:${secretId}-??????`);
  return allow('ReadKubeconfig', ['secretsmanager:GetSecretValue'], resource);
}

function decryptSecrets(keyArn: string): Statement {
  const viaSecretsManager = { 'kms:ViaService': 'secretsmanager.${AWS::Region}.${AWS::URLSuffix}' };
  return {
    ...allow('DecryptSecrets', ['kms:Decrypt'], keyArn),
    Condition: { StringEquals: viaSecretsManager },
  };
}

function useNetwork(functionName: string): Statement[] {
  const itself = { 'lambda:SourceFunctionArn': arn('lambda', `function:${functionName}`) };
  return [
    allow('AttachToSubnets', NETWORK_INTERFACES, '*'),
    {
      Sid: 'KeepNetworkFromCode',
      Effect: 'Deny',
      Action: NETWORK_INTERFACES,
      Resource: ['*'],
      Condition: { ArnEquals: itself },
    },
  ];
}

function keepRoutes(): Statement[] {
  const api = 'arn:${AWS::Partition}:apigateway:${AWS::Region}::/apis/${HttpApi}';
  return [
    allow('ListAndAddRoutes', ['apigateway:GET', 'apigateway:POST'], `${api}/routes`),
    allow('RemoveRoutes', ['apigateway:DELETE'], `${api}/routes/*`),
    allow('FindIntegration', ['apigateway:GET'], `${api}/integrations`),
  ];
}

function allow(Sid: string, Action: readonly string[], resource: string): Statement {
  return { Sid, Effect: 'Allow', Action, Resource: [resource] };
}

function arn(service: string, resource: string): string {
  return `arn:\${AWS::Partition}:${service}:\${AWS::Region}:\${AWS::AccountId}:${resource}`;
}

/** Makes the policy document of a role. */
export function policyOf(statements: readonly Statement[], apiId: string): iam.PolicyDocument {
  const references: Readonly<Record<string, string>> = {
    'AWS::Partition': Aws.PARTITION,
    'AWS::Region': Aws.REGION,
    'AWS::AccountId': Aws.ACCOUNT_ID,
    'AWS::URLSuffix': Aws.URL_SUFFIX,
    HttpApi: apiId,
  };
  const text = JSON.stringify({ Version: '2012-10-17', Statement: statements });
  const resolved = text.replaceAll(REFERENCE, (all, reference: string) => references[reference] ?? all);
  return iam.PolicyDocument.fromJson(JSON.parse(resolved));
}

const REFERENCE = /\$\{([A-Za-z]+(?:::[A-Za-z]+)?)\}/g;

/** Why the resource of each of these statements is a pattern. */
const REASONS: Readonly<Record<string, string>> = {
  WriteLogs: "the streams of the function's own log group are named by Lambda",
  ReadReceiverSecrets: 'a receiver, with its secret, may be declared at any time; the prefix confines it',
  BatchReceiverSecrets:
    'the action knows no resource; each secret in a batch needs ReadReceiverSecrets as well',
  AttachToSubnets: 'Lambda creates the network interfaces, whose names are not known before',
  KeepNetworkFromCode: 'it denies: the code itself has no network rights',
  WriteTraces: 'the actions know no resource',
  RemoveRoutes: 'the API names its routes itself; other APIs are out of reach',
};

/**
 * Acknowledges to cdk-nag (AwsSolutions) every resource of a role that is a pattern, with the reason.
 *
 * @param apiLogicalId - logical id that replaces `${HttpApi}` in the template
 * @throws {Error} where a statement has no reason
 */
export function acknowledgePatterns(
  role: iam.Role,
  statements: readonly Statement[],
  apiLogicalId: string,
): void {
  const reasons = new Map<string, string[]>();
  for (const { Sid, Resource } of statements) {
    for (const resource of Resource.filter((text) => text.includes('*'))) {
      const reason = REASONS[Sid];
      if (reason === undefined) throw new Error(`the statement ${Sid} needs a reason for ${resource}`);
      reasons.set(resource, [...(reasons.get(resource) ?? []), `${Sid}: ${reason}`]);
    }
  }
  for (const [resource, found] of reasons) {
    const shown = resource.replaceAll('${HttpApi}', `<${apiLogicalId}>`).replaceAll(REFERENCE, '<$1>');
    Validations.of(role).acknowledge({
      id: `AwsSolutions-IAM5[Resource::${shown}]`,
      reason: found.join('; '),
    });
  }
}
