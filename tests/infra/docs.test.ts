import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { alarms } from '../../infra/alarms.ts';
import { deploymentSettings } from '../../infra/deployment-settings.ts';
import { functionEnvironment } from '../../infra/function-environment.ts';
import { permissions, type PermissionFacts } from '../../infra/permissions.ts';

const read = (name: string): string =>
  readFileSync(join(import.meta.dirname, '..', '..', 'docs', name), 'utf8');
const EKS = { kind: 'eks', name: 'apps', endpoint: 'https://eks.example.com', ca: 'Q0E=' } as const;
const KUBECONFIG = { kind: 'kubeconfig-secret', secretId: 'kubeconfig' } as const;

test('every statement of a role has its line, and there is none for a statement that is gone', () => {
  const facts: PermissionFacts<string> = {
    name: 'kargo',
    routes: 'per-receiver',
    secretNameTemplate: 'kargo/{namespace}/{name}',
    cluster: KUBECONFIG,
    secretsKeyArn: 'arn:aws:kms:eu-central-1:123456789012:key/1',
    inVpc: true,
    tracing: true,
  };
  const made = (['receiver', 'reconciler'] as const).flatMap((id) => permissions(id, facts, (text) => text));
  const told = [...read('security.md').matchAll(/^\| `([A-Z]\w+)` /gm)].map(([, sid]) => sid);
  expect(new Set(made.map(({ Sid }) => Sid))).toEqual(new Set(told));
});

test.each(alarms('kargo', 'api').map(({ id }) => id))('the alarm %s is explained', (id) => {
  expect(read('operations.md')).toContain(`| \`${id}\` `);
});

test('every setting is explained', () => {
  const facts = {
    secretNameTemplate: 'kargo/{namespace}/{name}',
    systemResourcesNamespace: 'kargo-system-resources',
    rotationGraceHours: '168',
    logLevel: 'INFO',
  };
  const references = { receiverBaseUrl: 'https://hooks.example.com', routesApiId: 'api' };
  const ofFunctions = [EKS, KUBECONFIG].flatMap((cluster) =>
    Object.keys(functionEnvironment('reconciler', { ...facts, cluster }, references)),
  );
  const names = [...deploymentSettings, ...ofFunctions].filter((name) => name !== 'NODE_OPTIONS');
  const text = read('settings.md');
  expect(names.filter((name) => !text.includes(`\`${name}\``))).toEqual([]);
});
