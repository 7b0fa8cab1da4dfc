import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, jest, test } from '@jest/globals';
import type { Framework } from '../../infra/serverless/plugin.ts';
import { replaceTemplateOf } from '../../infra/serverless/synthesize.ts';
import type { StackTemplate } from '../../infra/removals.ts';
import { FUNCTION_NAMES } from '../../lib/functions.ts';

// Each synthesis is a second's work, and several on a busy machine.
jest.setTimeout(30_000);

const folder = mkdtempSync(join(tmpdir(), 'kargo-front-door-serverless-'));
writeFileSync(
  join(folder, 'front-door.yaml'),
  'KUBECONFIG_SECRET_ID: ops/kubeconfig\nCANARY: 10percent5minutes\n',
);

afterAll(() => rmSync(folder, { recursive: true }));

const logicalIdOf = (name: string): string => `${name}Lambda`;

/** Returns the framework as it is when it has packaged functions of this code, to be uploaded at this time. */
function packaged(code: string, time: string): Framework {
  writeFileSync(join(folder, 'code.zip'), code);
  const uploaded = FUNCTION_NAMES.map((name) => [
    logicalIdOf(name),
    { Type: 'AWS::Lambda::Function', Properties: { Code: { S3Key: `${time}/${name}.zip` } } },
  ]);
  return {
    serviceDir: folder,
    service: {
      functions: Object.fromEntries(
        FUNCTION_NAMES.map((name) => [name, { package: { artifact: 'code.zip' } }]),
      ),
      provider: {
        compiledCloudFormationTemplate: {
          Resources: {
            ServerlessDeploymentBucket: { Type: 'AWS::S3::Bucket' },
            ...Object.fromEntries(uploaded),
          },
          Outputs: {},
        },
      },
    },
    getProvider: () => ({ naming: { getLambdaLogicalId: logicalIdOf, getStackName: () => 'kargo' } }),
  } as unknown as Framework;
}

function synthesized(code: string, time: string): NonNullable<StackTemplate['Resources']> {
  const framework = packaged(code, time);
  replaceTemplateOf(framework);
  return framework.service.provider.compiledCloudFormationTemplate.Resources ?? {};
}

const versionsIn = (code: string, time: string): string[] =>
  Object.entries(synthesized(code, time)).flatMap(([id, { Type }]) =>
    Type === 'AWS::Lambda::Version' ? id : [],
  );

test('each function has the code that the framework uploads', () => {
  const resources = synthesized('code', '2026');
  for (const name of ['receiver', 'reconciler', 'redelivery'])
    expect(resources[logicalIdOf(name)]?.Properties).toMatchObject({
      Code: { S3Bucket: { Ref: 'ServerlessDeploymentBucket' }, S3Key: `2026/${name}.zip` },
    });
});

test('the same code is the same version whenever it is packaged, and other code another one', () => {
  const [version] = versionsIn('code', '2026');
  expect(version).toMatch(/^FrontDoorReceiverFunctionCurrentVersion/);
  expect(versionsIn('code', '2027')).toEqual([version]);
  expect(versionsIn('other code', '2026')).not.toEqual([version]);
});
