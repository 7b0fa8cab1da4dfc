import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { FUNCTION_NAMES } from '../../lib/functions.ts';
import { packageWith, readTemplate, TOOLS, type Packaged, type Tool } from '../stack/deployments.ts';
import { clusterCa } from './cluster-ca.ts';
import { readZip } from './zip.ts';

const VPC = {
  VPC_ID: 'vpc-0123456789abcdef0',
  SUBNET_IDS: 'subnet-0123456789abcdef0,subnet-0123456789abcdef1',
};
const ACCOUNT = 'eu-central-1:123456789012';
const KEY_ARN = `arn:aws:kms:${ACCOUNT}:key/01234567-89ab-cdef-0123-456789abcdef`;

const DEPLOYMENTS: Record<string, Record<string, string>> = {
  'a kubeconfig and nothing else': { KUBECONFIG_SECRET_ID: 'kargo-front-door/kubeconfig' },
  'one route, a kubeconfig, a VPC with its own security group': {
    ...VPC,
    ROUTES: 'shared',
    RECEIVER_BASE_URL: 'https://hooks.example.com/kargo',
    KUBECONFIG_SECRET_ID: `arn:aws:secretsmanager:${ACCOUNT}:secret:ops/kubeconfig-AbCdEf`,
    SECURITY_GROUP_IDS: 'sg-0123456789abcdef0',
  },
  'a package registry alone': {
    CARGOMAN_URL: 'https://packages.example.com',
    CARGOMAN_TOKEN_SECRET_ID: 'ops/registry-token',
  },
  'everything set': {
    ...VPC,
    CARGOMAN_URL: 'https://packages.example.com',
    CARGOMAN_TOKEN_SECRET_ID: 'ops/registry-token',
    BITBUCKET_WEBHOOK_SECRET_ID: `arn:aws:secretsmanager:${ACCOUNT}:secret:ops/registry-webhook-AbCdEf`,
    BITBUCKET_URL: 'https://git.example.com',
    CLUSTER_SECURITY_GROUP_ID: 'sg-0123456789abcdef1',
    VPC_ENDPOINTS: 'true',
    CANARY: '10percent5minutes',
    LIMIT_EGRESS: 'true',
    EGRESS_CIDRS: '10.20.0.0/16,104.192.136.0/21',
    EKS_CLUSTER_NAME: 'apps',
    EKS_CLUSTER_ENDPOINT: 'https://0123456789ABCDEF.gr7.eu-central-1.eks.amazonaws.com',
    EKS_CLUSTER_CA: clusterCa,
    DOMAIN_NAME: 'hooks.example.com',
    CERTIFICATE_ARN: `arn:aws:acm:${ACCOUNT}:certificate/01234567-89ab-cdef-0123-456789abcdef`,
    BASE_PATH: '/kargo/',
    SECRET_NAME_TEMPLATE: 'team/kargo/{namespace}/{name}',
    SECRETS_KEY_ARN: KEY_ARN,
    SYSTEM_RESOURCES_NAMESPACE: 'kargo-system',
    ROTATION_GRACE_HOURS: '24',
    MAX_RECEIVERS_PER_PROJECT: '5',
    PROJECTS: 'team-*,(cluster)',
    DRY_RUN: 'true',
    RECEIVER_CONCURRENCY: '5',
    RECONCILER_CONCURRENCY: '0',
    BITBUCKET_CREDENTIALS_SECRET_ID: 'kargo-front-door/bitbucket',
    BITBUCKET_CLOUD_API_URL: 'https://bitbucket.example.com',
    REGISTRAR_CONCURRENCY: '0',
    CHANGED_FILES: 'true',
    LOG_REMOVAL: 'destroy',
    LOGS_KEY_ARN: KEY_ARN,
    ALARM_TOPIC_ARN: `arn:aws:sns:${ACCOUNT}:on-call`,
    MEMORY_SIZE: '1024',
    LOG_RETENTION_DAYS: '30',
    TAGS: 'team=platform',
    PERMISSIONS_BOUNDARY_ARN: 'arn:aws:iam::123456789012:policy/boundary',
    TRACING: 'true',
    LOG_LEVEL: 'DEBUG',
  },
};

/** Several programs of some seconds each, on whatever else the machine does. */
const TIMEOUT_MS = 300_000;

