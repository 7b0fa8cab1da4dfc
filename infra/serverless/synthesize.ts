import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { App, aws_lambda as lambda, aws_s3 as s3, CfnResource, Fn, Stack } from 'aws-cdk-lib';
import { FUNCTION_NAMES, type FunctionName } from '../../lib/functions.ts';
import { readDeployment } from '../deployment.ts';
import { FrontDoorStack } from '../front-door-stack.ts';
import type { Framework } from './plugin.ts';

interface Template {
  readonly Resources: Readonly<Record<string, Resource>>;
  readonly Outputs: Readonly<Record<string, unknown>>;
}

interface Resource {
  readonly Type: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
}

/** The framework's bucket for its uploads, in all its templates; its policy and output begin with the same. */
const BUCKET = 'ServerlessDeploymentBucket';

/**
 * Replaces the template that the framework has made by that of the CDK stack, with the code where the framework uploads it, the
 * framework's bucket, and its logical ids for the functions.
 *
 * @throws {DeploymentError} that names every fault of the settings
 */
export function replaceTemplateOf(framework: Framework): void {
  const { service } = framework;
  const aws = framework.getProvider('aws');
  const made = service.provider.compiledCloudFormationTemplate as Template;
  const { settings, environment } = readDeployment({
    get: (name) => process.env[name],
    folder: framework.serviceDir,
  });
  const outdir = mkdtempSync(join(tmpdir(), 'kargo-front-door-'));
  try {
    const app = new App({ outdir, analyticsReporting: false });
    // The bucket is the framework's own: an app that is never synthesized refers to it.
    const uploads = s3.Bucket.fromBucketName(new Stack(new App({ outdir })), 'Uploads', Fn.ref(BUCKET));
    // The key of an upload holds its time. A version of a function is named for its code, or else the same code would be a new version,
    // which Lambda refuses to publish.
    const code = FUNCTION_NAMES.map((name) => [
      name,
      lambda.Code.fromBucket(uploads, digestOf(resolve(framework.serviceDir, artifactOf(framework, name)))),
    ]);
    const stackName = aws.naming.getStackName();
    const stack = new FrontDoorStack(app, stackName, settings, Object.fromEntries(code), environment);
    for (const [id, { Type: type, Properties: properties = {} }] of bucketOf(made.Resources))
      new CfnResource(stack, id, { type, properties });
    for (const [name, deployed] of stack.frontDoor.functions) {
      const { defaultChild } = deployed.node;
      (defaultChild as lambda.CfnFunction).overrideLogicalId(aws.naming.getLambdaLogicalId(name));
    }
    const { Resources, Outputs } = app.synth().getStackByName(stackName).template as Template;
    for (const name of stack.frontDoor.functions.keys()) {
      const id = aws.naming.getLambdaLogicalId(name);
      codeIn(Resources, id).S3Key = codeIn(made.Resources, id).S3Key;
    }
    // The template's other parts check the bucket of CDK's own uploads, which is not used.
    const outputs = { ...Object.fromEntries(bucketOf(made.Outputs)), ...Outputs };
    service.provider.compiledCloudFormationTemplate = { ...made, Resources, Outputs: outputs };
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}

/** Where the code of a function is. */
interface Uploaded {
  S3Key: string;
}

function codeIn(resources: Template['Resources'], logicalId: string): Uploaded {
  return resources[logicalId]?.Properties?.['Code'] as Uploaded;
}

/** @throws {Error} where the framework has not packaged the function */
function artifactOf({ service }: Framework, name: FunctionName): string {
  const artifact = service.functions[name]?.package?.artifact;
  if (artifact === undefined) throw new Error(`The framework has no package of ${name}.`);
  return artifact;
}

function digestOf(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

function bucketOf<Member>(members: Readonly<Record<string, Member>>): [id: string, member: Member][] {
  return Object.entries(members).filter(([id]) => id.startsWith(BUCKET));
}
