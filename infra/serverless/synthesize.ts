import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, aws_lambda as lambda, aws_s3 as s3, CfnResource, Fn, Stack } from 'aws-cdk-lib';
import { FUNCTION_NAMES } from '../../lib/functions.ts';
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
    const code = FUNCTION_NAMES.map((name) => {
      const { Properties } = made.Resources[aws.naming.getLambdaLogicalId(name)] ?? {};
      const uploaded = Properties?.['Code'] as { readonly S3Key: string };
      return [name, lambda.Code.fromBucket(uploads, uploaded.S3Key)];
    });
    const stackName = aws.naming.getStackName();
    const stack = new FrontDoorStack(app, stackName, settings, Object.fromEntries(code), environment);
    for (const [id, { Type: type, Properties: properties = {} }] of bucketOf(made.Resources))
      new CfnResource(stack, id, { type, properties });
    for (const [name, deployed] of stack.frontDoor.functions) {
      const { defaultChild } = deployed.node;
      (defaultChild as lambda.CfnFunction).overrideLogicalId(aws.naming.getLambdaLogicalId(name));
    }
    const { Resources, Outputs } = app.synth().getStackByName(stackName).template as Template;
    // The template's other parts check the bucket of CDK's own uploads, which is not used.
    const outputs = { ...Object.fromEntries(bucketOf(made.Outputs)), ...Outputs };
    service.provider.compiledCloudFormationTemplate = { ...made, Resources, Outputs: outputs };
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}

function bucketOf<Member>(members: Readonly<Record<string, Member>>): [id: string, member: Member][] {
  return Object.entries(members).filter(([id]) => id.startsWith(BUCKET));
}
