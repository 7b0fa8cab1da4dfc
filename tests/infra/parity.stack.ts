import { beforeAll, describe, expect, test } from '@jest/globals';
import {
  canonical,
  differences,
  type Canonical,
  type Resource,
  type Template,
} from './canonical-template.ts';
import { clusterCa } from './cluster-ca.ts';
import { makeBoth, type Made } from './deploy-tools.ts';

const VPC = {
  VPC_ID: 'vpc-0123456789abcdef0',
  SUBNET_IDS: 'subnet-0123456789abcdef0,subnet-0123456789abcdef1',
};
const ACCOUNT = 'eu-central-1:123456789012';

const DEPLOYMENTS: Record<string, Record<string, string>> = {
  'nothing set': {},
  'one route, a kubeconfig, a VPC with its own security group': {
    ...VPC,
    ROUTES: 'shared',
    RECEIVER_BASE_URL: 'https://hooks.example.com/kargo',
    KUBECONFIG_SECRET_ID: `arn:aws:secretsmanager:${ACCOUNT}:secret:ops/kubeconfig-AbCdEf`,
    SECURITY_GROUP_IDS: 'sg-0123456789abcdef0',
  },
  'everything set': {
    ...VPC,
    CLUSTER_SECURITY_GROUP_ID: 'sg-0123456789abcdef1',
    EKS_CLUSTER_NAME: 'apps',
    EKS_CLUSTER_ENDPOINT: 'https://0123456789ABCDEF.gr7.eu-central-1.eks.amazonaws.com',
    EKS_CLUSTER_CA: clusterCa,
    DOMAIN_NAME: 'hooks.example.com',
    CERTIFICATE_ARN: `arn:aws:acm:${ACCOUNT}:certificate/01234567-89ab-cdef-0123-456789abcdef`,
    BASE_PATH: '/kargo/',
    SECRET_NAME_TEMPLATE: 'team/kargo/{namespace}/{name}',
    SECRETS_KEY_ARN: `arn:aws:kms:${ACCOUNT}:key/01234567-89ab-cdef-0123-456789abcdef`,
    SYSTEM_RESOURCES_NAMESPACE: 'kargo-system',
    ROTATION_GRACE_HOURS: '24',
    ALARM_TOPIC_ARN: `arn:aws:sns:${ACCOUNT}:on-call`,
    MEMORY_SIZE: '1024',
    LOG_RETENTION_DAYS: '30',
    TRACING: 'true',
    LOG_LEVEL: 'DEBUG',
  },
};

/** Several programs of some seconds each, on whatever else the machine does. */
const TIMEOUT_MS = 300_000;

const made = new Map<string, { cdk: Made; serverless: Made }>();

beforeAll(async () => {
  for (const [name, settings] of Object.entries(DEPLOYMENTS)) made.set(name, await makeBoth(settings));
}, TIMEOUT_MS);

describe.each(Object.keys(DEPLOYMENTS))('deployed with %s', (name) => {
  test('both tools make the same resources', () => {
    const { cdk, serverless } = madeWith(name);
    expect(differences(canonical(cdk.template), canonical(serverless.template))).toEqual([]);
  });

  test('both tools make the same bundle', () => {
    const { cdk, serverless } = madeWith(name);
    expect(cdk.bundle.length).toBeGreaterThan(100_000);
    expect(serverless.bundle === cdk.bundle).toBe(true);
  });

  test('cdk-nag finds nothing that is not acknowledged', () => {
    expect(madeWith(name).cdk.findings).toEqual([]);
  });

  test('no action is a wildcard', () => {
    const { cdk, serverless } = madeWith(name);
    const actions = [cdk, serverless].flatMap(({ template }) => roleActions(template));
    expect(actions).toContain('secretsmanager:GetSecretValue');
    expect(actions.filter((action) => action.includes('*'))).toEqual([]);
  });
});

