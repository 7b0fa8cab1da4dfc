import type { ClusterAccess, Deployment } from './deployment.ts';
import { secretPrefixOf } from './deployment-settings.ts';
import type { FunctionId } from './values.ts';

/** One statement of a role's policy; docs/security.md has a line for each `Sid`. */
export interface Statement<Reference> {
  readonly Sid: string;
  readonly Effect: 'Allow' | 'Deny';
  readonly Action: readonly string[];
  readonly Resource: readonly Reference[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, Reference>>>>;
}

export interface PermissionFacts<Reference> {
  /** The deployment's name, which its functions' names begin with. */
  readonly name: string;
  readonly routes: Deployment['routes'];
  readonly secretNameTemplate: string;
  readonly cluster: ClusterAccess;
  readonly secretsKeyArn: Reference | undefined;
  readonly inVpc: boolean;
  readonly tracing: boolean;
}

/** Writes a text in the notation of CloudFormation's Fn::Sub, which may refer to `${HttpApi}`, in that of either tool. */
export type Sub<Reference> = (text: string) => Reference;

/** What Lambda needs of EC2 to put a function into subnets; it asks with the function's role. Its reference names no narrower resource. */
const NETWORK_INTERFACES = [
  'ec2:AssignPrivateIpAddresses',
  'ec2:CreateNetworkInterface',
  'ec2:DeleteNetworkInterface',
  'ec2:DescribeNetworkInterfaces',
  'ec2:DescribeSubnets',
  'ec2:UnassignPrivateIpAddresses',
];

/** Gives everything that a function's role may do, and nothing else. */
export function permissions<Reference>(
  id: FunctionId,
  facts: PermissionFacts<Reference>,
  sub: Sub<Reference>,
): Statement<Reference>[] {
  return [
    allow(
      'WriteLogs',
      ['logs:CreateLogStream', 'logs:PutLogEvents'],
      [sub(arn('logs', `log-group:/aws/lambda/${facts.name}-${id}:*`))],
    ),
    allow(
      'ReadReceiverSecrets',
      ['secretsmanager:GetSecretValue'],
      [sub(arn('secretsmanager', `secret:${secretPrefixOf(facts.secretNameTemplate)}*`))],
    ),
    allow('BatchReceiverSecrets', ['secretsmanager:BatchGetSecretValue'], [sub('*')]),
    ...kubeconfigPermission(facts.cluster, sub),
    ...(facts.secretsKeyArn === undefined ? [] : [decryptPermission(facts.secretsKeyArn, sub)]),
    ...(facts.inVpc ? networkPermissions(id, facts.name, sub) : []),
    ...(facts.tracing
      ? [allow('WriteTraces', ['xray:PutTelemetryRecords', 'xray:PutTraceSegments'], [sub('*')])]
      : []),
    ...(id === 'reconciler' && facts.routes === 'per-receiver' ? routePermissions(sub) : []),
  ];
}

function kubeconfigPermission<Reference>(
  cluster: ClusterAccess,
  sub: Sub<Reference>,
): Statement<Reference>[] {
  if (cluster.kind === 'eks') return [];
  // Secrets Manager adds six characters of its own to a name.
  const resource = cluster.secretId.startsWith('arn:')
    ? cluster.secretId
    : arn('secretsmanager', `secret:${cluster.secretId}-??????`);
  return [allow('ReadKubeconfig', ['secretsmanager:GetSecretValue'], [sub(resource)])];
}

function decryptPermission<Reference>(keyArn: Reference, sub: Sub<Reference>): Statement<Reference> {
  const viaSecretsManager = { 'kms:ViaService': sub('secretsmanager.${AWS::Region}.${AWS::URLSuffix}') };
  return {
    ...allow('DecryptSecrets', ['kms:Decrypt'], [keyArn]),
    Condition: { StringEquals: viaSecretsManager },
  };
}

function networkPermissions<Reference>(
  id: FunctionId,
  name: string,
  sub: Sub<Reference>,
): Statement<Reference>[] {
  const itself = { 'lambda:SourceFunctionArn': sub(arn('lambda', `function:${name}-${id}`)) };
  return [
    allow('AttachToSubnets', NETWORK_INTERFACES, [sub('*')]),
    {
      Sid: 'KeepNetworkFromCode',
      Effect: 'Deny',
      Action: NETWORK_INTERFACES,
      Resource: [sub('*')],
      Condition: { ArnEquals: itself },
    },
  ];
}

function routePermissions<Reference>(sub: Sub<Reference>): Statement<Reference>[] {
  const api = 'arn:${AWS::Partition}:apigateway:${AWS::Region}::/apis/${HttpApi}';
  return [
    allow('ListAndAddRoutes', ['apigateway:GET', 'apigateway:POST'], [sub(`${api}/routes`)]),
    allow('RemoveRoutes', ['apigateway:DELETE'], [sub(`${api}/routes/*`)]),
    allow('FindIntegration', ['apigateway:GET'], [sub(`${api}/integrations`)]),
  ];
}

function allow<Reference>(
  Sid: string,
  Action: readonly string[],
  Resource: readonly Reference[],
): Statement<Reference> {
  return { Sid, Effect: 'Allow', Action, Resource };
}

function arn(service: string, resource: string): string {
  return `arn:\${AWS::Partition}:${service}:\${AWS::Region}:\${AWS::AccountId}:${resource}`;
}
