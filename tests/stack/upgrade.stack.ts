import { rmSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Account } from './account.ts';
import {
  configure,
  packageWith,
  planTemplate,
  prepareFor,
  runTool,
  TOOLS,
  type Packaged,
} from './deployments.ts';
import type { StackTemplate } from '../../infra/removals.ts';
import { startEmulator, type Emulator } from './emulator.ts';

/** Every setting whose resources the emulator has: no access entries, and no rule of another security group. */
const LASTING = {
  STACK_NAME: 'kargo-front-door-lasting',
  AWS_REGION: 'us-east-1',
  AWS_ACCOUNT_ID: '000000000000',
  KUBECONFIG_SECRET_ID: 'ops/kubeconfig',
  ALARM_TOPIC_ARN: 'arn:aws:sns:us-east-1:000000000000:on-call',
  LOG_RETENTION_DAYS: '30',
  LOG_REMOVAL: 'destroy',
  MEMORY_SIZE: '1024',
  RECEIVER_CONCURRENCY: '5',
  RETRY_MAX_AGE_HOURS: '3',
  REDELIVERY_CONCURRENCY: '4',
  TRACING: 'true',
  PROJECTS: 'team-*,(cluster)',
  SECRET_NAME_TEMPLATE: 'team/kargo/{namespace}/{name}',
};

const REMOVABLE = {
  VPC_ID: 'vpc-00000001',
  SUBNET_IDS: 'subnet-00000001,subnet-00000002',
  DOMAIN_NAME: 'hooks.example.com',
  CERTIFICATE_ARN: 'arn:aws:acm:us-east-1:000000000000:certificate/01234567-89ab-cdef-0123-456789abcdef',
};

const DEPLOY = { cdk: ['deploy', '--require-approval', 'never'], serverless: ['deploy'] };

const NAMES =
  'kargo-front-door-lasting-receiver, kargo-front-door-lasting-reconciler, kargo-front-door-lasting-redelivery';
const SUBNETS = 'subnet-00000001, subnet-00000002';
const STACK = 'from the stack kargo-front-door-lasting';

let emulator: Emulator;
let account: Account;

beforeAll(async () => {
  emulator = await startEmulator({ auth: false });
  account = new Account(emulator.clientConfig);
});

afterAll(async () => {
  account?.close();
  await emulator?.stop();
});

describe.each(TOOLS)('deployed with %s from a file alone', (tool) => {
  let packaged: Packaged;
  const deploy = (exported: Record<string, string> = {}) =>
    runTool(packaged, DEPLOY[tool], emulator, exported);
  const refusalOf = (exported: Record<string, string> = {}): Promise<string> =>
    deploy(exported).then(
      () => 'deployed',
      ({ message }: Error) => message,
    );
  const deployed = async () => JSON.stringify(await account.templateOf('kargo-front-door-lasting'));

  beforeAll(async () => {
    packaged = await packageWith(tool, emulator.scratch, { ...LASTING, ...REMOVABLE });
    await prepareFor(packaged, { emulator, account });
    await deploy();
  });

  afterAll(() => runTool(packaged, tool === 'cdk' ? ['destroy', '--force'] : ['remove'], emulator));

  test('every setting has reached the account', async () => {
    const found = await account.configurationOf('kargo-front-door-lasting-receiver');
    expect(found).toMatchObject({
      MemorySize: 1024,
      Environment: {
        Variables: { RECEIVER_BASE_URL: 'https://hooks.example.com', PROJECTS: 'team-*,(cluster)' },
      },
    });
  });

  test('what another shell would deploy is what is deployed', async () => {
    // CDK has a command for this; it fails where there is a difference.
    if (tool === 'cdk') await runTool(packaged, ['diff', '--fail'], emulator);
    const planned = withoutCode(await planTemplate(packaged));
    expect(withoutCode(await account.templateOf('kargo-front-door-lasting'))).toEqual(planned);
    expect(await deployed()).toMatch(/"SubnetIds":\["subnet-00000001","subnet-00000002"\]/);
  });

  test('a file without VPC and domain is refused, and says what would go', async () => {
    configure(packaged, LASTING);
    const before = await deployed();
    const refusal = await refusalOf();
    expect(refusal).toContain('The deployment is refused:');
    expect(refusal).toContain(`- it removes the VPC of ${NAMES} (subnets ${SUBNETS}) ${STACK}`);
    expect(refusal).toContain(`- it removes the domain hooks.example.com ${STACK}`);
    expect(refusal).toContain(
      '- correct the settings in front-door.yaml, or confirm this once: CONFIRM_REMOVAL=vpc,domain',
    );
    expect(refusal).not.toMatch(/^ +at /m);
    expect(await deployed()).toBe(before);
  });

  test('what is not confirmed is still refused', async () => {
    const refusal = await refusalOf({ CONFIRM_REMOVAL: 'vpc' });
    expect(refusal).toContain('it removes the domain hooks.example.com');
    expect(refusal).not.toContain('it removes the VPC');
  });

  test('what is confirmed is removed', async () => {
    expect(await refusalOf({ CONFIRM_REMOVAL: 'vpc,domain' })).toBe('deployed');
    expect(await deployed()).not.toMatch(/SubnetIds|hooks\.example\.com/);
  });

  test('credentials of another account are refused', async () => {
    configure(packaged, { ...LASTING, AWS_ACCOUNT_ID: '111111111111' });
    expect(await refusalOf()).toContain(
      tool === 'cdk'
        ? 'The credentials in the environment are not those of account 111111111111.'
        : 'front-door.yaml is for the account 111111111111, and the credentials are of 000000000000',
    );
  });

  test('every malformed value is reported, without a stack trace', async () => {
    configure(packaged, { ...LASTING, MEMORY_SIZE: '64', VPC_ID: 'foo', SECRETS_KEY_ARN: 'alias/foo' });
    const refusal = await refusalOf();
    expect(refusal).toContain('- MEMORY_SIZE must be a whole number from 128 to 10240');
    expect(refusal).toContain('- VPC_ID must be the id of a VPC');
    expect(refusal).toContain('- SECRETS_KEY_ARN must be the ARN of a KMS key');
    expect(refusal).not.toMatch(/^ +at /m);
    configure(packaged, LASTING);
  });

  test('without the file, nothing is deployed', async () => {
    rmSync(path.join(packaged.folder, 'front-door.yaml'));
    expect(await refusalOf()).toContain(
      '- no cluster is chosen: copy one of examples/ to front-door.yaml and commit it',
    );
    configure(packaged, LASTING);
  });
});

/** Leaves out where the code was uploaded: the framework uploads it under a new name each time. */
function withoutCode({ Resources = {} }: StackTemplate): Record<string, unknown> {
  const resources = Object.entries(Resources).map(([id, { Type, Properties }]) => {
    const { Code: _code, ...properties } = Properties ?? {};
    return [id, { Type, ...properties }];
  });
  return Object.fromEntries(resources) as Record<string, unknown>;
}
