import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { App, aws_ec2 as ec2, Stack } from 'aws-cdk-lib';
import { alarmsOf } from '../../infra/constructs/alarms.ts';
import { environmentOf } from '../../infra/constructs/function.ts';
import { addNetwork } from '../../infra/constructs/network.ts';
import { alarmsOfRetries } from '../../infra/constructs/retry-alarms.ts';
import { RetryQueue } from '../../infra/constructs/retry-queue.ts';
import { permissionsOf } from '../../infra/constructs/permissions.ts';
import {
  deploymentSettings,
  readDeploymentSettings,
  type DeploymentSetting,
} from '../../infra/deployment-settings.ts';
import { FUNCTION_NAMES } from '../../lib/functions.ts';

const read = (name: string): string =>
  readFileSync(join(import.meta.dirname, '..', '..', 'docs', name), 'utf8');
const SET: Partial<Record<DeploymentSetting, string>> = {
  BITBUCKET_CREDENTIALS_SECRET_ID: 'kargo-front-door/bitbucket',
  TRACING: 'true',
  KUBECONFIG_SECRET_ID: 'ops/kubeconfig',
  CARGOMAN_URL: 'https://packages.example.com',
  CARGOMAN_TOKEN_SECRET_ID: 'ops/registry-token',
  BITBUCKET_WEBHOOK_SECRET_ID: 'ops/registry-webhook',
  SECRETS_KEY_ARN: 'arn:aws:kms:eu-central-1:123456789012:key/1',
  QUEUE_KEY_ARN: 'arn:aws:kms:eu-central-1:123456789012:key/2',
};
const scratch = new Stack(new App(), 'Scratch');
const settings = readDeploymentSettings({ get: (name) => SET[name] });
const retries = new RetryQueue(scratch, 'kargo', settings);
const context = {
  deploymentName: 'kargo',
  settings,
  retries,
  receiverBaseUrl: 'https://hooks.example.com',
  apiId: 'api',
  receiversSecretArn: 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:kargo/receivers-abcdef',
  network: addNetwork(scratch, 'kargo', { vpc: new ec2.Vpc(scratch, 'Vpc') as ec2.IVpc }).network,
};

test('every statement of a role has its line, and there is none for a statement that is gone', () => {
  const made = FUNCTION_NAMES.flatMap((name) => permissionsOf(name, 'kargo-receiver', context));
  const documented = [...read('security.md').matchAll(/^\| `([A-Z]\w+)` /gm)].map(([, sid]) => sid);
  expect(new Set(made.map(({ statement }) => statement.sid))).toEqual(new Set(documented));
});

const alarms = { ...alarmsOf(context), ...alarmsOfRetries(context, retries) };

test.each(Object.keys(alarms))('the alarm %s is explained', (id) => {
  expect(read('operations.md')).toContain(`| \`${id}\` `);
});

test('every setting is explained', () => {
  const ofFunctions = Object.keys(environmentOf('reconciler', context));
  const names = [...deploymentSettings, ...ofFunctions];
  const text = read('settings.md');
  expect(names.filter((name) => !text.includes(`\`${name}\``))).toEqual([]);
});
