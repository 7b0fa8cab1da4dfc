/** A resource of a CloudFormation template. */
export interface Resource {
  readonly Type: string;
  readonly Properties: Readonly<Record<string, unknown>>;
  readonly DependsOn?: readonly string[];
  readonly DeletionPolicy?: 'Retain';
  readonly UpdateReplacePolicy?: 'Retain';
}

export type Resources = Readonly<Record<string, Resource>>;

/** What serverless.yml is given as `resources`. `extensions` replace properties of what the framework makes itself. */
export interface Template {
  readonly Resources: Resources;
  readonly Outputs: Readonly<Record<string, { readonly Description: string; readonly Value: Intrinsic }>>;
  readonly extensions: Readonly<Record<string, Omit<Resource, 'Type'>>>;
}

/** A value that CloudFormation works out. */
export type Intrinsic = string | Readonly<Record<string, unknown>>;

export const ref = (logicalId: string): Intrinsic => ({ Ref: logicalId });

export const attribute = (logicalId: string, name: string): Intrinsic => ({
  'Fn::GetAtt': [logicalId, name],
});

/** Writes a text for Fn::Sub, or as it stands where nothing is to be put in. */
export const sub = (text: string): Intrinsic => (text.includes('${') ? { 'Fn::Sub': text } : text);

/** The framework's own names for the two functions, and ours for what they and each other refer to. */
export const logicalIds = {
  receiver: { function: 'ReceiverLambdaFunction', role: 'ReceiverRole', accessEntry: 'ReceiverAccessEntry' },
  reconciler: {
    function: 'ReconcilerLambdaFunction',
    role: 'ReconcilerRole',
    accessEntry: 'ReconcilerAccessEntry',
  },
  api: 'HttpApi',
  stage: 'HttpApiStage',
  accessLogs: 'HttpApiLogGroup',
  integration: 'HttpApiIntegrationReceiver',
  permission: 'ReceiverLambdaPermissionHttpApi',
  domain: 'DomainName',
  mapping: 'DomainMapping',
  securityGroup: 'SecurityGroup',
  clusterIngress: 'ClusterIngress',
  dashboard: 'Dashboard',
} as const;
