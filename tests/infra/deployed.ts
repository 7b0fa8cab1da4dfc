import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, aws_lambda as lambda, aws_s3 as s3, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { readDeploymentSettings } from '../../infra/deployment-settings.ts';
import { FrontDoorStack } from '../../infra/front-door-stack.ts';
import type { FunctionName } from '../../lib/functions.ts';
import { propertiesOf } from './template-reading.ts';

const scratch = mkdtempSync(join(tmpdir(), 'kargo-front-door-synth-'));

/** Code of each function that is uploaded elsewhere. */
export const code = uploadedCode();

interface Role {
  readonly Policies: readonly {
    readonly PolicyDocument: { readonly Statement: { readonly Sid: string }[] };
  }[];
}

/**
 * Makes an app that does not validate its templates: CDK loads an engine for it, which takes a second in each test file. `test:infra`
 * expects that the validation finds nothing.
 */
export function testApp(): App {
  return new App({ outdir: scratch, builtinCloudFormationValidation: false });
}

/** Synthesizes the stack that both tools deploy, with these settings, and with code that is uploaded elsewhere. */
export function deployedWith(settings: Record<string, string>): Template {
  const read = readDeploymentSettings({ get: (name) => settings[name] });
  return Template.fromStack(new FrontDoorStack(testApp(), 'kargo', read, code));
}

/** Removes what the syntheses of this file wrote. */
export function removeScratch(): void {
  rmSync(scratch, { recursive: true, force: true });
}

/** Returns the statements of each role, by their `Sid`. */
export function statementIdsOf(template: Template): (string[] | undefined)[] {
  return (propertiesOf(template, 'AWS::IAM::Role') as Role[]).map(({ Policies }) =>
    Policies[0]?.PolicyDocument.Statement.map(({ Sid }) => Sid),
  );
}

function uploadedCode(): Record<FunctionName, lambda.Code> {
  const bucket = s3.Bucket.fromBucketName(new Stack(testApp()), 'Bucket', 'uploads');
  const uploaded = lambda.Code.fromBucket(bucket, 'code.zip');
  return { receiver: uploaded, reconciler: uploaded, registrar: uploaded, redelivery: uploaded };
}
