import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from '@jest/globals';
import { describeDeploymentError, readDeployment, readPlace } from '../../infra/deployment.ts';
import { DeploymentError } from '../../infra/deployment-settings.ts';

const folder = mkdtempSync(join(tmpdir(), 'kargo-front-door-config-'));
const path = join(folder, 'front-door.yaml');

beforeEach(() => rmSync(path, { force: true }));
afterAll(() => rmSync(folder, { recursive: true }));

const read = (environment: Record<string, string> = {}) =>
  readDeployment({ get: (name) => environment[name], folder });

function faultsOf(act: () => unknown): readonly string[] {
  try {
    act();
  } catch (error) {
    if (error instanceof DeploymentError) return error.faults;
    throw error;
  }
  return [];
}

const NO_CLUSTER =
  'set KUBECONFIG_SECRET_ID, or EKS_CLUSTER_NAME with EKS_CLUSTER_ENDPOINT and EKS_CLUSTER_CA';

test('a file says everything about a deployment', () => {
  writeFileSync(
    path,
    `# a comment
STACK_NAME: hooks
AWS_REGION: eu-central-1
AWS_ACCOUNT_ID: 012345678901
KUBECONFIG_SECRET_ID: 'ops/kubeconfig'
VPC_ID: vpc-0123456789abcdef0
SUBNET_IDS:
  - subnet-0123456789abcdef0
  - subnet-0123456789abcdef1
SECURITY_GROUP_IDS: sg-01234567, sg-01234568
MEMORY_SIZE: 1024
TRACING: true
PROJECTS: [team-*, (cluster)]
ALARM_TOPIC_ARN:
`,
  );
  const { settings, ...place } = read();
  expect(place).toEqual({
    stackName: 'hooks',
    environment: { region: 'eu-central-1', account: '012345678901' },
    origin: 'front-door.yaml',
  });
  expect(settings).toMatchObject({
    KUBECONFIG_SECRET_ID: 'ops/kubeconfig',
    VPC_ID: 'vpc-0123456789abcdef0',
    SUBNET_IDS: ['subnet-0123456789abcdef0', 'subnet-0123456789abcdef1'],
    SECURITY_GROUP_IDS: ['sg-01234567', 'sg-01234568'],
    MEMORY_SIZE: 1024,
    TRACING: 'true',
    PROJECTS: ['team-*', '(cluster)'],
    ALARM_TOPIC_ARN: undefined,
    LOG_RETENTION_DAYS: 90,
  });
});

test('a package registry needs no cluster', () => {
  const { settings } = read({ CARGOMAN_URL: 'https://packages.example.com' });
  expect(settings).toMatchObject({
    CARGOMAN_URL: 'https://packages.example.com',
    KUBECONFIG_SECRET_ID: undefined,
    EKS_CLUSTER_NAME: undefined,
  });
});

test('without a file, the environment says it, but not where AWS is called', () => {
  const environment = {
    KUBECONFIG_SECRET_ID: 'ops/kubeconfig',
    AWS_REGION: 'eu-central-1',
    STACK_NAME: 'hooks',
  };
  expect(read(environment)).toMatchObject({
    stackName: 'hooks',
    environment: {},
    origin: 'the environment',
    settings: { KUBECONFIG_SECRET_ID: 'ops/kubeconfig' },
  });
});

test('FRONT_DOOR_CONFIG names another file', () => {
  writeFileSync(join(folder, 'test.yaml'), 'KUBECONFIG_SECRET_ID: of-test\n');
  expect(read({ FRONT_DOOR_CONFIG: 'test.yaml' })).toMatchObject({
    origin: 'test.yaml',
    settings: { KUBECONFIG_SECRET_ID: 'of-test' },
  });
  expect(faultsOf(() => read({ FRONT_DOOR_CONFIG: 'prod.yaml' }))).toEqual([
    'FRONT_DOOR_CONFIG: there is no file prod.yaml',
  ]);
});