interface Template {
  readonly Resources: Readonly<
    Record<string, { Type: string; Properties?: Record<string, unknown>; Metadata?: unknown }>
  >;
  readonly Outputs: Readonly<Record<string, unknown>>;
}

describe.each(Object.entries(DEPLOYMENTS))('deployed with %s', (_name, settings) => {
  let scratch: string;
  let made: Record<Tool, Packaged>;

  beforeAll(async () => {
    scratch = mkdtempSync(join(tmpdir(), 'kargo-front-door-parity-'));
    // The name that the other tool makes of its service and stage.
    const [cdk, serverless] = await Promise.all(
      TOOLS.map((tool) => packageWith(tool, scratch, { ...settings, STACK_NAME: 'kargo-front-door-dev' })),
    );
    made = { cdk, serverless } as Record<Tool, Packaged>;
  }, TIMEOUT_MS);

  afterAll(() => rmSync(scratch, { recursive: true, force: true }));

  test('both tools make the same template', () => {
    const { cdk, serverless } = made;
    expect(withoutTool(templateOf(serverless))).toEqual(withoutTool(templateOf(cdk)));
  });

  test.each(FUNCTION_NAMES)('both tools make the same package of %s', (name) => {
    const zip = readZip(readFileSync(join(made.serverless.folder, `package/${name}.zip`)));
    const folder = readFolder(join(made.cdk.folder, 'dist/lambda', name));
    expect(contentsOf(zip)).toEqual(contentsOf(folder));
  });

  test('cdk-nag finds nothing that is not acknowledged', () => {
    const report = readJson(join(made.cdk.folder, 'cdk.out/validation-report.json')) as {
      pluginReports: { violations: { ruleName: string }[] }[];
    };
    expect(report.pluginReports.flatMap(({ violations }) => violations)).toEqual([]);
  });

  test('no action is a wildcard', () => {
    const text = JSON.stringify(templateOf(made.cdk));
    const actions = [...text.matchAll(/"Action":(\[[^\]]*\]|"[^"]*")/g)].map(([, found]) => found);
    expect(actions.join()).toContain('secretsmanager:GetSecretValue');
    expect(actions.filter((action) => action?.includes('*'))).toEqual([]);
  });
});

function templateOf(packaged: Packaged): Template {
  return readTemplate(packaged) as Template;
}

/** Removes what each tool adds for its own upload, its names of the functions, and the hash of the code in those of versions. */
function withoutTool({ Resources, Outputs }: Template): unknown {
  const names = Object.entries(Resources)
    .filter(([, { Type }]) => Type === 'AWS::Lambda::Function')
    .map(([logicalId, { Properties }]) => [logicalId, String(Properties?.['FunctionName'])] as const);
  const kept = Object.entries(Resources)
    .filter(([, { Type }]) => !/^AWS::(?:S3|CDK)::/.test(Type))
    .map(([logicalId, { Properties: { Code: _code, ...Properties } = {}, Metadata: _asset, ...rest }]) => [
      logicalId,
      { ...rest, Properties },
    ]);
  const outputs = Object.entries(Outputs).filter(([name]) => !name.startsWith('Serverless'));
  let text = JSON.stringify([Object.fromEntries(kept), Object.fromEntries(outputs)]);
  for (const [logicalId, name] of names) text = text.replaceAll(logicalId, name);
  return JSON.parse(text.replaceAll(/(CurrentVersion[0-9A-F]{8})[0-9a-f]{32}/g, '$1'));
}

function readFolder(folder: string): Map<string, Buffer> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((file) => file.isFile());
  return new Map(
    files.map(({ parentPath, name }) => {
      const path = join(parentPath, name);
      return [relative(folder, path), readFileSync(path)];
    }),
  );
}

/**
 * Lists the paths and contents of a package; of source maps the paths only. They name the sources from the folder of the bundle, which
 * is another one, and the hashes in names of chunks depend on them.
 */
function contentsOf(files: ReadonlyMap<string, Buffer>): string[] {
  const withoutHash = (text: string): string => text.replaceAll(/-[0-9A-Z]{8}\.mjs/g, '.mjs');
  return [...files]
    .map(([path, content]) => withoutHash(path.endsWith('.map') ? path : `${path}\n${content.toString()}`))
    .toSorted();
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(path, 'utf8'));
}
