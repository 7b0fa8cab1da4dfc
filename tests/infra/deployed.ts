import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, aws_lambda as lambda, aws_s3 as s3, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { readDeploymentSettings } from '../../infra/deployment-settings.ts';
import { FrontDoorStack } from '../../infra/front-door-stack.ts';
import { propertiesOf } from './template-reading.ts';

const scratch = mkdtempSync(join(tmpdir(), 'kargo-front-door-synth-'));
const bucket = s3.Bucket.fromBucketName(new Stack(new App({ outdir: scratch })), 'Bucket', 'uploads');
const uploaded = lambda.Code.fromBucket(bucket, 'code.zip');
const code = { receiver: uploaded, reconciler: uploaded, registrar: uploaded, redelivery: uploaded };

interface Role {
  readonly Policies: readonly {
    readonly PolicyDocument: { readonly Statement: { readonly Sid: string }[] };
  }[];
}

/** Synthesizes the stack that both tools deploy, with these settings, and with code that is uploaded elsewhere. */
export function deployedWith(settings: Record<string, string>): Template {
  const read = readDeploymentSettings({ get: (name) => settings[name] });
  return Template.fromStack(new FrontDoorStack(new App({ outdir: scratch }), 'kargo', read, code));
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