describe('a change of one deployment alone is told', () => {
  const changes: [told: string, type: string, change: (properties: Record<string, unknown>) => void][] = [
    ['Timeout', 'AWS::Lambda::Function', (it) => (it['Timeout'] = 11)],
    ['Handler', 'AWS::Lambda::Function', (it) => (it['Handler'] = 'functions/other.handler')],
    ['Runtime', 'AWS::Lambda::Function', (it) => (it['Runtime'] = 'nodejs22.x')],
    ['Architectures', 'AWS::Lambda::Function', (it) => (it['Architectures'] = ['x86_64'])],
    ['MemorySize', 'AWS::Lambda::Function', (it) => (it['MemorySize'] = 128)],
    ['Environment', 'AWS::Lambda::Function', (it) => (it['Environment'] = { Variables: { ONE: 'more' } })],
    ['VpcConfig', 'AWS::Lambda::Function', (it) => (it['VpcConfig'] = { SubnetIds: ['subnet-1'] })],
    ['Policies', 'AWS::IAM::Role', (it) => (it['Policies'] = [])],
    ['RetentionInDays', 'AWS::Logs::LogGroup', (it) => (it['RetentionInDays'] = 1)],
    ['ScheduleExpression', 'AWS::Events::Rule', (it) => (it['ScheduleExpression'] = 'rate(5 minutes)')],
    ['PayloadFormatVersion', 'AWS::ApiGatewayV2::Integration', (it) => (it['PayloadFormatVersion'] = '1.0')],
    ['DefaultRouteSettings', 'AWS::ApiGatewayV2::Stage', (it) => (it['DefaultRouteSettings'] = {})],
    ['SourceArn', 'AWS::Lambda::Permission', (it) => (it['SourceArn'] = 'arn:aws:execute-api:*')],
    ['Threshold', 'AWS::CloudWatch::Alarm', (it) => (it['Threshold'] = 2)],
    ['DashboardBody', 'AWS::CloudWatch::Dashboard', (it) => (it['DashboardBody'] = '{"widgets":[]}')],
  ];

  test.each(changes)('%s of %s', (told, type, change) => {
    const { cdk, serverless } = madeWith('nothing set');
    for (const [one, other] of [
      [cdk, serverless],
      [serverless, cdk],
    ] as const) {
      const changed = structuredClone(one.template);
      const resource = Object.values(changed.Resources).find(({ Type }) => Type === type);
      change(resource?.Properties as Record<string, unknown>);
      const lines = differences(canonical(changed), canonical(other.template));
      expect(lines).not.toEqual([]);
      expect(lines.filter((line) => !line.includes(told))).toEqual([]);
    }
  });

  test('a resource too many', () => {
    const { cdk, serverless } = madeWith('nothing set');
    const Route: Resource = { Type: 'AWS::ApiGatewayV2::Route', Properties: { RouteKey: '$default' } };
    const changed = { ...serverless.template, Resources: { ...serverless.template.Resources, Route } };
    expect(differences(canonical(cdk.template), canonical(changed))).toEqual([
      'AWS::ApiGatewayV2::Route $default: undefined / {"RouteKey":"$default"}',
    ]);
  });
});

describe('what is deployed', () => {
  test.each([
    ['receiver', 10, 'functions/receiver.handler'],
    ['reconciler', 55, 'functions/reconciler.handler'],
  ])('the %s', (id, Timeout, Handler) => {
    const deployed = resourceOf('nothing set', `AWS::Lambda::Function kargo-front-door-dev-${id}`);
    expect(deployed).toMatchObject({
      Timeout,
      Handler,
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      MemorySize: 512,
      Environment: {
        Variables: {
          SECRET_NAME_TEMPLATE: 'kargo/{namespace}/{name}',
          SYSTEM_RESOURCES_NAMESPACE: 'kargo-system-resources',
          ROTATION_GRACE_HOURS: '168',
          KUBECONFIG_SECRET_ID: 'kargo-front-door/kubeconfig',
          LOG_LEVEL: 'INFO',
        },
      },
    });
  });

  test('a route per receiver: none is made, and the reconciler may make them', () => {
    const names = Object.keys(canonicalOf('nothing set'));
    expect(names.filter((name) => name.startsWith('AWS::ApiGatewayV2::Route'))).toEqual([]);
    expect(environmentOf('nothing set', 'reconciler')).toHaveProperty('ROUTES_API_ID');
    expect(environmentOf('nothing set', 'receiver')).not.toHaveProperty('ROUTES_API_ID');
    expect(statementIdsOf('nothing set', 'reconciler')).toContain('ListAndAddRoutes');
    expect(statementIdsOf('nothing set', 'receiver')).not.toContain('ListAndAddRoutes');
  });

  test('one route for all: the reconciler may make none', () => {
    const shared = 'one route, a kubeconfig, a VPC with its own security group';
    expect(Object.keys(canonicalOf(shared))).toContain('AWS::ApiGatewayV2::Route POST /bitbucket/{hash}');
    expect(environmentOf(shared, 'reconciler')).not.toHaveProperty('ROUTES_API_ID');
    expect(statementIdsOf(shared, 'reconciler')).toEqual(statementIdsOf(shared, 'receiver'));
  });

  test("the custom domain's address is the base URL, unless another is set", () => {
    expect(environmentOf('everything set', 'receiver')).toMatchObject({
      RECEIVER_BASE_URL: 'https://hooks.example.com/kargo',
      EKS_CLUSTER_NAME: 'apps',
    });
  });
});

function madeWith(name: string): { cdk: Made; serverless: Made } {
  const both = made.get(name);
  if (both === undefined) throw new Error(`nothing was made with ${name}`);
  return both;
}

function canonicalOf(name: string): Canonical {
  return canonical(madeWith(name).serverless.template);
}

function resourceOf(name: string, resource: string): Record<string, unknown> {
  return canonicalOf(name)[resource] as Record<string, unknown>;
}

function environmentOf(name: string, id: string): unknown {
  const { Environment } = resourceOf(name, `AWS::Lambda::Function kargo-front-door-dev-${id}`);
  return (Environment as { Variables: unknown }).Variables;
}

function statementIdsOf(name: string, id: string): string[] {
  const { Policies } = resourceOf(name, `AWS::IAM::Role What the ${id} of kargo-front-door-dev may do`);
  const [policy] = Policies as { PolicyDocument: { Statement: object } }[];
  return Object.keys(policy?.PolicyDocument.Statement ?? {});
}

function roleActions({ Resources }: Template): string[] {
  interface Role {
    readonly Policies: { readonly PolicyDocument: { readonly Statement: { Action: string | string[] }[] } }[];
  }
  return Object.values(Resources)
    .filter(({ Type }) => Type === 'AWS::IAM::Role')
    .flatMap(({ Properties }) => (Properties as unknown as Role).Policies)
    .flatMap(({ PolicyDocument }) => PolicyDocument.Statement.flatMap(({ Action }) => Action));
}