test.each([
  [
    'no file, and no cluster in the environment',
    undefined,
    { VPC_ID: 'vpc-01234567', SUBNET_IDS: 'subnet-01234567' },
    [`no cluster is chosen: copy one of examples/ to front-door.yaml and commit it, or ${NO_CLUSTER}`],
  ],
  ['an empty file', '', {}, [`front-door.yaml chooses no cluster: ${NO_CLUSTER}`]],
  [
    'settings that do not exist',
    'KUBECONFIG_SECRET_ID: a\nMEMORY: 512\nDRYRUN: true\n',
    {},
    [
      'MEMORY in front-door.yaml is not a setting: docs/settings.md lists them',
      'DRYRUN in front-door.yaml is not a setting: docs/settings.md lists them',
    ],
  ],
  [
    'settings that a shell has too, with other values',
    'KUBECONFIG_SECRET_ID: a\nROUTES: shared\n',
    { ROUTES: 'per-receiver', DRY_RUN: 'true', STACK_NAME: 'other', KUBECONFIG_SECRET_ID: 'a', TRACING: '' },
    [
      'ROUTES is set outside front-door.yaml too, to another value: write it there, or unset it here',
      'DRY_RUN is set outside front-door.yaml too, to another value: write it there, or unset it here',
      'STACK_NAME is set outside front-door.yaml too, to another value: write it there, or unset it here',
    ],
  ],
  [
    'values of every kind that cannot be',
    `STACK_NAME: hooks_1
AWS_REGION: Frankfurt
AWS_ACCOUNT_ID: 12345
MEMORY_SIZE: 64
CERTIFICATE_ARN: notanarn
VPC_ID: foo
SUBNET_IDS: [subnet-01234567, foo]
SECRETS_KEY_ARN: alias/foo
KUBECONFIG_SECRET_ID: a b
`,
    {},
    [
      'STACK_NAME must be at most 50 letters, digits and "-", a letter first',
      'AWS_REGION must be a region, such as eu-central-1',
      'AWS_ACCOUNT_ID must be the 12 digits of an account',
      'CERTIFICATE_ARN must be the ARN of a certificate in ACM',
      'KUBECONFIG_SECRET_ID must be the name or the ARN of a secret in Secrets Manager',
      'VPC_ID must be the id of a VPC, such as vpc-0123456789abcdef0',
      'SUBNET_IDS must be ids of subnets, such as subnet-0123456789abcdef0, separated by commas',
      'SECRETS_KEY_ARN must be the ARN of a KMS key',
      'MEMORY_SIZE must be a whole number from 128 to 10240',
      'DOMAIN_NAME, CERTIFICATE_ARN must be set together',
    ],
  ],
])('refuses %s, with every fault', (_what, text, environment, faults) => {
  if (text !== undefined) writeFileSync(path, text);
  expect(faultsOf(() => read(environment as Record<string, string>))).toEqual(faults);
});

describe('a file that is no mapping of settings', () => {
  test.each([
    ['- ROUTES\n', `${path} must be a mapping of settings to values, such as "ROUTES: shared"`],
    ['ROUTES: shared\nROUTES: shared\n', `${path}, line 2: Map keys must be unique`],
    [
      'ROUTES: shared\nPROJECTS: [a\n',
      `${path}, line 3: Flow sequence in block collection must be sufficiently indented and end with a ]`,
    ],
    ['PROJECTS:\n  - [a]\n', `${path}, line 1: PROJECTS must be text, a list or a mapping of texts`],
  ])('%j', (text, fault) => {
    writeFileSync(path, text);
    expect(faultsOf(read)).toContain(fault);
  });
});

describe('only where it goes', () => {
  test('is read without a cluster, so that a stack can be removed', () => {
    writeFileSync(path, 'STACK_NAME: hooks\n');
    expect(readPlace({ get: () => undefined, folder })).toEqual({
      stackName: 'hooks',
      environment: {},
      origin: 'front-door.yaml',
    });
  });

  test('is refused with all faults of the file', () => {
    writeFileSync(path, 'STACK_NAME: 1\nMEMORY_SIZE: 64\nKUBECONFIG_SECRET_ID: a\n');
    expect(faultsOf(() => readPlace({ get: () => undefined, folder }))).toEqual([
      'STACK_NAME must be at most 50 letters, digits and "-", a letter first',
      'MEMORY_SIZE must be a whole number from 128 to 10240',
    ]);
  });
});

test('a refusal has a line for each fault', () => {
  expect(describeDeploymentError(new DeploymentError(['A is missing', 'B must be set']))).toBe(
    'The deployment is refused:\n- A is missing\n- B must be set',
  );
});
